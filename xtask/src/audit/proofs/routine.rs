// SPDX-License-Identifier: MIT OR Apache-2.0
//! The proofs about each path through the routines of `asm/<arch>`.

use std::collections::BTreeSet;

use super::{
    coverage::{Findings, compare},
    proof::Proof,
};
use crate::audit::{
    decode::{
        insn::{Access, Direction, Insn, Reg},
        isa::Guard,
    },
    follow::{
        listing::Listing,
        state::{State, States, Surroundings},
        value::{Symbol, Value},
        walk::{Event, Rules, Walk},
    },
    linked::{
        assembly::{Kind, Role},
        binary::Binary,
        entry::Entry,
        image::Function,
    },
};

/// Walks through a routine wherever it may be called, and compares what it accesses with the table.
pub fn audit(binary: &Binary, function: &Function, kind: Kind, entries: &[Entry]) -> Findings {
    let code = binary.decode(function);
    let mut findings = Findings { instructions: code.len(), ..Findings::default() };
    let mut reached = BTreeSet::new();
    let listing =
        Listing::new(code.clone(), function.range.clone(), entries).entered_at(&function.other_entries);
    let guard = if matches!(kind, Kind::Sentinel(_)) { Guard::None } else { binary.guard() };
    for surroundings in Surroundings::all(guard) {
        let walk = Walk { binary, listing: &listing, surroundings, guard, rules: Rules::ROUTINE };
        let mut start = State::entry(surroundings);
        for (reg, role) in arguments(binary, kind) {
            if matches!(role, Role::Length | Role::Number) {
                start.set(reg, Value::NUMBER);
            }
        }
        let mut states = States::new();
        let starts = [function.range.start].into_iter().chain(function.other_entries.iter().copied());
        walk.explore(&mut states, starts.map(|at| (at, start.clone())).collect());
        let mut here = Here { binary, kind, surroundings, guard, findings: &mut findings };
        walk.visit(&states, &mut |insn, state, event| {
            reached.insert(insn.addr);
            here.judge(insn, state, event);
        });
    }
    for (addr, insn) in code.iter() {
        if !reached.contains(addr) && insn.accesses().next().is_some() {
            findings.blame(binary, Proof::Coverage, *addr, "no path leads to this access");
        }
    }
    compare(binary, function, &listing, &mut findings);
    findings.violations.sort();
    findings.violations.dedup();
    findings
}

/// The registers that the function is called with, and what is in them.
pub fn arguments(binary: &Binary, kind: Kind) -> impl Iterator<Item = (Reg, Role)> {
    let roles = match kind {
        Kind::Routine(roles) | Kind::Sentinel(roles) => Some(roles),
        Kind::Helper | Kind::Vector => None,
    };
    binary.isa.arguments.into_iter().zip(roles.into_iter().flatten())
}

/// A walk through a routine.
struct Here<'a> {
    binary: &'a Binary,
    kind: Kind,
    surroundings: Surroundings,
    guard: Guard,
    findings: &'a mut Findings,
}

impl Here<'_> {
    fn judge(&mut self, insn: &Insn, state: &State, event: Event) {
        match event {
            Event::Reached if insn.is_unknown() => self.blame(Proof::Coverage, insn, &insn.text),
            Event::Reached => {}
            Event::Wrong(what) => self.blame(Proof::Window, insn, &what),
            Event::Call { target, returns } => {
                let helper = target.is_some_and(|target| self.binary.helpers.contains_key(&target));
                if !helper || !returns {
                    self.blame(Proof::Window, insn, "leaves for what is no helper");
                } else if state.window.opened > 0 {
                    self.blame(Proof::Window, insn, "calls while the window is open");
                }
            }
            Event::Return(by) => self.judge_return(insn, state, by),
            Event::Access(direction, access, addr) => match self.role(addr) {
                None => self.blame(Proof::Coverage, insn, "accesses an address of unknown origin"),
                Some(role) => self.judge_access(insn, state, direction, access, role),
            },
        }
    }

    fn judge_return(&mut self, insn: &Insn, state: &State, by: Option<Reg>) {
        if by != self.binary.isa.link {
            self.blame(Proof::Window, insn, "does not return to its caller");
        }
        match (self.surroundings.open, state.window.open) {
            (false, true) => self.blame(Proof::Window, insn, "leaves the window open"),
            (true, false) => self.blame(Proof::Window, insn, "closes a window that was open before"),
            _ => {}
        }
        for &reg in self.binary.isa.preserved {
            if state.get(reg) != Value::symbol(Symbol::Entry(reg)) {
                self.blame(Proof::Window, insn, &format!("returns with register {reg} changed"));
            }
        }
    }

    fn judge_access(
        &mut self,
        insn: &Insn,
        state: &State,
        direction: Direction,
        access: &Access,
        role: Option<Role>,
    ) {
        let user = matches!(role, Some(Role::UserSource | Role::UserDestination));
        match (role, direction) {
            (Some(Role::UserSource | Role::KernelSource), Direction::Store) => {
                self.blame(Proof::Coverage, insn, "stores to the source");
            }
            (Some(Role::UserDestination | Role::KernelDestination), Direction::Load) => {
                self.blame(Proof::Coverage, insn, "loads from the destination");
            }
            _ => {}
        }
        if user && access.stack_segment {
            self.blame(Proof::Window, insn, "addresses user memory through the stack segment");
        }
        let guarded = self.guard != Guard::None && !self.surroundings.lacking;
        if user && guarded && !access.unprivileged && !state.window.open {
            self.blame(Proof::Window, insn, "accesses user memory outside of the window");
        }
        if !user && access.unprivileged {
            self.blame(Proof::Coverage, insn, "accesses the kernel's side as if it were user memory");
        }
        let seen = self.findings.seen.entry(insn.addr).or_default();
        if user {
            seen.user.insert(direction)
        } else {
            seen.kernel.insert(direction)
        };
    }

    fn blame(&mut self, proof: Proof, insn: &Insn, what: &str) {
        self.findings.blame(self.binary, proof, insn.addr, what);
    }

    /// What an address is made from: an argument, or the routine's own stack and statics.
    fn role(&self, addr: Value) -> Option<Option<Role>> {
        match (addr.as_address(), addr.as_constant()) {
            (Some(Symbol::Frame), _) => Some(None),
            (Some(Symbol::Entry(reg)), _) if reg == self.binary.isa.stack => Some(None),
            (Some(Symbol::Entry(reg)), _) => {
                let (_, role) = arguments(self.binary, self.kind).find(|(argument, _)| *argument == reg)?;
                Some(Some(role))
            }
            (_, Some(addr)) if self.binary.image.is_memory(addr) => Some(None),
            _ => None,
        }
    }
}
