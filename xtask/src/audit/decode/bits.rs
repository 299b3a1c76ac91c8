// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fields of an instruction word.

/// The bits `high` to `low`.
pub fn bits(word: u32, high: u32, low: u32) -> u32 {
    word << (31 - high) >> (31 - high + low)
}

/// A number of so many bits with its sign.
pub fn signed(value: u32, width: u32) -> i64 {
    i64::from((value << (32 - width)).cast_signed() >> (32 - width))
}
