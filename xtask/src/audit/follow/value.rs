// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the proofs know of a register: which addresses it is built from, and which bits of the rest.

use crate::audit::decode::insn::{Binary, Reg};

/// An address that a value may be built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Symbol {
    /// What the register held on entry.
    Entry(Reg),
    /// The stack pointer after it was aligned down.
    Frame,
    /// A user address that the mask let through, or 0.
    Masked,
    /// The aligned four bytes around such an address.
    MaskedWord,
}

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing: it may even be made of addresses in a way that is not understood.
    Any,
    /// The sum of the symbols, each so many times, and of a number.
    Sum(Terms, Bits),
}

/// At most two symbols with their factors, in ascending order; 0 is an unused place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms([Option<(Symbol, i8)>; 2]);

/// A number of which some bits are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    known: u64,
    ones: u64,
}

/// Masks with constants below this take the address out of a value: what is left is an offset in a page.
const SMALL: u64 = 1 << 16;
/// The mask that rounds an address down to four bytes.
const WORD: u64 = !3;
/// Right shifts by so many bits do: what is left is a page's number.
const PAGE_BITS: u64 = 12;

impl Bits {
    pub const NONE: Self = Self { known: 0, ones: 0 };

    pub const fn constant(value: u64) -> Self {
        Self { known: u64::MAX, ones: value }
    }

    /// Only this bit is known.
    pub const fn bit(bit: u8, value: bool) -> Self {
        Self { known: 1 << bit, ones: (value as u64) << bit }
    }

    /// These bits are known, and those of them are ones.
    pub const fn some(known: u64, ones: u64) -> Self {
        Self { known, ones: ones & known }
    }

    pub fn value(self) -> Option<u64> {
        (self.known == u64::MAX).then_some(self.ones)
    }

    pub fn join(self, other: Self) -> Self {
        let known = self.known & other.known & !(self.ones ^ other.ones);
        Self { known, ones: self.ones & known }
    }

    fn map(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        match (self.value(), other.value()) {
            (Some(left), Some(right)) => Self::constant(f(left, right)),
            _ => Self::NONE,
        }
    }

    fn and(self, other: Self) -> Self {
        let zeros = (self.known & !self.ones) | (other.known & !other.ones);
        let ones = self.ones & other.ones;
        Self { known: zeros | ones, ones }
    }

    fn or(self, other: Self) -> Self {
        let ones = self.ones | other.ones;
        let zeros = (self.known & !self.ones) & (other.known & !other.ones);
        Self { known: zeros | ones, ones }
    }

    fn xor(self, other: Self) -> Self {
        let known = self.known & other.known;
        Self { known, ones: (self.ones ^ other.ones) & known }
    }

    fn shl(self, by: u32) -> Self {
        Self { known: (self.known << by) | ((1 << by) - 1), ones: self.ones << by }
    }

    fn shr(self, by: u32) -> Self {
        let above = if by == 0 { 0 } else { u64::MAX << (64 - by) };
        Self { known: (self.known >> by) | above, ones: self.ones >> by }
    }
}

impl Terms {
    const NONE: Self = Self([None; 2]);

    fn one(symbol: Symbol) -> Self {
        Self([Some((symbol, 1)), None])
    }

    fn is_none(self) -> bool {
        self == Self::NONE
    }

    fn iter(self) -> impl Iterator<Item = (Symbol, i8)> {
        self.0.into_iter().flatten()
    }

    /// The sum, if it has no more than two symbols and small factors.
    fn add(self, other: Self, sign: i8) -> Option<Self> {
        let mut all: Vec<(Symbol, i8)> = self.iter().collect();
        for (symbol, factor) in other.iter() {
            match all.iter_mut().find(|(known, _)| *known == symbol) {
                Some((_, sum)) => *sum += sign * factor,
                None => all.push((symbol, sign * factor)),
            }
        }
        all.retain(|&(_, factor)| factor != 0);
        all.sort_unstable();
        let fits = all.len() <= 2 && all.iter().all(|(_, factor)| factor.abs() <= 2);
        fits.then(|| Self([all.first().copied(), all.get(1).copied()]))
    }
}

impl Value {
    pub const NUMBER: Self = Self::Sum(Terms::NONE, Bits::NONE);

