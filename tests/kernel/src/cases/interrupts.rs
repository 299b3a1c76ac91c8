// SPDX-License-Identifier: MIT OR Apache-2.0
//! The gates turn interrupts off; the pager may need them.

use alloc::string::String;

use axptr::FaultKind;

use crate::{
    ensure, fault,
    line::asm::{disable_irqs, enable_irqs, irqs_enabled},
    op::{BY_TABLE, Done},
    space,
};

pub fn the_pager_gets_the_state_of_the_access() -> Result<(), String> {
    ensure!(irqs_enabled(), "interrupts are off");
    for (op, on) in BY_TABLE.into_iter().flat_map(|op| [(op, true), (op, false)]) {
        let states = [
            (space::LAZY.start(), Done::all(100, 1)),
            (space::HOLE.start(), Done::stopped(0, FaultKind::NotPresent, 1)),
        ]
        .map(|(addr, expected)| {
            space::LAZY.renew();
            fault::last_call();
            if !on {
                disable_irqs();
            }
            let result = op.expect(addr, 100, &[], expected);
            let after = irqs_enabled();
            enable_irqs();
            (result, fault::last_call().map(|call| call.irqs_on), after)
        });
        for (result, in_pager, after) in states {
            result?;
            ensure!(in_pager == Some(on), "{op:?}: {in_pager:?} in the pager, {on} at the access");
            ensure!(after == on, "{op:?}: {after} behind the access, {on} before");
        }
    }
    Ok(())
}
