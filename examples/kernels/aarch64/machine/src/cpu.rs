// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is asked of the CPU.

use aarch64_cpu::registers::{CurrentEL, ID_AA64MMFR1_EL1, Readable, SCTLR_EL1, Writeable};

use crate::say;

/// Keeps the kernel's plain accesses away from user memory, if the CPU can (PAN): from its first trap on.
pub fn keep_out_of_user_memory() {
    /// Without it, each trap sets PAN.
    const SPAN: u64 = 1 << 23;
    let has_pan = ID_AA64MMFR1_EL1.is_set(ID_AA64MMFR1_EL1::PAN);
    let [pan, el2] = [(has_pan, " pan"), (is_in_el2(), " el2")].map(|(is, name)| if is { name } else { "" });
    say(format_args!("cpu:{pan}{el2}"));
    if has_pan {
        SCTLR_EL1.set(SCTLR_EL1.get() & !SPAN);
    }
}

/// Whether the kernel runs where a hypervisor would.
pub(crate) fn is_in_el2() -> bool {
    CurrentEL.matches_all(CurrentEL::EL::EL2)
}
