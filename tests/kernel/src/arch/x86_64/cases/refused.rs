// SPDX-License-Identifier: MIT OR Apache-2.0
//! What axptr's vector refuses.

use alloc::string::String;

use axptr::vector::InstallError;

use super::super::gates::{GP, PF, gate, set_stack};
use crate::{cases::refusal, ensure};

/// The first stack of the interrupt stack table. Nothing faults through the gate meanwhile.
const STACK: u64 = 1;

/// A pager that sleeps there would find another fault's frame in the place of its own.
pub fn the_vector_refuses_a_gate_with_a_stack_of_its_own() -> Result<(), String> {
    for vector in [GP, PF] {
        let interrupts = crate::line::asm::irqs_enabled();
        crate::line::asm::disable_irqs();
        // SAFETY: no fault is taken until the line after the next.
        let before = unsafe { set_stack(vector, STACK) };
        let with_stack = gate(vector);
        let answer = refusal::install();
        let left = gate(vector);
        // SAFETY: what was there.
        unsafe { set_stack(vector, before) };
        if interrupts {
            crate::line::asm::enable_irqs();
        }
        ensure!(before != STACK, "the gate had this stack before");
        ensure!(left == with_stack, "a refused vector changed gate {vector}");
        refusal::check(answer, InstallError::SeparateStack)?;
    }
    Ok(())
}
