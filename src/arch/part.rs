// SPDX-License-Identifier: MIT OR Apache-2.0
//! Atomics of one or two bytes, for machines that only have atomics of four.
//!
//! They are done to the aligned word around, which lies in the same page. The other bytes of the word keep their
//! values.

/// The place of one or two bytes in the aligned word of 4 around them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<const SIZE: usize> {
    pub(crate) word: usize,
    shift: u32,
    pub(crate) mask: u64,
}

impl<const SIZE: usize> Part<SIZE> {
    #[inline(always)]
    pub(crate) fn at(addr: usize) -> Self {
        const BITS: u32 = u8::BITS;
        let shift = (addr % 4) as u32 * BITS;
        let ones = if SIZE == 1 { u64::from(u8::MAX) } else { u64::from(u16::MAX) };
        Self { word: addr & !3, shift, mask: ones << shift }
    }

    /// The word that has these bytes at this place, and is 0 elsewhere.
    #[inline(always)]
    pub(crate) fn place(self, bits: u64) -> u64 {
        (bits << self.shift) & self.mask
    }

    /// The bytes of a word at this place, as the lowest bytes of the result. The bytes above them are arbitrary.
    #[inline(always)]
    pub(crate) fn take(self, word: u64) -> u64 {
        word >> self.shift
    }
}
