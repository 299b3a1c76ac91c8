// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is asked of the CPU.

use aarch64_cpu::registers::{ID_AA64MMFR1_EL1, Readable, SCTLR_EL1, Writeable};

use crate::say;

/// Keeps the kernel's plain accesses away from user memory, if the CPU can (PAN): from its first trap on.
pub fn keep_out_of_user_memory() {
    /// Without it, each trap sets PAN.
    const SPAN: u64 = 1 << 23;
    let has_pan = ID_AA64MMFR1_EL1.is_set(ID_AA64MMFR1_EL1::PAN);
    say(format_args!("cpu:{}", if has_pan { " pan" } else { "" }));
    if has_pan {
        SCTLR_EL1.set(SCTLR_EL1.get() & !SPAN);
    }
}
