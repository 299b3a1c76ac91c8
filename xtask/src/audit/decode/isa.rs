// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the proofs must know of each machine.

use object::Architecture;

use super::insn::{Insn, Reg};

/// One architecture, as the proofs see it.
#[derive(Debug)]
pub struct Isa {
    pub name: &'static str,
    pub architecture: Architecture,
    /// Reads the instruction at the start of `bytes`; `None` for one that it does not know.
    pub decode: fn(bytes: &[u8], addr: u64) -> Option<Insn>,
    /// Instruction lengths are multiples of this.
    pub unit: u64,
    pub stack: Reg,
    /// Where a return goes to; none if the stack holds it.
    pub link: Option<Reg>,
    /// The registers of the first arguments.
    pub arguments: [Reg; 3],
    /// The register that carries the cause to a landing.
    pub cause: Reg,
    /// The registers that a function leaves as they were.
    pub preserved: &'static [Reg],
    /// What stands between user memory and a plain access, in a kernel.
    pub window: Guard,
    /// The sequence of `confine`. Capital letters stand for any register: `C` for the one that has the answer
    /// in the end, `Z` for one that holds 0.
    pub mask: &'static [&'static str],
    /// The names of registers by their numbers, as the decoder's texts have them.
    pub names: &'static [&'static str],
    /// An instruction that does nothing.
    pub nop: &'static [u8],
    /// A call of what stands behind it.
    pub call: &'static [u8],
    /// Makes a plain access of an unprivileged one.
    pub plain: Option<Rewrite>,
    /// Its vector registers, where the routines of a process use some.
    pub vectors: Option<Vectors>,
    /// How a count register is compared, and a count taken over from another register: by `edge.rs`.
    pub edge: Option<Edge>,
}

impl Isa {
    /// The number of the register of this name.
    pub fn register(&self, name: &str) -> Option<Reg> {
        Some(self.names.iter().position(|known| *known == name)? as Reg)
    }

    /// The register of a function's answer.
    pub fn result(&self) -> Reg {
        // x86_64 returns in rax, where no argument comes; the others in the first argument's.
        self.link.map_or(0, |_| self.arguments[0])
    }
}

/// What is to be known of vector registers.
#[derive(Debug)]
pub struct Vectors {
    /// Those that a function leaves as they were, as bits.
    pub preserved: u32,
    /// An instruction that changes one, of those if there are any.
    pub changes_one: &'static [u8],
}

/// One instruction's bytes made into another's.
pub type Rewrite = fn(insn: &[u8]) -> Vec<u8>;

/// What must stand before a string instruction whose count has been replaced: lines as in `Isa::mask`.
#[derive(Debug)]
pub struct Edge {
    /// The line that replaces the count, `C` being where it comes from.
    pub replaces: &'static str,
    /// The comparison of the same register with the count, and the branch right behind it.
    pub compares: &'static str,
    pub leaves: &'static str,
}

/// How a machine guards user memory from its kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Not at all.
    None,
    /// By a bit of the status word: open while the bit has the value.
    Bit { bit: u8, open: bool, lacking: Lacking },
}

/// What a processor without the guard does with the instructions that move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// There is none.
    Never,
    /// They are undefined: they must not be reached. The CPU feature byte's bit says so.
    Undefined { known: u64, feature: u64 },
}
