// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lengths that the mask has not seen.

use std::collections::BTreeSet;

use super::{
    change::{erase, has},
    outcome::Outcomes,
};
use crate::audit::{
    decode::insn::{Code, Expr, Insn, Op, Reg},
    follow::listing::Length,
    linked::{binary::Binary, image::Function, lines::Lines, names::Sources},
    proofs::{mask, pattern, proof::Proof},
};

/// A function with a mask.
pub struct Masked<'a, 'l> {
    pub binary: &'a Binary,
    pub function: &'a Function,
    pub lines: &'a Lines<'l>,
    pub sources: &'a Sources,
}

impl Masked<'_, '_> {
    /// What gives a routine the length that the mask has seen goes away. Behind the mask: what is in front of it gives both
    /// another one.
    pub fn seed_calls(&self, outcomes: &mut Outcomes, calls: &BTreeSet<(u64, Reg)>) {
        let code = self.binary.decode(self.function);
        let masks = pattern::by_last(self.binary, &code);
        for (call, length) in calls.range((self.function.range.start, 0)..(self.function.range.end, 0)) {
            let Some(insn) = setter(&code, *call, *length, |insn| masks.contains_key(&insn.addr)) else {
                continue;
            };
            // Without it the register may still hold a constant that is the same.
            if !insn.ops.iter().any(|op| matches!(op, Op::Set(_, from) if is_constant(from))) {
                self.without(outcomes, "length: the routine gets another", insn);
            }
        }
    }

    /// What says how long a value is that is accessed here goes away.
    pub fn seed_accesses(&self, outcomes: &mut Outcomes) {
        let code = self.binary.decode(self.function);
        for (end, mask) in pattern::by_last(self.binary, &code) {
            let Some(Length::Register(length)) = mask.length else { continue };
            let Some(insn) = setter(&code, end, length, |_| false) else { continue };
            // Without it the register may hold an earlier length, which is large enough by chance.
            if !code.range(..insn.addr).any(|(_, insn)| sets(insn, length)) {
                self.without(outcomes, "length: the mask sees another", insn);
            }
        }
    }

    pub fn without(&self, outcomes: &mut Outcomes, kind: &'static str, insn: &Insn) {
        let broken = self.binary.changed(|image| erase(image, self.binary, insn.addr..insn.end()));
        let found = mask::audit_function(&broken, self.function, self.lines, self.sources).violations;
        let place = self.binary.image.describe(insn.addr);
        outcomes.add(kind, place, has(&found, self.function, &[Proof::Mask]));
    }
}

/// The last instruction in front of an address that sets a register, unless one comes before it at which the search ends.
pub fn setter(code: &Code, before: u64, reg: Reg, is_end: impl Fn(&Insn) -> bool) -> Option<&Insn> {
    const FAR: usize = 24;
    let mut insns = code.range(..before).rev().map(|(_, insn)| insn).take(FAR);
    let insn = insns.find(|insn| is_end(insn) || !insn.falls_through() || sets(insn, reg))?;
    (!is_end(insn) && sets(insn, reg)).then_some(insn)
}

fn is_constant(from: &Expr) -> bool {
    match from {
        Expr::Const(_) => true,
        Expr::Low(_, value) => is_constant(value),
        Expr::Binary(_, sides) => is_constant(&sides.0) && is_constant(&sides.1),
        _ => false,
    }
}

pub fn sets(insn: &Insn, reg: Reg) -> bool {
    insn.ops.iter().any(|op| matches!(op, Op::Set(to, _) | Op::Load(Some(to), _) if *to == reg))
}
