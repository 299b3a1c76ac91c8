// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers of #GP and #PF between axptr's vector and axcpu's: see in which state the vector passes a fault on, and to whom.

use core::{
    arch::global_asm,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{
    gates::{self, GP, PF},
    window,
};

/// The handlers behind the witnesses, of #GP and of #PF.
static NEXT: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
static FLAGS: AtomicUsize = AtomicUsize::new(0);
/// Whose witness has seen user mode's fault, and the error code that it found.
static SEEN: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

/// What [`FLAGS`] never holds: bit 1 of RFLAGS is 1.
const NOTHING: usize = 0;

/// Takes the gates, which the CPUs share. Only in front of axptr's vector are they of use.
pub fn install() {
    if !is_installed() {
        for (next, gate, witness) in
            [(&NEXT[0], GP, kernel_witness_gp as *const ()), (&NEXT[1], PF, kernel_witness_pf as *const ())]
        {
            next.store(gates::handler(gate), Ordering::Relaxed);
            // SAFETY: a witness sends every fault but its own on to the former handler.
            unsafe { gates::set_handler(gate, witness.addr()) };
        }
    }
}

/// Whether they see anything.
pub fn is_installed() -> bool {
    NEXT[0].load(Ordering::Relaxed) != 0
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

/// Enters what a gate names as the CPU does for a fault in user mode. Returns the gate whose former handler was reached,
/// and the error code there.
pub fn of_a_fault_in_user_mode(gate: usize, code: usize) -> (usize, usize) {
    SEEN.iter().for_each(|seen| seen.store(0, Ordering::Relaxed));
    // SAFETY: the gate's handler gets the frame that it expects, and a witness, which is installed, returns.
    unsafe { kernel_fault_in_user_mode(gates::handler(gate), code) };
    let [gate, code] = SEEN.each_ref().map(|seen| seen.load(Ordering::Relaxed));
    (gate, code)
}

unsafe extern "C" {
    fn kernel_witness_gp();
    fn kernel_witness_pf();
    fn kernel_raise_gp(addr: usize);
    fn kernel_fault_in_user_mode(handler: usize, code: usize);
}

// Entered with the CPU's frame: [rsp] error code, [rsp + 8] rip, [rsp + 16] cs, rflags, [rsp + 32] rsp, ss.
global_asm!(
    ".pushsection .text.kernel_witness, \"ax\", @progbits",
    ".global kernel_raise_gp",
    "kernel_raise_gp:",
    "mov rax, [rdi]",
    "2: ret",
    // As the CPU: it aligns the stack, and pushes six words (SDM vol. 3, 6.14).
    ".global kernel_fault_in_user_mode",
    "kernel_fault_in_user_mode:",
    "mov rax, rsp",
    "and rsp, -16",
    "push 0",
    "push rax",
    "pushfq",
    "mov eax, cs",
    "or eax, 3",
    "push rax",
    "lea rax, [rip + kernel_fault_in_user_mode]",
    "push rax",
    "push rsi",
    "jmp rdi",
    ".macro kernel_witness name, number, next",
    ".global \\name",
    "\\name:",
    "endbr64",
    "push rax",
    "lea rax, [rip + kernel_fault_in_user_mode]",
    "cmp [rsp + 16], rax",
    "je 4f",
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
    "jmp [rip + {next} + \\next]",
    "4: mov qword ptr [rip + {seen}], \\number",
    "mov rax, [rsp + 8]",
    "mov [rip + {seen} + 8], rax",
    "mov rsp, [rsp + 40]",
    "ret",
    ".endm",
    "kernel_witness kernel_witness_gp, 13, 0",
    "kernel_witness kernel_witness_pf, 14, 8",
    ".purgem kernel_witness",
    ".popsection",
    flags = sym FLAGS,
    next = sym NEXT,
    seen = sym SEEN,
);