    pub const fn constant(value: u64) -> Self {
        Self::Sum(Terms::NONE, Bits::constant(value))
    }

    pub const fn bits(bits: Bits) -> Self {
        Self::Sum(Terms::NONE, bits)
    }

    pub fn symbol(symbol: Symbol) -> Self {
        Self::Sum(Terms::one(symbol), Bits::constant(0))
    }

    /// The number, if it is one and all of it is known.
    pub fn as_constant(self) -> Option<u64> {
        match self {
            Self::Sum(terms, bits) if terms.is_none() => bits.value(),
            _ => None,
        }
    }

    /// The symbol and the known distance from it.
    pub fn as_offset(self) -> Option<(Symbol, i64)> {
        match (self.as_address(), self) {
            (Some(symbol), Self::Sum(_, bits)) => Some((symbol, bits.value()? as i64)),
            _ => None,
        }
    }

    /// The one symbol that it lies at some distance from.
    pub fn as_address(self) -> Option<Symbol> {
        match self {
            Self::Sum(Terms([Some((symbol, 1)), None]), _) => Some(symbol),
            _ => None,
        }
    }

    /// The bit, if it is known.
    pub fn bit(self, bit: u8) -> Option<bool> {
        match self {
            Self::Sum(terms, bits) if terms.is_none() && bits.known >> bit & 1 == 1 => {
                Some(bits.ones >> bit & 1 == 1)
            }
            _ => None,
        }
    }

    /// Whether it is 0, if that is known.
    pub fn is_zero(self) -> Option<bool> {
        match self {
            Self::Sum(terms, bits) if terms.is_none() => match bits {
                Bits { ones, .. } if ones != 0 => Some(false),
                Bits { known: u64::MAX, .. } => Some(true),
                _ => None,
            },
            _ => None,
        }
    }

    /// What is known of its bits, if it is a number.
    pub fn as_bits(self) -> Option<Bits> {
        match self {
            Self::Sum(terms, bits) if terms.is_none() => Some(bits),
            _ => None,
        }
    }

    /// The same, if it is a number, with what is known of its lowest byte besides.
    pub fn with_byte(self, byte: Option<Bits>) -> Self {
        match (self.as_bits(), byte) {
            (Some(bits), Some(byte)) => {
                let known = byte.known & 0xff;
                Self::bits(Bits { known: bits.known | known, ones: bits.ones & !known | byte.ones & known })
            }
            _ => self,
        }
    }

