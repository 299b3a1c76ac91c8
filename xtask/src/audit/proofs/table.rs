// SPDX-License-Identifier: MIT OR Apache-2.0
//! The proofs about the whole table, entries of inlined accesses included.

use super::proof::{Proof, Violation};
use crate::audit::{
    decode::insn::Insn,
    linked::{
        binary::Binary,
        entry::{ECHO, Entry, INLINED, NO_FAULT, QUIET, READ, REHEARSED, STRICT, WRITE},
    },
};

/// Order, instructions, directions and landings of all entries.
pub fn audit(binary: &Binary, entries: &[Entry]) -> Vec<Violation> {
    let mut violations = Vec::new();
    // The kernels with that feature are audited by themselves: `audit::ax_cpu`.
    if let Some(addr) = binary.image.ax_cpu_table() {
        let what = "has a table of ax-cpu's without the feature";
        violations.push(Violation::new(binary, Proof::Coverage, addr, what));
    }
    for pair in entries.windows(2) {
        if pair[0].insn >= pair[1].insn {
            let what =
                if pair[0].insn == pair[1].insn { "has two entries" } else { "has an entry out of order" };
            violations.push(Violation::new(binary, Proof::Order, pair[1].insn, what));
        }
    }
    for entry in entries {
        let mut blame = |proof, what: &str| {
            violations.push(Violation::new(binary, proof, entry.insn, what));
        };
        let Some(function) = binary.image.function_of(entry.insn) else {
            blame(Proof::Direction, "an entry lies in no function");
            continue;
        };
        let code = binary.decode(function);
        match code.get(&entry.insn) {
            None => blame(Proof::Direction, "an entry does not lie on the first byte of an instruction"),
            Some(insn) if insn.is_unknown() => blame(Proof::Direction, &insn.text),
            Some(insn) => {
                if let Err(what) = agrees(insn, entry.flags) {
                    blame(Proof::Direction, &what);
                }
            }
        }
        if !function.range.contains(&entry.landing) {
            let landing = binary.image.describe(entry.landing);
            blame(Proof::Landing, &format!("has its landing out of the function, at {landing}"));
        } else if !code.contains_key(&entry.landing) {
            blame(Proof::Landing, "has its landing in the middle of an instruction");
        }
    }
    violations
}

/// Whether the flags can be those of the instruction, wherever its sides lie.
fn agrees(insn: &Insn, flags: u16) -> Result<(), String> {
    let (loads, stores) = (insn.loads(), insn.stores());
    let says = (flags & READ != 0, flags & WRITE != 0, flags & STRICT != 0);
    let right = match (loads, stores, says) {
        (true, false, says) => says == (true, false, false),
        // Its fault may be reported as either.
        (false, true, says) if flags & INLINED != 0 && insn.is_store_conditional() => {
            says == (true, true, false)
        }
        (false, true, says) => says == (false, true, false),
        // Both on one side, or one of two sides.
        (true, true, (true, true, false) | (true, false, true) | (false, true, true)) => true,
        _ => false,
    };
    if !loads && !stores {
        return Err(format!("an entry lies on {:?}, which accesses no memory", insn.text));
    }
    let of_the_self_test = if flags & REHEARSED != 0 { REHEARSED | QUIET | ECHO } else { 0 };
    if flags & !(READ | WRITE | STRICT | NO_FAULT | INLINED | of_the_self_test) != 0 || !right {
        return Err(format!("an entry on {:?} has flags {flags:#x}", insn.text));
    }
    Ok(())
}
