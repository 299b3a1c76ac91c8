// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers that look random and are the same in every boot.

/// Xorshift with 64 bits.
#[derive(Debug)]
pub struct Rng(u64);

impl Rng {
    /// A sequence of its own for each seed.
    pub const fn new(seed: usize) -> Self {
        Self((seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The next one, below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % end as u64) as usize
    }
}
