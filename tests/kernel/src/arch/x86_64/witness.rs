// SPDX-License-Identifier: MIT OR Apache-2.0
//! A handler of #GP between axptr's vector and axcpu's: sees in which state the vector passes a fault on.

use core::{
    arch::global_asm,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{
    gates::{self, GP},
    window,
};

static NEXT: AtomicUsize = AtomicUsize::new(0);
static FLAGS: AtomicUsize = AtomicUsize::new(0);

/// What [`FLAGS`] never holds: bit 1 of RFLAGS is 1.
const NOTHING: usize = 0;

/// Takes the gate, which the CPUs share. Only in front of axptr's vector is it of use.
pub fn install() {
    if !is_installed() {
        NEXT.store(gates::handler(GP), Ordering::Relaxed);
        let witness = kernel_witness_gp as *const ();
        // SAFETY: the witness sends every fault but its own on to the former handler.
        unsafe { gates::set_handler(GP, witness.addr()) };
    }
}

/// Whether it sees anything.
pub fn is_installed() -> bool {
    NEXT.load(Ordering::Relaxed) != 0
}

/// Raises #GP by an instruction that is in no table, and says whether user memory was open in the handler; `None` if
/// the handler was not reached.
pub fn open_after_a_general_protection_fault() -> Option<bool> {
    FLAGS.store(NOTHING, Ordering::Relaxed);
    // SAFETY: the load faults, and is resumed behind itself by the witness, which is installed.
    unsafe { kernel_raise_gp(super::OUT_OF_REACH.addrs[0]) };
    let flags = FLAGS.load(Ordering::Relaxed);
    (flags != NOTHING).then(|| window::is_open_in(flags))
}

unsafe extern "C" {
    fn kernel_witness_gp();
    fn kernel_raise_gp(addr: usize);
}

// Entered with the CPU's frame: [rsp] error code, [rsp + 8] rip.
global_asm!(
    ".pushsection .text.kernel_witness, \"ax\", @progbits",
    ".global kernel_raise_gp",
    "kernel_raise_gp:",
    "mov rax, [rdi]",
    "2: ret",
    ".global kernel_witness_gp",
    "kernel_witness_gp:",
    "push rax",
    "lea rax, [rip + kernel_raise_gp]",
    "cmp [rsp + 16], rax",
    "jne 3f",
    "pushfq",
    "pop qword ptr [rip + {flags}]",
    "lea rax, [rip + 2b]",
    "mov [rsp + 16], rax",
    "pop rax",
    "add rsp, 8", // the error code
    "iretq",
    "3: pop rax",
    "jmp [rip + {next}]",
    ".popsection",
    flags = sym FLAGS,
    next = sym NEXT,
);
