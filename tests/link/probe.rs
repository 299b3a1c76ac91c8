// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program with entries of its own in `asm!` and `global_asm!`. It says what became of the table, then faults once
//! at each of its entries and in each of axptr's operations. `tests/link.rs` links it in many ways.

use std::arch::{asm, global_asm};

use axptr::{
    extable::{self, Entry, Table},
    nofault,
};

/// No page of a Linux process is mapped there, and none below it.
const BAD: usize = 0x18;

/// Expands to a load that says whether it faulted. `$entry` emits the table entry for labels 2 and 3.
macro_rules! load {
    ($addr:expr, $tag:expr, $entry:expr) => {{
        let mut faulted = 1_usize;
        // SAFETY: loads from a word of the caller's or from a bad address; that goes on at the landing.
        unsafe {
            asm!(
                "2: mov {value}, qword ptr [{addr}]",
                "xor {faulted:e}, {faulted:e}",
                "3: nop dword ptr [rax + {tag}]",
                $entry,
                addr = in(reg) $addr,
                value = out(reg) _,
                faulted = inout(reg) faulted,
                tag = const $tag,
                out("rdx") _,
                options(nostack),
            );
        }
        faulted != 0
    }};
    ($addr:expr, $tag:expr) => {
        load!($addr, $tag, axptr::ex_entry!("2b", "3b", read))
    };
}

#[inline(never)]
fn zeta(addr: usize) -> bool {
    load!(addr, 1)
}

#[inline(never)]
fn alpha(addr: usize) -> bool {
    load!(addr, 2)
}

#[inline(never)]
fn middle(addr: usize) -> bool {
    load!(addr, 3) | load!(addr, 4)
}

#[inline(never)]
fn generic<T>(addr: usize) -> bool {
    load!(addr, 16 + size_of::<T>() as i32)
}

#[inline(always)]
fn inlined(addr: usize) -> bool {
    load!(addr, 5)
}

fn inlined_twice(addr: usize) -> bool {
    inlined(addr) & inlined(addr)
}

/// One of two that are alike to the byte: a linker may make them one.
#[inline(never)]
fn twin(addr: usize) -> bool {
    load!(addr, 9)
}

#[inline(never)]
fn its_twin(addr: usize) -> bool {
    load!(addr, 9)
}

/// Two more that are alike, without an entry: what a linker that folds does make one.
#[inline(never)]
fn other(addr: usize) -> usize {
    std::hint::black_box(addr) ^ 5
}

#[inline(never)]
fn like_the_other(addr: usize) -> usize {
    std::hint::black_box(addr) ^ 5
}

/// Nobody calls it: the linker may drop it, and must then drop its entry too.
#[inline(never)]
#[expect(dead_code, reason = "a linker with --gc-sections has something to do")]
fn unused(addr: usize) -> bool {
    load!(addr, 6)
}

// SAFETY: the name is this program's own.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn probe_exported_but_unused(addr: usize) -> bool {
    load!(addr, 7)
}

/// An entry as somebody would write it by hand, in a section that does not follow its code.
#[cfg(foreign)]
#[inline(never)]
fn foreign(addr: usize) -> bool {
    load!(
        addr,
        8,
        concat!(
            ".pushsection axptr_ex_table, \"a\", @progbits\n.balign 4\n",
            ".long 2b - .\n.short 3b - 2b\n.short 1\n.popsection\n",
        )
    )
}

global_asm!(
    ".pushsection .text.probe_global, \"ax\", @progbits",
    ".global probe_global",
    "probe_global:", // (rdi address) -> rax, not 0 after a fault
    "mov eax, 1",
    "2: mov rdx, qword ptr [rdi]",
    "xor eax, eax",
    "3: ret",
    axptr::ex_entry!("2b", "3b", read),
    ".popsection",
);

unsafe extern "C" {
    fn probe_global(addr: usize) -> usize;
}

fn global(addr: usize) -> bool {
    // SAFETY: loads as the functions above do.
    unsafe { probe_global(addr) != 0 }
}

// Not as they are to be called: only their addresses count.
unsafe extern "C" {
    fn __axptr_copy_from_user();
    fn __axptr_copy_to_user();
    fn __axptr_copy_in_user();
    fn __axptr_fill_user();
    fn __axptr_copy_string();
    fn __axptr_copy_from_user_nofault();
    fn __axptr_copy_to_user_nofault();
    fn __axptr_copy_in_user_nofault();
    fn __axptr_fill_user_nofault();
    fn __axptr_copy_string_nofault();
}

