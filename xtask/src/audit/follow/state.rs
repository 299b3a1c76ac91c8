// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is known at one place of a path.

use std::collections::BTreeMap;

use super::{
    numbers::{Numbers, Place},
    value::{Bits, Symbol, Value},
};
use crate::audit::decode::{
    insn::{FLAGS, REGISTERS, Reg},
    isa::{Guard, Isa, Lacking},
};

/// What is known where a path stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub registers: [Value; REGISTERS],
    /// What is known of the lowest byte besides, where only that has been written.
    pub bytes: [Option<Bits>; REGISTERS],
    /// The table of jumps that it is computed or loaded from.
    pub origins: [Option<u64>; REGISTERS],
    /// What lies on the stack, and in how many bytes.
    pub slots: BTreeMap<(Symbol, i64), (u8, Value)>,
    /// Which of them hold the same number.
    pub numbers: Numbers,
    pub window: WindowState,
}

/// The window on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WindowState {
    pub open: bool,
    /// How often the path has opened it; since it was closed, where it may be opened again.
    pub opened: u8,
    /// Whether the CPU feature byte is filled.
    pub known: bool,
    /// Tells states apart that differ in nothing of this: see `Rules::apart`.
    pub way: u8,
}

impl WindowState {
    /// The least in order.
    pub const LEAST: Self = Self { open: false, opened: 0, known: false, way: 0 };
}

/// What the code finds when it is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// The processor lacks the guard.
    pub lacking: bool,
    /// The window is open already.
    pub open: bool,
    /// Somebody has asked for the CPU's features.
    pub known: bool,
}

impl Surroundings {
    /// Where no window matters.
    pub const UNGUARDED: Self = Self { lacking: false, open: true, known: true };

    /// Everything that code may find: a CPU with or without the guard, asked or not, the window open or not.
    pub fn all(guard: Guard) -> Vec<Self> {
        let (lacking, known): (&[bool], &[bool]) = match guard {
            Guard::None => return vec![Self::UNGUARDED],
            Guard::Bit { lacking: Lacking::Never, .. } => (&[false], &[true]),
            Guard::Bit { lacking: Lacking::Undefined { .. }, .. } => (&[false, true], &[false, true]),
        };
        let mut all = Vec::new();
        for &lacking in lacking {
            for &known in known {
                for open in [false, true] {
                    all.push(Self { lacking, open, known });
                }
            }
        }
        all
    }
}

/// States by where they are, and what they must not be joined across.
pub type States = BTreeMap<(u64, WindowState), State>;

impl State {
    pub fn entry(surroundings: Surroundings) -> Self {
        let mut registers = [Value::Any; REGISTERS];
        for (reg, value) in registers.iter_mut().enumerate().take(usize::from(FLAGS)) {
            *value = Value::symbol(Symbol::Entry(reg as Reg));
        }
        let window = WindowState { open: surroundings.open, opened: 0, known: surroundings.known, way: 0 };
        let (bytes, origins) = ([None; REGISTERS], [None; REGISTERS]);
        Self { registers, bytes, origins, slots: BTreeMap::new(), numbers: Numbers::default(), window }
    }

    /// Nothing is known, but for the stack pointer.
    pub fn nothing(surroundings: Surroundings, isa: &Isa) -> Self {
        let mut state = Self::entry(surroundings);
        state.registers = [Value::Any; REGISTERS];
        state.set(isa.stack, Value::symbol(Symbol::Frame));
        state
    }

    pub fn get(&self, reg: Reg) -> Value {
        self.registers[usize::from(reg)]
    }

    pub fn set(&mut self, reg: Reg, value: Value) {
        self.registers[usize::from(reg)] = value;
        self.bytes[usize::from(reg)] = None;
        self.origins[usize::from(reg)] = None;
        self.numbers.forget(Place::Register(reg));
    }

    /// Keeps what holds of both; tells whether that is less than before.
    pub fn join(&mut self, other: &Self) -> bool {
        // In the form that it has behind this.
        self.numbers.join(&self.numbers.clone());
        let before = self.clone();
        for (mine, others) in self.registers.iter_mut().zip(&other.registers) {
            *mine = mine.join(*others);
        }
        for (mine, others) in self.bytes.iter_mut().zip(&other.bytes) {
            *mine = mine.zip(*others).map(|(mine, others)| mine.join(others));
        }
        for (mine, others) in self.origins.iter_mut().zip(&other.origins) {
            *mine = mine.filter(|mine| *others == Some(*mine));
        }
        self.slots.retain(|slot, (size, value)| match other.slots.get(slot) {
            Some((others_size, others)) if others_size == size => {
                *value = value.join(*others);
                true
            }
            _ => false,
        });
        self.numbers.join(&other.numbers);
        *self != before
    }
}
