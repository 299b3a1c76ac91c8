// SPDX-License-Identifier: MIT OR Apache-2.0
//! Limits of masks that are not the user limit.

use super::{
    change::has,
    length::{Masked, sets, setter},
    outcome::Outcomes,
};
use crate::audit::{
    decode::insn::{Expr, Insn, Op, Reg},
    proofs::{mask, pattern, proof::Proof},
};

/// From the user limit to the variable that is taken for it.
const BESIDE: u64 = 8;

impl Masked<'_, '_> {
    /// What gives a mask its limit goes away: the register holds whatever it held before.
    pub fn seed_limits(&self, outcomes: &mut Outcomes) {
        let code = self.binary.decode(self.function);
        for (start, limit) in pattern::limits(self.binary, &code) {
            let Some(limit) = limit else { continue };
            let Some(insn) = setter(&code, start, limit, |_| false) else { continue };
            // That may be the limit, too, from an earlier load.
            if !code.range(..insn.addr).any(|(_, insn)| loads(insn, limit) || copies(insn, limit)) {
                self.without(outcomes, "limit: the mask gets another number", insn);
            }
        }
    }

    /// The limit lies elsewhere: so each mask has it from another variable.
    pub fn seed_variable(&self, outcomes: &mut Outcomes) {
        let mut broken = self.binary.changed(|_| {});
        broken.limit = self.binary.limit.map(|limit| limit + BESIDE);
        let found = mask::audit_function(&broken, self.function, self.lines, self.sources).violations;
        let masks = pattern::limits(self.binary, &self.binary.decode(self.function));
        let is_found = masks.keys().all(|mask| found.iter().any(|it| it.addr == *mask))
            && has(&found, self.function, &[Proof::Mask]);
        outcomes.add("limit: the mask has another variable's", self.function.name.clone(), is_found);
    }
}

fn loads(insn: &Insn, reg: Reg) -> bool {
    insn.ops.iter().any(|op| matches!(op, Op::Load(Some(to), access) if *to == reg && access.size == 8))
}

fn copies(insn: &Insn, reg: Reg) -> bool {
    sets(insn, reg) && insn.ops.iter().any(|op| matches!(op, Op::Set(to, Expr::Reg(_)) if *to == reg))
}
