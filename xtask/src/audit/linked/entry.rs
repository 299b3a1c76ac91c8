// SPDX-License-Identifier: MIT OR Apache-2.0
//! One entry of the exception table.

use std::collections::HashMap;

// The flags of an entry, as `src/arch` has them.
pub const READ: u16 = 1;
pub const WRITE: u16 = 2;
pub const STRICT: u16 = 4;
pub const NO_FAULT: u16 = 8;
pub const INLINED: u16 = 16;
pub const REHEARSED: u16 = 32;
/// What a landing of the self test gets instead of the cause: nothing, or the address.
pub const QUIET: u16 = 64;
pub const ECHO: u16 = 128;

/// What an entry takes up.
pub const ENTRY_SIZE: u64 = 8;

/// One entry of the exception table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where the entry itself lies.
    pub place: u64,
    pub insn: u64,
    pub landing: u64,
    pub flags: u16,
}

impl Entry {
    /// See `src/extable/entry.rs`: the instruction from the entry, the landing from the instruction, flags.
    pub fn parse(place: u64, bytes: &[u8]) -> Self {
        let insn = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let landing = i16::from_le_bytes([bytes[4], bytes[5]]);
        let insn = place.wrapping_add_signed(insn.into());
        Self {
            place,
            insn,
            landing: insn.wrapping_add_signed(landing.into()),
            flags: u16::from_le_bytes([bytes[6], bytes[7]]),
        }
    }

    /// What lies in the table for it.
    pub fn bytes(&self, place: u64) -> [u8; ENTRY_SIZE as usize] {
        let insn = self.insn.wrapping_sub(place) as u32;
        let landing = self.landing.wrapping_sub(self.insn) as u16;
        let mut bytes = [0; ENTRY_SIZE as usize];
        bytes[..4].copy_from_slice(&insn.to_le_bytes());
        bytes[4..6].copy_from_slice(&landing.to_le_bytes());
        bytes[6..].copy_from_slice(&self.flags.to_le_bytes());
        bytes
    }
}

/// Entries by the instruction that they belong to.
pub fn by_instruction(entries: &[Entry]) -> HashMap<u64, Vec<Entry>> {
    let mut found: HashMap<u64, Vec<Entry>> = HashMap::new();
    for entry in entries {
        found.entry(entry.insn).or_default().push(*entry);
    }
    found
}
