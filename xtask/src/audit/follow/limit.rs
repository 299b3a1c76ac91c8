// SPDX-License-Identifier: MIT OR Apache-2.0
//! The user limit, and which registers hold it: each mask must compare with that, and with nothing else.

use super::{
    numbers::{Number, Place},
    state::State,
};
use crate::audit::decode::insn::Reg;

impl State {
    /// `to` gets the user limit.
    pub fn limit_loaded(&mut self, to: Reg) {
        self.numbers.equate(Number::In(Place::Register(to)), Number::Limit);
    }

    /// Whether the register holds what was loaded from the crate's variable of the limit.
    pub fn is_limit(&self, reg: Reg) -> bool {
        let class = |number| self.numbers.classes.get(&number);
        class(Number::Limit).is_some_and(|limit| class(Number::In(Place::Register(reg))) == Some(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::State;
    use crate::audit::{
        decode::insn::{Binary, Expr, Reg},
        follow::{state::Surroundings, value::Value},
    };

    const LIMIT: Reg = 1;
    const COPY: Reg = 2;
    const OTHER: Reg = 3;

    /// It is loaded to `LIMIT`.
    fn loaded() -> State {
        let mut state = State::entry(Surroundings::UNGUARDED);
        state.set(LIMIT, Value::NUMBER);
        state.limit_loaded(LIMIT);
        state
    }

    #[test]
    fn a_copy_is_the_limit_and_what_is_computed_from_it_is_not() {
        let mut state = loaded();
        state.number_set(COPY, &Expr::Reg(LIMIT));
        assert!(state.is_limit(LIMIT) && state.is_limit(COPY) && !state.is_limit(OTHER));
        state.number_set(OTHER, &Expr::binary(Binary::Sub, Expr::Reg(LIMIT), Expr::Const(1)));
        assert!(!state.is_limit(OTHER));
        state.set(LIMIT, Value::constant(u64::MAX));
        assert!(!state.is_limit(LIMIT) && state.is_limit(COPY));
    }

    #[test]
    fn where_paths_meet_it_must_be_the_limit_on_both() {
        let (mut both, mut one) = (loaded(), loaded());
        both.join(&loaded());
        one.join(&State::entry(Surroundings::UNGUARDED));
        assert!(both.is_limit(LIMIT) && !one.is_limit(LIMIT));
    }
}
