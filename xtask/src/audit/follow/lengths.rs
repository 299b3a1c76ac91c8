// SPDX-License-Identifier: MIT OR Apache-2.0
//! The lengths that masks have seen, and what holds them now: a routine must be called with the one that its address's mask
//! has seen.

use super::{
    listing::Length,
    numbers::{Number, Place},
    state::State,
    value::{Symbol, Value},
};
use crate::audit::decode::insn::{Binary, Expr, FLAGS, Reg};

impl State {
    /// `to` gets what `from` comes to, if that is a copy or a difference.
    pub fn number_set(&mut self, to: Reg, from: &Expr) {
        if let Some(from) = register(from) {
            self.numbers.copy(Place::Register(to), Place::Register(from));
            return;
        }
        let length = moved(from).and_then(|from| self.numbers.lengths.get(&Place::Register(from)).copied());
        self.numbers.forget(Place::Register(to));
        self.numbers.lengths.extend(length.map(|length| (Place::Register(to), length)));
        if to == FLAGS {
            self.numbers.compared = match difference(from) {
                Some((Expr::Reg(reg), Expr::Const(constant))) => Some((*reg, *constant)),
                _ => None,
            };
        }
        if let Some((&Expr::Reg(left), &Expr::Reg(right))) = difference(from)
            && left != to
            && right != to
        {
            self.numbers.equate(Number::In(Place::Register(to)), Number::Difference(left, right));
            // By each name that the two have: on another path one of them may have lost the other.
            for left in self.numbers.with_equals(left) {
                for right in self.numbers.with_equals(right) {
                    let difference = Number::Difference(left, right);
                    if left != to && right != to && !self.numbers.classes.contains_key(&difference) {
                        self.numbers.equate(difference, Number::In(Place::Register(to)));
                    }
                }
            }
        }
    }

    /// What the last comparison was of turns out to be equal.
    pub fn compares_equal(&mut self) {
        if let Some((reg, constant)) = self.numbers.compared
            && self.get(reg).is_number()
        {
            self.registers[usize::from(reg)] = Value::constant(constant);
        }
    }

    /// `to` gets 8 bytes of the stack.
    pub fn number_loaded(&mut self, to: Reg, (symbol, at): (Symbol, i64)) {
        let to = Place::Register(to);
        match self.slots.get(&(symbol, at)) {
            Some((8, _)) => self.numbers.copy(to, Place::Stack(symbol, at)),
            _ => self.numbers.forget(to),
        }
    }

    /// 8 bytes of the stack get what `from` comes to.
    pub fn number_stored(&mut self, (symbol, at): (Symbol, i64), from: &Expr) {
        let to = Place::Stack(symbol, at);
        match register(from) {
            Some(from) => self.numbers.copy(to, Place::Register(from)),
            None => self.numbers.forget(to),
        }
    }

    /// `answer` becomes that of a mask which sees this length. The two may be one register.
    pub fn mask(&mut self, answer: Reg, length: Option<Length>) {
        let seen = Number::SeenFor(Place::Register(answer));
        self.numbers.classes.remove(&seen);
        let value = match length {
            None => None,
            Some(Length::Zero) => Some(0),
            Some(Length::Register(length)) => {
                self.numbers.equate(seen, Number::In(Place::Register(length)));
                self.get(length).as_constant()
            }
        };
        let class = self.numbers.classes.get(&seen).copied();
        self.set(answer, Value::symbol(Symbol::Masked));
        self.numbers.classes.extend(class.map(|class| (seen, class)));
        self.numbers.lengths.extend(value.map(|value| (Place::Register(answer), value)));
    }

    /// Whether `length` holds what the mask has seen whose answer `address` holds.
    pub fn is_seen(&self, address: Reg, length: Reg) -> bool {
        let class = |number| self.numbers.classes.get(&number);
        let value = self.get(length).as_constant();
        let (address, length) = (Place::Register(address), Place::Register(length));
        let seen = self.numbers.lengths.get(&address).copied();
        let same =
            class(Number::SeenFor(address)).is_some_and(|seen| class(Number::In(length)) == Some(seen));
        same || seen.is_some() && seen == value
    }

