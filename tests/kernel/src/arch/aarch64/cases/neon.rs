// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the vector gives back in a kernel that is compiled with NEON: these registers, too.

use alloc::string::String;
use core::arch::{asm, global_asm};

use axptr::FaultKind;

use crate::{
    ensure,
    fault::{self, Traps},
    space,
};

/// All 32 registers, FPCR and FPSR.
const WORDS: usize = 66;

/// What the two control registers are set to: flush to zero, and a cumulative saturation.
const FPCR: u64 = 1 << 24;
const FPSR: u64 = 1 << 27;

unsafe extern "C" {
    /// Gives each register a value of its own, loads a word from user address `addr`, and stores all registers as they
    /// are then.
    fn kernel_neon_load(addr: usize, after: &mut [u64; WORDS]);
}

pub fn a_repaired_fault_changes_no_neon_register() -> Result<(), String> {
    space::LAZY.renew();
    fault::before_next_page(use_them_all);
    check(space::LAZY.start())?;
    ensure!(fault::detour_taken(), "the pager was not asked");
    Ok(())
}

pub fn a_landing_changes_no_neon_register() -> Result<(), String> {
    fault::before_next_page(use_them_all);
    check(space::HOLE.start())?;
    ensure!(fault::detour_taken(), "the pager was not asked");
    let fault = axptr::copy_from_user(&mut [0; 100], space::HOLE.start());
    ensure!(fault.is_err_and(|fault| fault.kind == FaultKind::NotPresent), "{fault:?}");
    Ok(())
}

fn check(addr: usize) -> Result<(), String> {
    let mut after = [0; WORDS];
    // SAFETY: user memory or none; `after` has room.
    let ((), traps) = fault::counted(|| unsafe { kernel_neon_load(addr, &mut after) });
    ensure!(traps == Traps::pages(1), "{traps:?}");
    let [registers @ .., fpsr, fpcr] = &after;
    for (number, pair) in registers.chunks(2).enumerate() {
        // As the function below makes them.
        let expected = 0x0101_0101_0101_0101 * (number as u64 + 1);
        ensure!(pair == [expected; 2], "q{number} holds {pair:x?}");
    }
    ensure!((*fpsr, *fpcr) == (FPSR, FPCR), "FPSR is {fpsr:#x}, FPCR {fpcr:#x}");
    Ok(())
}

/// What a pager may do that is compiled so.
fn use_them_all() {
    // SAFETY: changes registers that are named below.
    unsafe {
        asm!(
            ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
            "movi v\\n\\().16b, 0xff",
            ".endr",
            "msr fpsr, xzr",
            "msr fpcr, xzr",
            out("v0") _, out("v1") _, out("v2") _, out("v3") _, out("v4") _, out("v5") _, out("v6") _, out("v7") _,
            out("v8") _, out("v9") _, out("v10") _, out("v11") _, out("v12") _, out("v13") _, out("v14") _, out("v15") _,
            out("v16") _, out("v17") _, out("v18") _, out("v19") _, out("v20") _, out("v21") _, out("v22") _, out("v23") _,
            out("v24") _, out("v25") _, out("v26") _, out("v27") _, out("v28") _, out("v29") _, out("v30") _, out("v31") _,
            options(nostack),
        );
    }
}

global_asm!(
    ".pushsection .text.kernel_neon_load, \"ax\", @progbits",
    ".global kernel_neon_load",
    ".type kernel_neon_load, @function",
    "kernel_neon_load:",
    // The callee keeps the low halves of v8 to v15, and the control registers.
    "sub sp, sp, 96",
    "stp d8, d9, [sp]",
    "stp d10, d11, [sp, 16]",
    "stp d12, d13, [sp, 32]",
    "stp d14, d15, [sp, 48]",
    "mrs x2, fpsr",
    "mrs x3, fpcr",
    "stp x2, x3, [sp, 64]",
    "str x1, [sp, 80]",
    "mov x2, {fpsr}",
    "msr fpsr, x2",
    "mov x2, {fpcr}",
    "msr fpcr, x2",
    ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
    "movi v\\n\\().16b, \\n + 1",
    ".endr",
    "2: ldtr xzr, [x0]",
    "3: ldr x1, [sp, 80]", // the landing's register
    ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
    "str q\\n, [x1, 16 * \\n]",
    ".endr",
    "mrs x2, fpsr",
    "mrs x3, fpcr",
    "str x2, [x1, 512]",
    "str x3, [x1, 520]",
    "ldp x2, x3, [sp, 64]",
    "msr fpsr, x2",
    "msr fpcr, x3",
    "ldp d8, d9, [sp]",
    "ldp d10, d11, [sp, 16]",
    "ldp d12, d13, [sp, 32]",
    "ldp d14, d15, [sp, 48]",
    "add sp, sp, 96",
    "ret",
    ".size kernel_neon_load, . - kernel_neon_load",
    axptr::ex_entry!("2b", "3b", read),
    ".popsection",
    fpsr = const FPSR,
    fpcr = const FPCR,
);
