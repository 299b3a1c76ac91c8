// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instructions that do many bytes, and may stop at a fault in the middle: x86_64's string instructions, and aarch64's copies and
//! sets.

use super::{
    memory::{Memory, Refused},
    micro::{Reg, Stage},
};

const RCX: usize = 1;
const RSI: usize = 6;
const RDI: usize = 7;

/// `rep movs` and `rep stos`: each element is an access of its own. At a fault the registers say how many are done (SDM vol. 2,
/// REP). DF is 0.
pub fn repeat(registers: &mut [u64], memory: &mut Memory, size: u8, moves: bool) -> Result<(), Refused> {
    let len = u64::from(size);
    while registers[RCX] != 0 {
        let (to, from) = (registers[RDI], registers[RSI]);
        let mut most = memory.run(to, registers[RCX] * len);
        if moves {
            most = memory.run(from, most);
        }
        let mut done = most / len * len;
        if done > len && moves {
            memory.copy(to, from, done);
        } else if done > len && size == 1 {
            memory.set(to, registers[0] as u8, done);
        } else {
            done = len;
            let mut bytes = [0; 32];
            if moves {
                memory.load(from, usize::from(size), &mut bytes)?;
            } else {
                bytes[..8].copy_from_slice(&registers[0].to_le_bytes());
            }
            memory.store(to, &bytes[..usize::from(size)])?;
        }
        registers[RDI] += done;
        if moves {
            registers[RSI] += done;
        }
        registers[RCX] -= done / len;
    }
    Ok(())
}

/// How a CPU does aarch64's copies: which of the two forms its registers have (option B: C is set), and how many bytes
/// are done at once. The manual leaves both to the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copier {
    pub is_b: bool,
    pub block: u64,
    /// A part of a block that faults may have been done.
    pub partial: bool,
}

impl Default for Copier {
    fn default() -> Self {
        Self { is_b: false, block: 16, partial: false }
    }
}

/// The prologue does one block, the main part all blocks but the last, the epilogue the rest.
///
/// Registers: destination, source or byte, count. Behind the prologue they have the form of the CPU's option (Arm ARM C6,
/// CPYFP): with A the count is negative, and the addresses are those of the ends.
pub fn instruction(
    (registers, memory): (&mut [u64], &mut Memory),
    carry: &mut bool,
    copier: Copier,
    stage: Stage,
    operands: [Reg; 3],
    is_set: bool,
) -> Result<(), Refused> {
    let [to, from, count] = operands.map(usize::from);
    let Copier { is_b, block, partial } = copier;
    let converted = stage != Stage::Prologue && !is_b;
    let get = |registers: &[u64]| {
        let (x, y, n) = (registers[to], registers[from], registers[count]);
        // What is left, and where it begins.
        if converted {
            let left = n.wrapping_neg();
            (x.wrapping_sub(left), y.wrapping_sub(left), left)
        } else {
            (x, y, n)
        }
    };
    let put = |registers: &mut [u64], (x, y, left): (u64, u64, u64), converted: bool| {
        let by = if converted { left } else { 0 };
        registers[to] = x.wrapping_add(by);
        if !is_set {
            registers[from] = y.wrapping_add(by);
        }
        registers[count] = if converted { left.wrapping_neg() } else { left };
    };
    let (mut x, mut y, mut left) = get(registers);
    let until = match stage {
        Stage::Prologue => left.saturating_sub(block),
        Stage::Main => left % block,
        Stage::Epilogue => 0,
    };
    if stage == Stage::Prologue {
        // The form is said before anything is done.
        *carry = !is_b;
    }
    while left > until {
        let now = block.min(left - until);
        if let Err(refused) = one_block(memory, (x, y, now), is_set.then(|| registers[from] as u8), partial) {
            put(registers, (x, y, left), converted);
            return Err(refused);
        }
        x += now;
        y = y.wrapping_add(now);
        left -= now;
    }
    put(registers, (x, y, left), !is_b);
    Ok(())
}

/// All of a block, or what lies in front of the fault.
fn one_block(
    memory: &mut Memory,
    (to, from, len): (u64, u64, u64),
    set: Option<u8>,
    partial: bool,
) -> Result<(), Refused> {
    let mut bytes = [set.unwrap_or_default(); 32];
    let is_set = set.is_some();
    if len as usize <= bytes.len() && !partial {
        if !is_set {
            memory.load(from, len as usize, &mut bytes)?;
        }
        // What a block has written in front of its fault is written again; not if its page goes at the same time (mops.S).
        let whole = memory.going.is_some();
        let partial = std::mem::replace(&mut memory.partial, !whole);
        let stored = memory.store(to, &bytes[..len as usize]);
        memory.partial = partial;
        return stored;
    }
    // Byte by byte: what is done in front of the fault stays, but for the registers.
    for at in 0..len {
        if !is_set {
            memory.load(from.wrapping_add(at), 1, &mut bytes)?;
        }
        memory.store(to + at, &bytes[..1])?;
    }
    Ok(())
}