    /// What holds of both.
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Sum(left, a), Self::Sum(right, b)) if left == right => Self::Sum(left, a.join(b)),
            _ => Self::Any,
        }
    }

    /// The same addresses, another number: where a string instruction has stopped.
    pub fn moved(self) -> Self {
        match self {
            Self::Sum(terms, _) => Self::Sum(terms, Bits::NONE),
            Self::Any => Self::Any,
        }
    }

    /// The low bits, zero-extended. A part of an address is a number.
    pub fn low(self, bits: u8) -> Self {
        let mask = Bits::constant((1 << bits) - 1);
        match self {
            Self::Sum(terms, known) if terms.is_none() => Self::bits(known.and(mask)),
            _ => Self::bits(Bits::NONE.and(mask)),
        }
    }

    pub fn apply(self, op: Binary, other: Self) -> Self {
        let constant = other.as_constant();
        match op {
            Binary::Add => self.sum(other, 1, u64::wrapping_add),
            Binary::Sub => self.sum(other, -1, u64::wrapping_sub),
            Binary::And => match (self.as_constant(), constant) {
                (_, Some(mask)) if mask < SMALL => self.number().both(Self::constant(mask), Bits::and),
                (Some(mask), _) if mask < SMALL => other.number().both(self, Bits::and),
                (_, Some(WORD)) if self == Self::symbol(Symbol::Masked) => Self::symbol(Symbol::MaskedWord),
                // Rounds down.
                (_, Some(mask)) if mask >> 32 == u64::MAX >> 32 && !self.is_number() => self.moved(),
                _ => self.both(other, Bits::and),
            },
            Binary::Or => self.both(other, Bits::or),
            Binary::Xor => self.both(other, Bits::xor),
            Binary::Shl => match (self, constant) {
                (Self::Sum(terms, bits), Some(by)) if terms.is_none() => Self::bits(bits.shl(by as u32 & 63)),
                _ if self.is_number() => Self::NUMBER,
                _ => Self::Any,
            },
            Binary::Shr => match (self, constant) {
                (Self::Sum(terms, bits), Some(by)) if terms.is_none() => Self::bits(bits.shr(by as u32 & 63)),
                (_, Some(by)) if by >= PAGE_BITS => Self::NUMBER,
                _ if self.is_number() => Self::NUMBER,
                _ => Self::Any,
            },
        }
    }

    pub fn is_number(self) -> bool {
        matches!(self, Self::Sum(terms, _) if terms.is_none())
    }

    fn number(self) -> Self {
        if self.is_number() { self } else { Self::NUMBER }
    }

    fn sum(self, other: Self, sign: i8, f: impl Fn(u64, u64) -> u64) -> Self {
        match (self, other) {
            _ if other.as_constant() == Some(0) => self,
            _ if self.as_constant() == Some(0) && sign == 1 => other,
            (Self::Sum(left, a), Self::Sum(right, b)) => match left.add(right, sign) {
                Some(terms) => Self::Sum(terms, a.map(b, f)),
                None => Self::Any,
            },
            _ => Self::Any,
        }
    }

    /// An operation on bits makes sense of numbers only.
    fn both(self, other: Self, f: impl Fn(Bits, Bits) -> Bits) -> Self {
        match (self, other) {
            (Self::Sum(left, a), Self::Sum(right, b)) if left.is_none() && right.is_none() => {
                Self::bits(f(a, b))
            }
            _ => Self::Any,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DST: Value = Value::Sum(Terms([Some((Symbol::Entry(7), 1)), None]), Bits::constant(0));
    const SRC: Value = Value::Sum(Terms([Some((Symbol::Entry(6), 1)), None]), Bits::constant(0));

    #[test]
    fn addresses_survive_arithmetic_that_keeps_them() {
        let apart = DST.apply(Binary::Sub, SRC);
        assert_eq!(apart.as_address(), None);
        assert_eq!(SRC.apply(Binary::Add, apart).as_address(), Some(Symbol::Entry(7)));
        let word = SRC.apply(Binary::And, Value::constant(-8_i64 as u64));
        assert_eq!((word.as_address(), word.as_offset()), (Some(Symbol::Entry(6)), None));
        let later = SRC.apply(Binary::Add, Value::constant(16));
        assert_eq!(later.as_offset(), Some((Symbol::Entry(6), 16)));
        assert_eq!(later.apply(Binary::Add, Value::NUMBER).as_address(), Some(Symbol::Entry(6)));
        assert_eq!(SRC.apply(Binary::Add, DST).as_address(), None);
    }

    #[test]
    fn parts_of_addresses_are_numbers_and_mixtures_nothing() {
        assert!(SRC.low(32).is_number());
        assert!(SRC.apply(Binary::And, Value::constant(4095)).is_number());
        assert!(SRC.apply(Binary::Or, DST).apply(Binary::And, Value::constant(7)).is_number());
        assert_eq!(SRC.apply(Binary::Or, DST), Value::Any);
        assert_eq!(SRC.join(DST), Value::Any);
        assert_eq!(SRC.join(Value::NUMBER), Value::Any);
        assert_eq!(SRC.join(SRC.moved()).as_address(), Some(Symbol::Entry(6)));
    }

    #[test]
    fn single_bits_are_followed() {
        let status = Value::bits(Bits::bit(18, true));
        let only = status.apply(Binary::And, Value::constant(1 << 18));
        assert_eq!(only.as_constant(), Some(1 << 18));
        assert_eq!(status.apply(Binary::Xor, Value::constant(u64::MAX)).bit(18), Some(false));
        assert_eq!(status.is_zero(), Some(false));
        assert_eq!(Value::bits(Bits::bit(18, false)).is_zero(), None);
        assert_eq!(only.apply(Binary::Shr, Value::constant(18)).as_constant(), Some(1));
        assert_eq!(Value::constant(1).apply(Binary::Shl, Value::constant(18)).as_constant(), Some(1 << 18));
        assert_eq!(Value::NUMBER.low(8).bit(8), Some(false));
    }
}
