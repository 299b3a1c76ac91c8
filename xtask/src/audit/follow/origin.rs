// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables of jumps that a value points to, or comes from.

use std::collections::BTreeSet;

use super::{state::State, walk::Walk};
use crate::audit::decode::insn::Expr;

impl Walk<'_> {
    /// The one table of jumps that the registers of a value point to, or come from.
    pub fn origin(&self, value: &Expr, state: &State) -> Option<u64> {
        let of_both = |left, right| {
            let (left, right) = (self.origin(left, state), self.origin(right, state));
            if left.is_some() && right.is_some() { left.filter(|_| left == right) } else { left.or(right) }
        };
        match value {
            Expr::Reg(reg) => {
                let constant = state.get(*reg).as_constant();
                let table = constant.filter(|addr| !self.entries_of(*addr, None).is_empty());
                table.or(state.origins[usize::from(*reg)])
            }
            Expr::Low(_, value) => self.origin(value, state),
            Expr::Binary(_, sides) | Expr::Either(sides) => of_both(&sides.0, &sides.1),
            Expr::Mix(parts) => match &parts[..] {
                [one] => self.origin(one, state),
                [left, right] => of_both(left, right),
                _ => None,
            },
            Expr::Const(_) | Expr::Number | Expr::Any | Expr::Status => None,
        }
    }

    /// What a table of jumps leads to, be it of distances or of addresses.
    pub fn entries_of(&self, table: u64, end: Option<u64>) -> BTreeSet<u64> {
        let near = self.table(table, end, 4, |bytes| {
            table.wrapping_add_signed(i32::from_le_bytes(*bytes.first_chunk().expect("4 bytes")).into())
        });
        let far =
            self.table(table, end, 8, |bytes| u64::from_le_bytes(*bytes.first_chunk().expect("8 bytes")));
        near.into_iter().chain(far).collect()
    }

    /// The entries of a table as far as they are instructions of the function.
    fn table(&self, table: u64, end: Option<u64>, size: usize, target: impl Fn(&[u8]) -> u64) -> Vec<u64> {
        if self.binary.image.is_code(table) {
            return Vec::new();
        }
        let most = end.map_or(usize::MAX, |end| (end - table) as usize / size);
        let entries = self.binary.image.at(table).unwrap_or_default().chunks_exact(size).take(most);
        entries.map(target).take_while(|case| self.listing.code.contains_key(case)).collect()
    }
}