/// Whether no two routines have become one. Many differ in their entries only.
fn routines_are_distinct() -> bool {
    let mut starts = [
        __axptr_copy_from_user as unsafe extern "C" fn() as usize,
        __axptr_copy_to_user as unsafe extern "C" fn() as usize,
        __axptr_copy_in_user as unsafe extern "C" fn() as usize,
        __axptr_fill_user as unsafe extern "C" fn() as usize,
        __axptr_copy_string as unsafe extern "C" fn() as usize,
        __axptr_copy_from_user_nofault as unsafe extern "C" fn() as usize,
        __axptr_copy_to_user_nofault as unsafe extern "C" fn() as usize,
        __axptr_copy_in_user_nofault as unsafe extern "C" fn() as usize,
        __axptr_fill_user_nofault as unsafe extern "C" fn() as usize,
        __axptr_copy_string_nofault as unsafe extern "C" fn() as usize,
    ];
    starts.sort_unstable();
    starts.windows(2).all(|pair| pair[0] != pair[1])
}

/// All of axptr's operations fail at `addr`, or all succeed.
fn operations(addr: usize) -> bool {
    let mut word = [0; 8];
    let mut string = [0; 8];
    let user = axptr::UserConstPtr::<u8>::from(addr).as_cstr();
    let mine = word.as_mut_ptr().addr();
    let failed = [
        axptr::copy_from_user(&mut word, addr).is_err(),
        axptr::copy_to_user(addr, &[0; 8]).is_err(),
        axptr::copy_in_user(mine, addr, 8).is_err(),
        axptr::fill_user(addr, 0, 8).is_err(),
        user.read(&mut string).is_err(),
        nofault::copy_from_user(&mut word, addr).is_err(),
        nofault::copy_to_user(addr, &[0; 8]).is_err(),
        nofault::copy_in_user(mine, addr, 8).is_err(),
        nofault::fill_user(addr, 0, 8).is_err(),
        user.nofault().read(&mut string).is_err(),
    ];
    assert_eq!(failed, [failed[0]; 10]);
    failed[0]
}

fn same<R>(one: fn(usize) -> R, another: fn(usize) -> R) -> bool {
    std::hint::black_box(one as usize) == std::hint::black_box(another as usize)
}

fn main() {
    println!("fragment {}", env!("FRAGMENT"));
    println!("selftest {:?}", extable::selftest());
    let entries = Table::image().entries();
    println!("entries {} sorted {}", entries.len(), entries.is_sorted_by_key(Entry::insn));
    println!("zeta above alpha {}", zeta as fn(usize) -> bool as usize > alpha as fn(usize) -> bool as usize);

    // A search by halves, or one from end to end.
    println!("halves {}", format!("{:?}", Table::image()).ends_with("sorted: true }"));
    let equal = entries.windows(2).any(|pair| pair[0].insn() == pair[1].insn());
    println!("equal neighbours {equal}");
    println!("twins folded {}", same(twin, its_twin));
    println!("others folded {}", same(other, like_the_other));
    println!("routines distinct {}", routines_are_distinct());

    // SAFETY: (1) this program passes its own words, and a bad address.
    unsafe { axptr::hosted::install() }.expect("the kernel lets us");
    let mut word = 0_u64;
    let good = (&raw mut word).expose_provenance();
    let probes: [(&str, fn(usize) -> bool); 11] = [
        ("zeta", zeta),
        ("alpha", alpha),
        ("middle", middle),
        ("generic::<u8>", generic::<u8>),
        ("generic::<u64>", generic::<u64>),
        ("generic::<[u8; 3]>", generic::<[u8; 3]>),
        ("inlined_twice", inlined_twice),
        ("twin", twin),
        ("its_twin", its_twin),
        ("global", global),
        ("operations", operations),
    ];
    for (name, probe) in probes {
        assert_eq!((probe(good), probe(BAD)), (false, true), "{name}");
    }
    println!("recovered {} of {}", probes.len(), probes.len());
    #[cfg(foreign)]
    println!("foreign recovered {}", foreign(BAD));
}
