// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an instruction does to the state: its registers, the stack, the window.

use super::{
    numbers::Numbers,
    state::State,
    value::{Symbol, Value},
    walk::{Event, See, Walk},
};
use crate::audit::decode::{
    insn::{Direction, Expr, Insn, Op, Window},
    isa::Guard,
};

impl Walk<'_> {
    /// The state that a landing finds after a fault: a faulting instruction has changed nothing, except that
    /// one that goes stepwise has moved its registers.
    pub fn landed(&self, insn: &Insn, before: &State) -> State {
        let mut state = before.clone();
        for op in &insn.ops {
            if let Op::Set(reg, _) = op
                && insn.stepwise
            {
                state.set(*reg, before.get(*reg).moved());
            }
        }
        state.set(self.binary.isa.cause, Value::NUMBER);
        state
    }

    pub fn execute(&self, op: &Op, insn: &Insn, state: &mut State, see: &mut See) {
        match op {
            Op::Set(reg, from) => {
                let mut value = self.evaluate(from, state);
                if *reg == self.binary.isa.stack && value.as_offset().is_none() {
                    value = Value::symbol(Symbol::Frame);
                    state.slots.clear();
                    state.numbers = Numbers::default();
                }
                let byte = match from {
                    Expr::Reg(from) => state.bytes[usize::from(*from)],
                    _ => None,
                };
                let origin = self.origin(from, state);
                state.registers[usize::from(*reg)] = value;
                state.bytes[usize::from(*reg)] = byte;
                state.origins[usize::from(*reg)] = origin;
                if self.rules.numbers {
                    state.number_set(*reg, from);
                }
            }
            Op::SetByte(reg, value) => {
                let byte = self.evaluate(value, state).low(8);
                let all = [state.get(*reg), byte].into_iter().all(Value::is_number);
                state.set(*reg, if all { Value::NUMBER } else { Value::Any });
                state.bytes[usize::from(*reg)] = byte.as_bits();
            }
            Op::Load(to, access) => {
                let addr = self.evaluate(&access.addr, state);
                see(insn, &*state, Event::Access(Direction::Load, access, addr));
                if let Some(reg) = to {
                    let origin = self.origin(&access.addr, state);
                    state.set(*reg, self.load(addr, access.size, state));
                    state.origins[usize::from(*reg)] = origin;
                    let slot = self.slot(addr).filter(|_| self.rules.numbers && access.size == 8);
                    if let Some(slot) = slot {
                        state.number_loaded(*reg, slot);
                    }
                    let is_limit = addr.as_constant().is_some() && addr.as_constant() == self.binary.limit;
                    if is_limit && self.rules.numbers && access.size == 8 {
                        state.limit_loaded(*reg);
                    }
                }
            }
            Op::Store(value, access) => {
                let addr = self.evaluate(&access.addr, state);
                see(insn, &*state, Event::Access(Direction::Store, access, addr));
                if let Some(slot) = self.slot(addr) {
                    // Whatever it overlaps is gone.
                    let size = i64::from(access.size);
                    state.slots.retain(|&(symbol, at), _| {
                        symbol != slot.0 || at + 8 <= slot.1 || slot.1 + size <= at
                    });
                    if let (size @ (1 | 2 | 4 | 8), Some(from)) = (access.size, value) {
                        if self.rules.numbers && size == 8 {
                            state.number_stored(slot, from);
                        }
                        let value = self.evaluate(from, state);
                        let value = if size == 8 { value } else { value.low(size * 8) };
                        state.slots.insert(slot, (size, value));
                    }
                }
            }
            Op::SetStatus(value) => match self.guard {
                Guard::Bit { bit, open, .. } => match self.evaluate(value, state).bit(bit) {
                    Some(value) => self.move_window(value == open, insn, state, see),
                    None => {
                        see(insn, &*state, Event::Wrong("sets the window to what is not known".to_owned()))
                    }
                },
                Guard::None => {
                    see(insn, &*state, Event::Wrong("moves a window where there is none".to_owned()))
                }
            },
            Op::Window(Window::PopFlags) => {
                see(insn, &*state, Event::Wrong("takes all flags from the stack".to_owned()))
            }
            Op::Window(window) => self.move_window(*window == Window::Open, insn, state, see),
        }
    }

    fn move_window(&self, open: bool, insn: &Insn, state: &mut State, see: &mut See) {
        if self.guard == Guard::None {
            see(insn, &*state, Event::Wrong("moves a window where there is none".to_owned()));
        }
        if self.surroundings.lacking {
            see(
                insn,
                &*state,
                Event::Wrong("moves the window on a CPU that has none: undefined there".to_owned()),
            );
        }
        // What was open to begin with is given back.
        if open && !state.window.open && !(self.rules.opens_again && self.surroundings.open) {
            state.window.opened = state.window.opened.saturating_add(1).min(2);
            if state.window.opened > 1 {
                see(insn, &*state, Event::Wrong("opens the window a second time".to_owned()));
            }
        }
        if !open && self.rules.opens_again {
            state.window.opened = 0;
        }
        state.window.open = open;
    }
}
