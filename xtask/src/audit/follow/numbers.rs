// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which registers and places on the stack hold the same number, however little is known of it.

use std::collections::BTreeMap;

use super::value::Symbol;
use crate::audit::decode::insn::{FLAGS, Reg};

/// Something that holds 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Register(Reg),
    Stack(Symbol, i64),
}

/// A number that is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Number {
    /// What lies there.
    In(Place),
    /// The length that a mask has seen whose answer lies there.
    SeenFor(Place),
    /// The difference between what lies in two registers: the compiler may compute it once more.
    Difference(Reg, Reg),
    /// The user limit, whenever it was loaded.
    Limit,
}

impl Number {
    /// Whether it is another one when something else lies there.
    fn depends_on(self, place: Place) -> bool {
        match self {
            Self::In(it) | Self::SeenFor(it) => it == place,
            Self::Difference(left, right) => [left, right].map(Place::Register).contains(&place),
            Self::Limit => false,
        }
    }
}

/// Which numbers are equal, and those of lengths that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Numbers with the same class are equal. What is in none may be anything.
    pub classes: BTreeMap<Number, usize>,
    /// The lengths that masks have seen, where they are constants, by where their answers lie, or what is a constant apart
    /// from them.
    pub lengths: BTreeMap<Place, u64>,
    /// What the last comparison was of: a register that still holds it, and a constant.
    pub compared: Option<(Reg, u64)>,
}

impl Numbers {
    /// Something else lies there now.
    pub fn forget(&mut self, place: Place) {
        self.keep_differences(place);
        self.classes.retain(|number, _| !number.depends_on(place));
        self.lengths.remove(&place);
        self.compared = self.compared.filter(|(reg, _)| ![*reg, FLAGS].map(Place::Register).contains(&place));
    }

    /// A register, and those that hold the same.
    pub fn with_equals(&self, reg: Reg) -> Vec<Reg> {
        let Some(class) = self.classes.get(&Number::In(Place::Register(reg))) else { return vec![reg] };
        let equals = self.classes.iter().filter(|(_, it)| *it == class);
        let registers = equals.filter_map(|(number, _)| match number {
            Number::In(Place::Register(reg)) => Some(*reg),
            _ => None,
        });
        registers.collect()
    }

    /// Before something else lies there: where the same lies in another register, differences are those from that.
    fn keep_differences(&mut self, place: Place) {
        let Place::Register(reg) = place else { return };
        let Some(other) = self.with_equals(reg).into_iter().find(|it| *it != reg) else { return };
        let renamed = |reg| if Place::Register(reg) == place { other } else { reg };
        let kept: Vec<_> = self
            .classes
            .iter()
            .filter_map(|(number, class)| match number {
                Number::Difference(left, right) if number.depends_on(place) => {
                    Some((Number::Difference(renamed(*left), renamed(*right)), *class))
                }
                _ => None,
            })
            .collect();
        for (number, class) in kept {
            self.classes.entry(number).or_insert(class);
        }
    }

    /// Something else may lie in these places on the stack.
    pub fn forget_stack(&mut self, are: impl Fn(Symbol, i64) -> bool) {
        let is_one = |place: &Place| matches!(place, Place::Stack(symbol, at) if are(*symbol, *at));
        self.classes.retain(|number, _| match number {
            Number::In(place) | Number::SeenFor(place) => !is_one(place),
            Number::Difference(..) | Number::Limit => true,
        });
        self.lengths.retain(|place, _| !is_one(place));
    }

    /// `to` gets what lies in `from`.
    pub fn copy(&mut self, to: Place, from: Place) {
        if to == from {
            return;
        }
        self.forget(to);
        self.equate(Number::In(to), Number::In(from));
        if self.classes.contains_key(&Number::SeenFor(from)) {
            self.equate(Number::SeenFor(to), Number::SeenFor(from));
        }
        if let Some(length) = self.lengths.get(&from).copied() {
            self.lengths.insert(to, length);
        }
    }

    /// `new`, which is in no class, is equal to `known`.
    pub fn equate(&mut self, new: Number, known: Number) {
        let unused = self.classes.values().max().map_or(0, |last| last + 1);
        let class = *self.classes.entry(known).or_insert(unused);
        self.classes.insert(new, class);
    }

    /// Keeps what holds of both. Classes are counted in the order of their members: so what is equal looks equal.
    pub fn join(&mut self, other: &Self) {
        let mut counts = BTreeMap::new();
        for (number, class) in &self.classes {
            if let Some(others) = other.classes.get(number) {
                *counts.entry((*class, *others)).or_insert(0) += 1;
            }
        }
        let mut names = BTreeMap::new();
        let classes = self.classes.iter().filter_map(|(number, class)| {
            let both = (*class, *other.classes.get(number)?);
            let next = names.len();
            // Who is alone says nothing.
            (counts[&both] > 1).then(|| (*number, *names.entry(both).or_insert(next)))
        });
        self.classes = classes.collect();
        self.lengths.retain(|place, length| other.lengths.get(place) == Some(length));
        self.compared = self.compared.filter(|compared| other.compared == Some(*compared));
    }
}
