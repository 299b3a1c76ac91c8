// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an instruction does, exactly: the terms in which each machine's instructions are executed.
//!
//! `decode::insn` says what may be known of an instruction without its values. Here each value is known, so nothing of
//! an instruction may be left out: its width, its flags, its vector registers.

/// A general register by its number.
pub type Reg = u8;

/// A register that is always 0.
pub const ZERO: Reg = 32;
/// A memory operand on its way into an operation; of vector registers as well.
pub const SCRATCH: Reg = 33;
/// How many there are of each kind.
pub const REGISTERS: usize = 34;

/// A step of an instruction. One with an access of memory changes nothing in front of it, so a fault leaves all as it was.
#[derive(Clone, Copy, Debug)]
pub enum Micro {
    /// `to = a op b`, in so many bits.
    Alu {
        op: Alu,
        to: Reg,
        a: Reg,
        b: Operand,
        bits: u8,
        flags: Flagging,
    },
    /// The flags of an operation whose value goes nowhere.
    Test {
        op: Alu,
        a: Reg,
        b: Operand,
        bits: u8,
        flags: Flagging,
    },
    /// Where an address points to.
    Address {
        to: Reg,
        address: Address,
        bits: u8,
    },
    Load {
        to: Reg,
        address: Address,
        size: u8,
        extend: Extend,
    },
    Store {
        from: Operand,
        address: Address,
        size: u8,
    },
    /// Two registers, one access.
    LoadPair {
        to: [Reg; 2],
        address: Address,
    },
    StorePair {
        from: [Reg; 2],
        address: Address,
    },
    LoadVector {
        to: [Reg; 2],
        count: u8,
        address: Address,
        size: u8,
        keeps_upper: bool,
    },
    StoreVector {
        from: [Reg; 2],
        count: u8,
        address: Address,
        size: u8,
    },
    Vector {
        op: VectorOp,
        to: Reg,
        a: Reg,
        b: Reg,
        size: u8,
        keeps_upper: bool,
    },
    /// From a general register into the low 8 bytes, and back.
    VectorFrom {
        to: Reg,
        from: Reg,
    },
    VectorTo {
        to: Reg,
        from: Reg,
    },
    /// The top bit of each byte.
    ByteMask {
        to: Reg,
        from: Reg,
        size: u8,
    },
    ZeroUpper,
    /// `to = from`, under a condition of the flags. A write of 32 bits clears the rest in any case.
    Select {
        condition: Condition,
        to: Reg,
        from: Reg,
        bits: u8,
    },
    /// `to` is shifted right, and filled up from the other.
    ShiftDouble {
        to: Reg,
        from: Reg,
        by: Operand,
    },
    /// The lowest or highest bit that is set.
    FindBit {
        to: Reg,
        from: Reg,
        bits: u8,
        highest: bool,
    },
    /// The carry is a bit of a register; that is set, perhaps.
    TestBit {
        of: Reg,
        by: Operand,
        bits: u8,
        sets: bool,
    },
    Exchange(Reg, Reg),
    /// A field of another register's low bits, put at a place.
    InsertBits {
        to: Reg,
        from: Reg,
        low: u8,
        width: u8,
    },
    /// `to` is `a`, or 0 where `by` is 0 (or is not).
    MaskByZero {
        to: Reg,
        a: Reg,
        by: Reg,
        if_zero: bool,
    },
    /// x86_64 `rep movs` and `rep stos`.
    RepeatMove {
        size: u8,
    },
    RepeatStore {
        size: u8,
    },
    /// aarch64's copy and set instructions: destination, source or byte, count.
    Bulk {
        stage: Stage,
        registers: [Reg; 3],
        is_set: bool,
    },
    Push(Operand),
    Pop(Reg),
    PushFlags,
    /// The window's bit, directly; and riscv64's: the old word, and what of it is set or cleared.
    Window(bool),
    Status {
        to: Reg,
        mask: Reg,
        sets: Option<bool>,
    },
    /// What loongarch64 says about itself.
    Configuration {
        to: Reg,
    },
    Branch {
        condition: Condition,
        target: u64,
    },
    BranchIf {
        condition: Condition,
        a: Reg,
        b: Reg,
        bits: u8,
        target: u64,
    },
    BranchBit {
        of: Reg,
        bit: u8,
        set: bool,
        target: u64,
    },
    Jump(u64),
    Call(u64),
    Return,
    /// What the translation does not know.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    Reg(Reg),
    Number(u64),
}

/// `base + index << shift + offset`.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    pub base: Reg,
    pub index: Reg,
    pub shift: u8,
    pub offset: i64,
}

impl Address {
    pub const fn new(base: Reg, offset: i64) -> Self {
        Self { base, index: ZERO, shift: 0, offset }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alu {
    Add,
    Sub,
    And,
    /// With the complement of the right side.
    AndNot,
    Or,
    Xor,
    Shl,
    Shr,
    Sar,
    Mul,
    /// 1 if the left side is below the right one: without signs, and with them.
    Below,
    Less,
    /// The right side alone.
    Take,
}

/// Which flags an operation changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flagging {
    None,
    All,
    /// All but the carry (x86_64 `inc`).
    ButCarry,
    /// All, and the carry of an operation without one is that of aarch64: clear, which there means a borrow.
    Arm,
}

/// What fills a register above what is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extend {
    Zeros,
    Sign,
    /// What is there stays (x86_64: registers of 8 and 16 bits).
    Keep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Equal,
    NotEqual,
    Below,
    AtLeast,
    AtMost,
    Above,
    Less,
    GreaterEqual,
    LessEqual,
    Greater,
    Negative,
    NotNegative,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VectorOp {
    Move,
    Xor,
    EqualBytes,
    LeastBytes,
    /// The low 8 bytes of both.
    UnpackLow,
    /// The low 8 bytes everywhere.
    Broadcast,
    /// The upper 16 bytes as the lower.
    TakeUpper,
    /// Bytes 8 to 15 of the right side as the low 8.
    HighToLow,
    /// aarch64 `shrn v.8b, v.8h, 4`.
    Narrow4,
}

/// The parts of a copy by aarch64's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Prologue,
    Main,
    Epilogue,
}
