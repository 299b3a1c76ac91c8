// SPDX-License-Identifier: MIT OR Apache-2.0
//! Counts every #GP and every #PF in front of whoever handles them.
//!
//! Knows nothing of axptr, and sends each fault on with all registers as the CPU left them.

use core::{
    arch::{asm, global_asm},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

const GP: usize = 13;
const PF: usize = 14;

static PAGE_FAULTS: AtomicUsize = AtomicUsize::new(0);
static PROTECTION_FAULTS: AtomicUsize = AtomicUsize::new(0);
static LAST_PC: AtomicUsize = AtomicUsize::new(0);
/// More than the kernel's code has bytes.
const CODE: usize = 4 << 20;

/// For each byte of the kernel's code, whether the instruction that begins there has ever faulted.
static FAULTED: [AtomicBool; CODE] = [const { AtomicBool::new(false) }; CODE];

static NEXT_PF: AtomicUsize = AtomicUsize::new(0);
static NEXT_GP: AtomicUsize = AtomicUsize::new(0);

/// How many page faults there were.
pub fn page_faults() -> usize {
    PAGE_FAULTS.load(Ordering::Relaxed)
}

/// How many faults there were over addresses that no page table can map.
pub fn out_of_reach() -> usize {
    PROTECTION_FAULTS.load(Ordering::Relaxed)
}

/// The program counter of the last fault.
pub fn last_pc() -> usize {
    LAST_PC.load(Ordering::Relaxed)
}

/// Whether the instruction at `pc` has ever faulted.
pub fn at(pc: usize) -> bool {
    let offset = pc.wrapping_sub((&raw const _stext).addr());
    FAULTED.get(offset).is_some_and(|faulted| faulted.load(Ordering::Relaxed))
}

/// Puts the counters in front of what the gates name now.
pub fn count() {
    for (vector, next, counter) in
        [(GP, &NEXT_GP, kernel_count_gp as *const ()), (PF, &NEXT_PF, kernel_count_pf as *const ())]
    {
        let gate = table().wrapping_add(vector);
        // SAFETY: the table is axcpu's, one for all CPUs, and nobody writes to it now.
        let [low, high] = unsafe { gate.read() };
        next.store((low & 0xffff | (low >> 32) & 0xffff_0000 | high << 32) as usize, Ordering::Relaxed);
        let addr = counter as u64;
        let low = low & 0x0000_ffff_ffff_0000 | addr & 0xffff | (addr & 0xffff_0000) << 32;
        // SAFETY: the table is writable; no fault is taken before both halves are there.
        unsafe { gate.write([low, addr >> 32]) };
    }
}

/// This CPU's table of gates.
fn table() -> *mut [u64; 2] {
    let mut register = [0_u8; 10];
    // SAFETY: stores 10 bytes to `register`.
    unsafe { asm!("sidt [{}]", in(reg) &raw mut register, options(nostack, preserves_flags)) };
    let [_, _, base @ ..] = register;
    usize::from_le_bytes(base) as *mut [u64; 2]
}

unsafe extern "C" {
    safe static _stext: u8;
    fn kernel_count_gp();
    fn kernel_count_pf();
}

// Entered with the CPU's frame: [rsp] error code, [rsp + 8] rip.
global_asm!(
    ".macro kernel_count name, counter, next",
    ".global \\name",
    "\\name:",
    "lock inc qword ptr [rip + \\counter]",
    "push rax",
    "mov rax, [rsp + 16]",
    "mov [rip + {last_pc}], rax",
    "push rcx",
    "lea rcx, [rip + _stext]",
    "sub rax, rcx",
    "cmp rax, {code}",
    "jae 2f",
    "lea rcx, [rip + {faulted}]",
    "mov byte ptr [rcx + rax], 1",
    "2: pop rcx",
    "pop rax",
    "jmp [rip + \\next]",
    ".endm",
    ".pushsection .text.kernel_count, \"ax\", @progbits",
    "kernel_count kernel_count_gp, {gps}, {next_gp}",
    "kernel_count kernel_count_pf, {pfs}, {next_pf}",
    ".popsection",
    last_pc = sym LAST_PC,
    code = const CODE,
    faulted = sym FAULTED,
    gps = sym PROTECTION_FAULTS,
    pfs = sym PAGE_FAULTS,
    next_gp = sym NEXT_GP,
    next_pf = sym NEXT_PF,
);
