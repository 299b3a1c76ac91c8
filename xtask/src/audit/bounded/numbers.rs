// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the instructions of general registers compute, and the flags that come of it.

use super::micro::{Alu, Condition};

#[derive(Clone, Copy, Debug, Default)]
pub struct Flags {
    pub zero: bool,
    pub negative: bool,
    /// A carry of an addition, a borrow of a subtraction: on aarch64 the complement of C.
    pub carry: bool,
    pub overflow: bool,
}

impl Flags {
    pub fn hold(self, condition: Condition) -> bool {
        match condition {
            Condition::Equal => self.zero,
            Condition::NotEqual => !self.zero,
            Condition::Below => self.carry,
            Condition::AtLeast => !self.carry,
            Condition::AtMost => self.carry || self.zero,
            Condition::Above => !self.carry && !self.zero,
            Condition::Less => self.negative != self.overflow,
            Condition::GreaterEqual => self.negative == self.overflow,
            Condition::LessEqual => self.zero || self.negative != self.overflow,
            Condition::Greater => !self.zero && self.negative == self.overflow,
            Condition::Negative => self.negative,
            Condition::NotNegative => !self.negative,
        }
    }
}

pub const fn mask(bits: u8) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

pub fn sign(value: u64, bits: u8) -> u64 {
    let up = 64 - u32::from(bits);
    (((value << up) as i64) >> up) as u64
}

pub fn add(a: u64, b: u64, bits: u8) -> (u64, Flags) {
    let value = a.wrapping_add(b) & mask(bits);
    let overflow = (a ^ value) & (b ^ value);
    (value, of(value, bits, value < a, overflow))
}

pub fn subtract(a: u64, b: u64, bits: u8) -> (u64, Flags) {
    let (a, b) = (a & mask(bits), b & mask(bits));
    let value = a.wrapping_sub(b) & mask(bits);
    let overflow = (a ^ b) & (a ^ value);
    (value, of(value, bits, a < b, overflow))
}

fn of(value: u64, bits: u8, carry: bool, overflow: u64) -> Flags {
    let top = |word: u64| word >> (bits - 1) & 1 == 1;
    Flags { zero: value == 0, negative: top(value), carry, overflow: top(overflow) }
}

/// Computes on so many low bits. No flags come of a shift by nothing. A word of logic clears the carry, but where it `borrows`:
/// there the flag is a borrow's complement.
pub fn compute(op: Alu, a: u64, b: u64, bits: u8, borrows: bool) -> (u64, Option<Flags>) {
    let all = mask(bits);
    let (a, b) = (a & all, b & all);
    let shift = b & u64::from(bits.max(32) - 1);
    let mut carry = borrows;
    let value = match op {
        Alu::Add => {
            let (value, flags) = add(a, b, bits);
            return (value, Some(flags));
        }
        Alu::Sub => {
            let (value, flags) = subtract(a, b, bits);
            return (value, Some(flags));
        }
        Alu::And => a & b,
        Alu::AndNot => a & !b,
        Alu::Or => a | b,
        Alu::Xor => a ^ b,
        Alu::Mul => a.wrapping_mul(b),
        Alu::Shl | Alu::Shr | Alu::Sar if shift == 0 => return (a, None),
        Alu::Shl => {
            carry = shift <= u64::from(bits) && a >> (u64::from(bits) - shift) & 1 == 1;
            a << shift
        }
        Alu::Shr => {
            carry = a >> (shift - 1) & 1 == 1;
            a >> shift
        }
        Alu::Sar => ((sign(a, bits) as i64) >> shift) as u64,
        Alu::Below => u64::from(a < b),
        Alu::Less => u64::from((sign(a, bits) as i64) < sign(b, bits) as i64),
        Alu::Take => b,
    } & all;
    let negative = value >> (bits - 1) & 1 == 1;
    (value, Some(Flags { zero: value == 0, negative, carry, overflow: false }))
}

#[cfg(test)]
mod tests {
    use super::{Alu, Condition, add, compute, subtract};

    /// All pairs of bytes, by Rust's own arithmetic.
    #[test]
    fn sums_and_differences_have_the_flags_of_their_operands() {
        for (a, b) in (0..=u8::MAX).flat_map(|a| (0..=u8::MAX).map(move |b| (a, b))) {
            let (sum, flags) = add(a.into(), b.into(), 8);
            assert_eq!((sum as u8, flags.carry), a.overflowing_add(b), "{a} + {b}");
            assert_eq!(flags.overflow, (a as i8).overflowing_add(b as i8).1, "{a} + {b}");
            let (difference, flags) = subtract(a.into(), b.into(), 8);
            assert_eq!((difference as u8, flags.carry), a.overflowing_sub(b), "{a} - {b}");
            let (signed, other) = (a as i8, b as i8);
            for (condition, holds) in [
                (Condition::Equal, a == b),
                (Condition::NotEqual, a != b),
                (Condition::Below, a < b),
                (Condition::AtLeast, a >= b),
                (Condition::AtMost, a <= b),
                (Condition::Above, a > b),
                (Condition::Less, signed < other),
                (Condition::LessEqual, signed <= other),
                (Condition::Greater, signed > other),
                (Condition::GreaterEqual, signed >= other),
                (Condition::Negative, signed.wrapping_sub(other) < 0),
                (Condition::NotNegative, signed.wrapping_sub(other) >= 0),
            ] {
                assert_eq!(flags.hold(condition), holds, "{a} {condition:?} {b}");
            }
        }
    }

    #[test]
    fn words_of_a_width_keep_to_it() {
        for (op, a, b, bits, value) in [
            (Alu::Shl, 0x81, 1, 8, 0x02),
            (Alu::Shr, 0x1_0000_0002, 1, 32, 1),
            (Alu::Sar, 0x8000_0000, 4, 32, 0xf800_0000),
            (Alu::AndNot, 0xff, 0x0f, 64, 0xf0),
            (Alu::Less, 0xffff_ffff, 0, 32, 1),
            (Alu::Below, 0xffff_ffff, 0, 32, 0),
            (Alu::Mul, u64::MAX, 3, 64, u64::MAX - 2),
            (Alu::Take, 7, 0x1_0000_0009, 32, 9),
        ] {
            assert_eq!(compute(op, a, b, bits, false).0, value, "{op:?} {a:#x} {b:#x} of {bits} bits");
        }
        assert!(compute(Alu::Shl, 5, 64, 64, false).1.is_none(), "nothing is shifted");
        assert!(compute(Alu::Shr, 2, 2, 64, false).1.is_some_and(|flags| flags.carry && flags.zero));
    }
}
