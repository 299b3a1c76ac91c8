// SPDX-License-Identifier: MIT OR Apache-2.0
//! A trap entry of the kernel's own, in front of axcpu's.

use core::{
    arch::{asm, global_asm},
    sync::atomic::{AtomicUsize, Ordering},
};

use axptr::trap::Report;

use super::entry::{entry, pass_on, set_entry};
use crate::{line::TrapFrame, own};

static FORMER: AtomicUsize = AtomicUsize::new(0);

/// Puts the entry in front of this CPU's; all CPUs have the same.
pub fn install() {
    let (former, ours) = (entry(), kernel_own as *const () as usize);
    if former != ours {
        FORMER.store(former, Ordering::Relaxed);
        // SAFETY: the entry begins a page and sends on what it does not decide.
        unsafe { set_entry(ours) };
    }
}

/// What the entry calls, with interrupts off.
extern "C" fn decide(frame: &mut TrapFrame) -> bool {
    report().is_some_and(|report| own::handle(frame, report))
}

/// What the CPU says of a data access.
fn report() -> Option<Report> {
    let (status, addr): (usize, usize);
    // SAFETY: reads ESTAT; nothing has faulted since.
    unsafe { asm!("csrrd {}, 0x5", out(reg) status, options(nomem, nostack)) };
    // SAFETY: reads BADV; as above.
    unsafe { asm!("csrrd {}, 0x7", out(reg) addr, options(nomem, nostack)) };
    Report::loongarch64(status, addr)
}

unsafe extern "C" {
    fn kernel_own();
}

// Builds axcpu's frame. This kernel runs no user code, so the stack is the kernel's.
global_asm!(
    ".macro kernel_own_each op",
    ".irp n, 1,2,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
    "\\op $r\\n, $sp, 8 * \\n",
    ".endr",
    ".endm",
    ".pushsection .text.kernel_own, \"ax\", @progbits",
    ".balign 4096",
    ".global kernel_own",
    "kernel_own:",
    "addi.d $sp, $sp, -{size}",
    "kernel_own_each st.d",
    "st.d $zero, $sp, 0",
    "addi.d $t0, $sp, {size}",
    "st.d $t0, $sp, 24",
    "csrrd $t0, 0x1",
    "st.d $t0, $sp, 256", // PRMD
    "csrrd $t0, 0x6",
    "st.d $t0, $sp, 264", // ERA
    "move $a0, $sp",
    "bl {decide}",
    "andi $t0, $a0, 0xff",
    "beqz $t0, 2f",
    "ld.d $t0, $sp, 256",
    "ld.d $t1, $sp, 264",
    "csrwr $t0, 0x1",
    "csrwr $t1, 0x6",
    "kernel_own_each ld.d",
    "addi.d $sp, $sp, {size}",
    "ertn",
    "2: kernel_own_each ld.d",
    "addi.d $sp, $sp, {size}",
    "csrwr $t0, 0x35", // SAVE5
    "la.pcrel $t0, {former}",
    "ld.d $t0, $t0, 0",
    pass_on!("0x35"),
    ".popsection",
    size = const size_of::<TrapFrame>(),
    decide = sym decide,
    former = sym FORMER,
);

const _: () = assert!(size_of::<TrapFrame>() == 34 * size_of::<usize>(), "the entry builds axcpu's frame");