    /// Whether the mask whose answer `address` holds, or something a constant apart from it, has seen so many bytes at least.
    pub fn covers(&self, address: Reg, bytes: u64) -> bool {
        self.numbers.lengths.get(&Place::Register(address)).is_some_and(|length| *length >= bytes)
    }
}

/// The register that an expression is a constant apart from.
fn moved(from: &Expr) -> Option<Reg> {
    match from {
        Expr::Binary(op, sides) => match (op, &**sides) {
            (Binary::Add | Binary::Sub, (Expr::Reg(reg), Expr::Const(_)))
            | (Binary::Add, (Expr::Const(_), Expr::Reg(reg))) => Some(*reg),
            _ => None,
        },
        _ => None,
    }
}

/// What an expression is the difference of.
fn difference(from: &Expr) -> Option<(&Expr, &Expr)> {
    match from {
        Expr::Binary(Binary::Sub, sides) => Some((&sides.0, &sides.1)),
        _ => None,
    }
}

/// The register that an expression is a copy of.
fn register(from: &Expr) -> Option<Reg> {
    match from {
        Expr::Reg(reg) => Some(*reg),
        Expr::Binary(Binary::Add | Binary::Or | Binary::Xor, sides) => match &**sides {
            (Expr::Reg(reg), Expr::Const(0)) | (Expr::Const(0), Expr::Reg(reg)) => Some(*reg),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::follow::state::Surroundings;

    const ADDRESS: Reg = 1;
    const LENGTH: Reg = 2;
    const OTHER: Reg = 3;
    const ARGUMENT: Reg = 4;
    const STACK: (Symbol, i64) = (Symbol::Frame, -16);

    /// Behind a mask that has seen the length in `LENGTH`.
    fn masked() -> State {
        let mut state = State::entry(Surroundings::UNGUARDED);
        state.mask(ADDRESS, Some(Length::Register(LENGTH)));
        state
    }

    fn copy(state: &mut State, to: Reg, from: Reg) {
        state.registers[usize::from(to)] = state.get(from);
        state.number_set(to, &Expr::Reg(from));
    }

    #[test]
    fn a_copy_is_the_length_and_another_number_is_not() {
        let mut state = masked();
        copy(&mut state, ARGUMENT, OTHER);
        assert!(state.is_seen(ADDRESS, LENGTH) && !state.is_seen(ADDRESS, ARGUMENT));
        copy(&mut state, ARGUMENT, LENGTH);
        assert!(state.is_seen(ADDRESS, ARGUMENT));
        // The first one changes, the copy does not.
        state.set(LENGTH, Value::NUMBER);
        assert!(!state.is_seen(ADDRESS, LENGTH) && state.is_seen(ADDRESS, ARGUMENT));
        // The address is another one.
        state.set(ADDRESS, Value::symbol(Symbol::Masked));
        assert!(!state.is_seen(ADDRESS, ARGUMENT));
    }

    #[test]
    fn the_answer_may_go_to_the_lengths_register() {
        let mut state = State::entry(Surroundings::UNGUARDED);
        copy(&mut state, OTHER, LENGTH);
        state.mask(LENGTH, Some(Length::Register(LENGTH)));
        assert!(state.is_seen(LENGTH, OTHER) && !state.is_seen(LENGTH, LENGTH));
    }

    #[test]
    fn the_stack_keeps_it_until_something_else_is_stored() {
        let mut state = masked();
        for whole in [true, false] {
            state.slots.insert(STACK, (if whole { 8 } else { 4 }, Value::NUMBER));
            state.number_stored(STACK, &Expr::Reg(LENGTH));
            state.set(ARGUMENT, Value::NUMBER);
            state.number_loaded(ARGUMENT, STACK);
            assert_eq!(state.is_seen(ADDRESS, ARGUMENT), whole);
        }
        state.slots.insert(STACK, (8, Value::NUMBER));
        state.number_stored(STACK, &Expr::Number);
        state.number_loaded(ARGUMENT, STACK);
        assert!(!state.is_seen(ADDRESS, ARGUMENT));
    }

    #[test]
    fn where_paths_meet_it_must_be_so_on_both() {
        let mut copied = masked();
        copy(&mut copied, ARGUMENT, LENGTH);
        // The same in other registers on the way: they are not asked for.
        let mut again = masked();
        copy(&mut again, OTHER, LENGTH);
        copy(&mut again, ARGUMENT, OTHER);
        let mut both = copied.clone();
        both.join(&again);
        assert!(both.is_seen(ADDRESS, ARGUMENT) && !both.is_seen(ADDRESS, OTHER));
        let mut other = masked();
        copy(&mut other, ARGUMENT, OTHER);
        copied.join(&other);
        assert!(!copied.is_seen(ADDRESS, ARGUMENT));
    }

    #[test]
    fn a_difference_may_be_computed_again_while_its_sides_are_there() {
        let difference = Expr::binary(Binary::Sub, Expr::Reg(6), Expr::Reg(7));
        let mut state = State::entry(Surroundings::UNGUARDED);
        state.number_set(LENGTH, &difference);
        state.mask(ADDRESS, Some(Length::Register(LENGTH)));
        state.number_set(ARGUMENT, &difference);
        assert!(state.is_seen(ADDRESS, ARGUMENT));
        // By another name of the one side.
        copy(&mut state, OTHER, 6);
        state.set(6, Value::NUMBER);
        state.number_set(ARGUMENT, &Expr::binary(Binary::Sub, Expr::Reg(OTHER), Expr::Reg(7)));
        assert!(state.is_seen(ADDRESS, ARGUMENT));
        state.number_set(ARGUMENT, &difference);
        assert!(!state.is_seen(ADDRESS, ARGUMENT));
    }

    #[test]
    fn a_constant_is_known_by_its_value() {
        let mut state = State::entry(Surroundings::UNGUARDED);
        state.set(LENGTH, Value::constant(12));
        state.mask(ADDRESS, Some(Length::Register(LENGTH)));
        state.set(ARGUMENT, Value::constant(12));
        assert!(state.is_seen(ADDRESS, ARGUMENT));
        assert!(state.covers(ADDRESS, 12) && !state.covers(ADDRESS, 13));
        state.number_set(OTHER, &Expr::binary(Binary::Add, Expr::Reg(ADDRESS), Expr::Const(8)));
        assert!(state.covers(OTHER, 12), "it is counted from the mask's answer");
        state.number_set(OTHER, &Expr::binary(Binary::Sub, Expr::Const(8), Expr::Reg(ADDRESS)));
        assert!(!state.covers(OTHER, 1));
        state.set(ARGUMENT, Value::constant(11));
        assert!(!state.is_seen(ADDRESS, ARGUMENT));
        state.mask(ADDRESS, Some(Length::Zero));
        state.set(ARGUMENT, Value::constant(0));
        assert!(state.is_seen(ADDRESS, ARGUMENT));
    }

    #[test]
    fn behind_a_comparison_with_a_constant_the_register_is_that() {
        let mut state = State::entry(Surroundings::UNGUARDED);
        state.set(OTHER, Value::NUMBER);
        state.number_set(FLAGS, &Expr::binary(Binary::Sub, Expr::Reg(OTHER), Expr::Const(7)));
        let mut changed = state.clone();
        state.compares_equal();
        assert_eq!(state.get(OTHER).as_constant(), Some(7));
        changed.set(OTHER, Value::NUMBER);
        changed.compares_equal();
        assert_eq!(changed.get(OTHER).as_constant(), None);
    }
}
