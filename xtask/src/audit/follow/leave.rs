// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where execution goes on behind an instruction: the next one, a branch, the cases of a table, a function and back.

use std::collections::BTreeSet;

use super::{
    state::State,
    value::{Symbol, Value},
    walk::{Event, See, Walk},
};
use crate::audit::decode::{
    insn::{Condition, Expr, FLAGS, Flow, Insn, REGISTERS, Reg, SCRATCH},
    isa::Guard,
};

/// What a function that answers with a fault, or a value of a word, may write to its caller's memory: the answer is
/// three words.
const BRIEF: i64 = 24;

impl Walk<'_> {
    pub fn go_on(&self, insn: &Insn, mut state: State, see: &mut See, next: &mut Vec<(u64, State)>) {
        match &insn.flow {
            Flow::Next => next.push((insn.end(), state)),
            Flow::Stop => {}
            Flow::Jump(target) => self.jump(*target, insn, state, see, next),
            Flow::Branch(target, condition) => {
                let taken = match condition {
                    Condition::IfZero(value) => self.evaluate(value, &state).is_zero(),
                    Condition::IfNot(value) => self.evaluate(value, &state).is_zero().map(|zero| !zero),
                    Condition::Unknown => None,
                };
                // On one of the two sides, what was compared is equal.
                let (mut straight, mut aside) = (state.clone(), state);
                match condition {
                    Condition::IfZero(Expr::Reg(FLAGS)) => aside.compares_equal(),
                    Condition::IfNot(Expr::Reg(FLAGS)) => straight.compares_equal(),
                    _ => {}
                }
                if taken != Some(true) {
                    next.push((insn.end(), straight));
                }
                if taken != Some(false) {
                    self.jump(*target, insn, aside, see, next);
                }
            }
            Flow::JumpTo(target) => {
                let origin = self.origin(target, &state);
                let target = self.evaluate(target, &state);
                match (target.as_offset(), target.as_constant()) {
                    (Some((Symbol::Entry(reg), 0)), _) => see(insn, &state, Event::Return(Some(reg))),
                    (_, Some(target)) => self.jump(target, insn, state, see, next),
                    _ if !self.rules.jumps_anywhere => {
                        see(insn, &state, Event::Wrong("jumps to nobody knows where".into()))
                    }
                    _ => next.extend(self.cases(origin).into_iter().map(|case| (case, state.clone()))),
                }
            }
            Flow::Call(target) => {
                see(insn, &state, Event::Call { target: Some(*target), returns: true });
                if !self.binary.never.contains(target) {
                    self.come_back(Some(*target), &mut state);
                    next.push((insn.end(), state));
                }
            }
            Flow::CallTo(target) => {
                let target = self.evaluate(target, &state).as_constant();
                see(insn, &state, Event::Call { target, returns: true });
                if target.is_none_or(|target| !self.binary.never.contains(&target)) {
                    self.come_back(target, &mut state);
                    next.push((insn.end(), state));
                }
            }
            Flow::Return => {
                let stack = state.get(self.binary.isa.stack).as_offset();
                if stack != Some((Symbol::Entry(self.binary.isa.stack), 0)) {
                    see(insn, &state, Event::Wrong("returns with the stack pointer moved".to_owned()));
                }
                see(insn, &state, Event::Return(None));
            }
        }
    }

    /// Where an indirect jump may lead to: to the cases of the table that its target comes from, or else to any
    /// block.
    fn cases(&self, origin: Option<u64>) -> Vec<u64> {
        let Some(table) = origin else { return self.listing.leaders.to_vec() };
        // The next table is none of its cases, though it may lie right behind.
        let end = self.tables().range(table + 1..).next().copied();
        self.entries_of(table, end).into_iter().collect()
    }

    /// The tables of the function's jumps, as far as they are found by reading it from its top to its end.
    fn tables(&self) -> BTreeSet<u64> {
        let mut state = State::entry(self.surroundings);
        let mut tables = BTreeSet::new();
        for insn in self.listing.code.values() {
            for op in &insn.ops {
                self.execute(op, insn, &mut state, &mut |_, _, _| {});
            }
            if let Flow::JumpTo(target) = &insn.flow {
                tables.extend(self.origin(target, &state));
            }
        }
        tables
    }

    fn jump(&self, target: u64, insn: &Insn, state: State, see: &mut See, next: &mut Vec<(u64, State)>) {
        if self.listing.range.contains(&target) {
            next.push((target, state));
        } else {
            see(insn, &state, Event::Call { target: Some(target), returns: false });
        }
    }

    /// What a function leaves behind: known of a helper, by the platform's convention of others.
    pub fn come_back(&self, target: Option<u64>, state: &mut State) {
        match target.and_then(|target| self.binary.helpers.get(&target)) {
            Some(changed) => {
                for reg in changed {
                    state.set(*reg, Value::NUMBER);
                }
                state.window.known = true;
            }
            None => {
                let was_open = state.window.open && !self.surroundings.lacking;
                self.forget_lent(target, state);
                for reg in 0..REGISTERS as Reg {
                    if !self.binary.isa.preserved.contains(&reg) {
                        state.set(reg, Value::Any);
                    }
                }
                if target.is_some() && target == self.binary.suspend && self.guard != Guard::None {
                    state.window.open = false;
                    state.set(self.binary.isa.result(), Value::constant(was_open.into()));
                }
                if target.is_some_and(|target| self.binary.asking.contains(&target)) {
                    state.window.known = true;
                    // It returns the byte where it returns anything.
                    if let (Some(_), Some(cpu)) = (self.binary.isa.link, self.binary.cpu) {
                        let byte = self.load(Value::constant(cpu), 1, state);
                        state.set(self.binary.isa.arguments[0], byte);
                    }
                }
            }
        }
        state.set(FLAGS, Value::Any);
        state.set(SCRATCH, Value::Any);
    }

    /// Forgets what a function may have written to a variable whose address it has been given. How long that is, is
    /// known of few: so all numbers from there on are forgotten. Addresses are the compiler's own, and so are the flags
    /// that say whether this call has opened the window, where the window is followed.
    fn forget_lent(&self, callee: Option<u64>, state: &mut State) {
        let is_brief = callee.is_some_and(|callee| self.binary.brief.contains(&callee));
        let guarded = self.guard != Guard::None;
        for argument in (0..REGISTERS as Reg).filter(|reg| *reg != self.binary.isa.stack) {
            let Some((symbol, start)) = self.slot(state.get(argument)) else { continue };
            // What a function is given lies in no register that it preserves, and in none that the machine has not.
            if argument < FLAGS && !self.binary.isa.preserved.contains(&argument) {
                state.numbers.forget_stack(|of, at| of == symbol && start <= at);
            }
            state.slots.retain(|&(of, at), (size, value)| {
                let is_behind = is_brief && start + BRIEF <= at;
                of != symbol
                    || at < start
                    || is_behind
                    || (guarded && *size < 4)
                    || value.as_constant().is_none()
            });
        }
    }
}
