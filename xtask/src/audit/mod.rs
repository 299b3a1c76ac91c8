// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask audit`: reads linked programs, and proves of each routine, each entry of the exception table
//! and each call what the tests can only try.
//!
//! A test runs a routine with some addresses and sizes. The audit does not run it: it follows every path through its
//! machine code, with what is known of each register, and asks its questions at each instruction. What it finds holds
//! for all addresses and sizes.
//!
//! # One proof, step by step
//!
//! `__axptr_fill_user` of `asm/x86_64/fill.S`, in the test kernel. This is the path that stores one byte:
//!
//! ```text
//! +17  cmp   byte ptr [CPU],0      has anybody asked CPUID?
//! +1e  jne   +25
//! +20  call  __axptr_ask_cpu
//! +25  xor   r8d,r8d
//! +28  test  byte ptr [CPU],2      has the CPU SMAP?
//! +2f  je    +43
//! +31  pushfq
//! +32  pop   r11
//! +34  test  r11d,40000h           is the window open already?
//! +3b  jne   +43
//! +3d  stac
//! +40  inc   r8d
//! +43  ...                         how many bytes? one:
//! +5a  mov   [rdi],al              entry: WRITE, landing at +f1
//! +5c  jmp   +7f
//! +7f  xor   eax,eax
//! +81  test  r8d,r8d               has this call opened the window?
//! +84  je    +89
//! +86  clac
//! +89  ret
//!
//! +f1  mov   rax,rcx               the landing: rcx bytes are left
//! +f4  jmp   +81
//! ```
//!
//! 1. **What is read** ([`linked`]). The symbol says where the function lies, the section `axptr_ex_table` that the store at
//!    +5a has an entry, with its landing and its flags. The function's name says what its arguments are: `rdi` is an
//!    address of user memory to write to, `rsi` and `rdx` are numbers.
//! 2. **What an instruction does** ([`decode`]). `mov [rdi],al` becomes "store one byte to the address in register 7",
//!    `stac` becomes "open the window", `jne` becomes "go to +25 unless the flags are those of 0". From here on
//!    nothing depends on the machine.
//! 3. **Where a path starts** ([`follow::state`]). A CPU with SMAP or without, the CPU asked or not, the window open
//!    or closed: that makes eight surroundings, and the function is followed once in each. At the start `rdi` is "what `rdi`
//!    held on entry", and `rsi` and `rdx` are "some number".
//! 4. **How a path is followed** ([`follow`]). Take a CPU with SMAP that has been asked, and a closed window. The byte at
//!    `CPU` is known then, so `jne` at +1e is taken and `je` at +2f is not. `pushfq` stores a word whose bit 18 is 0,
//!    `pop` loads it, so `jne` at +3b is not taken. `stac` opens the window, and `r8d` is 1. On a CPU without SMAP `je` at
//!    +2f is taken: `stac`, which is undefined there, is never reached. The number of bytes is not known: each
//!    branch on it is followed both ways. Where paths meet, only what holds on each of them is kept. Paths that differ
//!    in the window are not joined, so `r8d` is still known at the end.
//! 5. **What is asked at the access** ([`proofs::routine`]). The address at +5a is what `rdi` held on entry, so
//!    this is an access to user memory, and a store to the destination is right. The CPU has SMAP, and the window is
//!    open: right, too. That the instruction stores to user memory is written down.
//! 6. **What a fault does.** From an instruction with an entry the path also goes on at its landing, with the registers as
//!    they were and some number for a cause in `rdx`. So the way +f1, +81, +86, +89 is followed as well.
//! 7. **What is asked at the end.** At `ret` the window is as it was at the start, the stack pointer, too, and so
//!    is each register that the caller relies on.
//! 8. **What is compared** (`proofs::coverage`, [`proofs::table`]). What was written down in all surroundings says which
//!    entries there must be: one at +5a with the flag WRITE. The table has that one. Its landing is an instruction
//!    of the same function.
//!
//! # How a defect shows
//!
//! Without `clac`, the path that opened the window comes to +89 with the window open. The audit prints the place and what
//! is wrong there, and the claim that does not hold is a test that fails:
//!
//! ```text
//!   __axptr_fill_user+0x89: leaves the window open
//! x86_64 kernel: the window is open where it must be, and left as it was ... FAILED: 1 places, first ..
//! ```
//!
//! Without the entry it would be `__axptr_fill_user+0x5a: accesses user memory without an entry`. That the audit does
//! see such defects is tested on each program ([`seeded`]): it puts them into a copy in memory, this `clac` among them, and
//! the proof has to name the place.
//!
//! # The other proofs
//!
//! - [`proofs::mask`]: whoever in the crate calls a routine has taken the user address out of the mask, and the mask's limit from
//!   the variable of the user limit.
//! - [`proofs::inline`]: the same, and the window, for accesses that the compiler has put where they are used.
//! - [`bounded`]: what a routine answers at a fault is what it has done. Its routines are executed, from the image's bytes,
//!   with known values: numbers are what the walks above know nothing of.
//! - [`proofs::given`]: a routine, and what it asks about the CPU, goes by registers that it was given or has set, and by
//!   whole variables.
//! - [`proofs::edge`]: a landing that does bytes up to the edge of a page does no more than are left.
//!
//! What the audit does not prove it takes at its word: the names in [`linked::names`] and [`linked::assembly`], and that a
//! function that the compiler has made leaves registers as the platform says.
//!
//! # The files, from below
//!
//! Each folder names only those that stand in front of it here: [`decode`], [`linked`], [`follow`], [`learn`] (what
//! must be known of a program's functions beforehand), [`proofs`], [`bounded`], [`seeded`]. `programs` builds what there is to audit, and
//! `command` runs it all.

mod ax_cpu;
mod bounded;
mod command;
pub mod decode;
mod follow;
mod learn;
pub mod linked;
mod programs;
mod proofs;
mod seeded;

pub use self::command::{claims_of_kernel, claims_of_processes, counts_of_processes, run, tables_of_ax_cpu};
