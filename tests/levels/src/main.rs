// SPDX-License-Identifier: MIT OR Apache-2.0
//! A kernel that asks axptr's vector what it says at the level it was booted at, and where EL0 belongs to somebody else.
#![no_std]
#![no_main]

use core::arch::{asm, global_asm};

use aarch64_cpu::registers::{CurrentEL, HCR_EL2, ReadWriteable, Readable};
use axptr::vector::{self, InstallError};
use machine::say;

// `boot.S` makes the CPU enter here. Nothing faults.
global_asm!(".balign 0x800", ".global vectors", "vectors:", ".rept 16", ".balign 0x80", "b .", ".endr");

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    say(format_args!("kernel: levels"));
    machine::keep_out_of_user_memory();
    let mut cases = Cases { passed: 0, failed: 0 };
    // These vectors are not axcpu's: the level is asked for first.
    let right = InstallError::UnknownHandler;
    cases.expect("the_kernel_of_user_mode_is_at_a_level_of_the_vectors", right);
    if CurrentEL.matches_all(CurrentEL::EL::EL2) {
        HCR_EL2.modify(HCR_EL2::TGE::CLEAR);
        // SAFETY: waits until the CPU knows. The kernel's own translation is the same.
        unsafe { asm!("isb") };
        cases.expect("a_level_without_user_mode_is_refused", InstallError::WrongLevel);
    }
    say(format_args!("axptr-kernel: {} passed, {} failed", cases.passed, cases.failed));
    machine::power_off()
}

struct Cases {
    passed: usize,
    failed: usize,
}

impl Cases {
    fn expect(&mut self, name: &str, error: InstallError) {
        // SAFETY: (1) kernel mode, one CPU; (2), (3) it is refused, and no fault is taken.
        let answer = unsafe { vector::install(|_, _| false) };
        if answer == Err(error) {
            self.passed += 1;
            say(format_args!("case {name} ... ok"));
        } else {
            self.failed += 1;
            say(format_args!("case {name} ... FAILED: {answer:?}"));
        }
    }
}
