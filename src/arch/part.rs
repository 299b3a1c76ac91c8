// SPDX-License-Identifier: MIT OR Apache-2.0
//! Atomics of one or two bytes, on machines that have them of four: they are done to the aligned word around, which lies
//! in the same page, and whose other bytes get the value that they have.

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

    /// The word that has these bytes there and is 0 elsewhere.
    #[inline(always)]
    pub(crate) fn place(self, bits: u64) -> u64 {
        (bits << self.shift) & self.mask
    }

    /// The bytes that a word has there, as the lowest.
    #[inline(always)]
    pub(crate) fn take(self, word: u64) -> u64 {
        word >> self.shift
    }
}
