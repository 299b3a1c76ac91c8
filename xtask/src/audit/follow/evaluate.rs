// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an expression comes to in a state, memory included.

use super::{
    state::State,
    value::{Bits, Symbol, Value},
    walk::Walk,
};
use crate::audit::decode::{
    insn::Expr,
    isa::{Guard, Lacking},
};

impl Walk<'_> {
    pub fn slot(&self, addr: Value) -> Option<(Symbol, i64)> {
        let (symbol, offset) = addr.as_offset()?;
        let on_stack = symbol == Symbol::Frame || symbol == Symbol::Entry(self.binary.isa.stack);
        on_stack.then_some((symbol, offset))
    }

    pub fn load(&self, addr: Value, size: u8, state: &State) -> Value {
        if let Some((stored, value)) = self.slot(addr).and_then(|slot| state.slots.get(&slot)) {
            return if size == *stored { *value } else { Value::NUMBER };
        }
        let Some(addr) = addr.as_constant() else { return Value::NUMBER };
        if Some(addr) == self.binary.cpu
            && let Guard::Bit { lacking: Lacking::Undefined { known, feature }, .. } = self.guard
        {
            // Between 0 and what CPUID says there is nothing.
            return match (state.window.known, self.surroundings.lacking) {
                (false, _) => Value::constant(0),
                (true, false) => Value::bits(Bits::some(known | feature, known | feature)),
                (true, true) => Value::bits(Bits::some(known | feature, known)),
            };
        }
        // A slot of the global offset table, or its like.
        match self.binary.image.pointer(addr) {
            Some(target)
                if size == 8
                    && (self.binary.image.is_code(target)
                        || [self.binary.cpu, self.binary.limit].contains(&Some(target))) =>
            {
                Value::constant(target)
            }
            _ => Value::NUMBER,
        }
    }

    pub fn evaluate(&self, value: &Expr, state: &State) -> Value {
        match value {
            Expr::Reg(reg) => state.get(*reg),
            Expr::Const(value) => Value::constant(*value),
            Expr::Number => Value::NUMBER,
            Expr::Any => Value::Any,
            Expr::Mix(parts) => {
                let numbers = parts.iter().all(|part| self.evaluate(part, state).is_number());
                if numbers { Value::NUMBER } else { Value::Any }
            }
            Expr::Status => match self.guard {
                Guard::Bit { bit, open, .. } => Value::bits(Bits::bit(bit, state.window.open == open)),
                Guard::None => Value::NUMBER,
            },
            Expr::Binary(op, sides) => {
                let (left, right) = (self.evaluate(&sides.0, state), self.evaluate(&sides.1, state));
                left.apply(*op, right)
            }
            Expr::Low(bits, value) => {
                let whole = self.evaluate(value, state).low(*bits);
                match **value {
                    Expr::Reg(reg) => whole.with_byte(state.bytes[usize::from(reg)]),
                    _ => whole,
                }
            }
            Expr::Either(sides) => self.evaluate(&sides.0, state).join(self.evaluate(&sides.1, state)),
        }
    }
}
