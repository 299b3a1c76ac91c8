// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an instruction does, in terms that all machines share: each decoder translates into these, and the
//! proofs are written once.

use std::collections::BTreeMap;

/// Instructions by their addresses.
pub type Code = BTreeMap<u64, Insn>;

/// A general-purpose register by its number in the machine's encoding, or one of the two below.
pub type Reg = u8;

/// What a conditional branch looks at: a value whose being 0 is the zero flag.
pub const FLAGS: Reg = 32;
/// A memory operand on its way into an operation.
pub const SCRATCH: Reg = 33;
/// How many registers a state has.
pub const REGISTERS: usize = 34;

const UNKNOWN: &str = "an instruction that the audit does not know";

/// One instruction.
#[derive(Clone, Debug)]
pub struct Insn {
    pub addr: u64,
    pub len: u8,
    /// `mnemonic operand, operand`, for messages and for the patterns of masks.
    pub text: String,
    /// Its effects, in order.
    pub ops: Vec<Op>,
    pub flow: Flow,
    /// It may stop at a fault with part of its work done, and its registers say how far it is.
    pub stepwise: bool,
    /// The vector registers that it names, as bits.
    pub vectors: u32,
}

/// One effect.
#[derive(Clone, Debug)]
pub enum Op {
    /// The register takes the value.
    Set(Reg, Expr),
    /// The register's low byte takes the value, and the rest stays.
    SetByte(Reg, Expr),
    /// Memory is read into a register, if the value goes to one.
    Load(Option<Reg>, Access),
    /// Memory is written.
    Store(Option<Expr>, Access),
    /// The word that holds the window's bit is replaced (riscv64 `sstatus`, aarch64 `PSTATE.PAN`).
    SetStatus(Expr),
    /// x86_64 `stac` and `clac`.
    Window(Window),
}

/// One side of a memory access.
#[derive(Clone, Debug)]
pub struct Access {
    pub addr: Expr,
    /// Bytes; 0 if a register says how many.
    pub size: u8,
    /// The CPU checks it as if user mode did it (aarch64 LDTR and its kin).
    pub unprivileged: bool,
    /// It goes through the stack segment (x86_64: a bad address raises #SS instead of #GP).
    pub stack_segment: bool,
}

impl Access {
    pub fn new(addr: Expr, size: u8) -> Self {
        Self { addr, size, unprivileged: false, stack_segment: false }
    }

    pub fn unprivileged(addr: Expr, size: u8) -> Self {
        Self { unprivileged: true, ..Self::new(addr, size) }
    }
}

/// What happens to the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    Open,
    Close,
    /// All flags come from the stack (`popfq`): it would also undo what others changed.
    PopFlags,
}

/// Where execution goes on.
#[derive(Clone, Debug)]
pub enum Flow {
    Next,
    Jump(u64),
    /// To the target under the condition, else on.
    Branch(u64, Condition),
    /// To what the expression says; also a return, where the expression is the return address.
    JumpTo(Expr),
    Call(u64),
    CallTo(Expr),
    /// To the address on top of the stack (x86_64).
    Return,
    /// Nowhere: a trap, or a return from one.
    Stop,
}

/// When a conditional branch is taken.
#[derive(Clone, Debug)]
pub enum Condition {
    IfZero(Expr),
    IfNot(Expr),
    Unknown,
}

/// A value, as a function of registers.
#[derive(Clone, Debug)]
pub enum Expr {
    Reg(Reg),
    Const(u64),
    /// Some number that is no address.
    Number,
    /// Anything at all, an address included.
    Any,
    /// Something made of these: a number if they are.
    Mix(Vec<Expr>),
    /// The word with the window's bit.
    Status,
    Binary(Binary, Box<(Expr, Expr)>),
    /// The low bits, zero-extended.
    Low(u8, Box<Expr>),
    /// The one or the other.
    Either(Box<(Expr, Expr)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Add,
    Sub,
    And,
    Or,
    Xor,
    Shl,
    Shr,
}

impl Expr {
    pub fn binary(op: Binary, left: Self, right: Self) -> Self {
        Self::Binary(op, Box::new((left, right)))
    }

    pub fn plus(self, right: Self) -> Self {
        Self::binary(Binary::Add, self, right)
    }

    pub fn offset(self, by: i64) -> Self {
        if by == 0 { self } else { self.plus(Self::Const(by as u64)) }
    }

    pub fn minus(self, right: Self) -> Self {
        Self::binary(Binary::Sub, self, right)
    }

    pub fn and(self, right: Self) -> Self {
        Self::binary(Binary::And, self, right)
    }

    pub fn or(self, right: Self) -> Self {
        Self::binary(Binary::Or, self, right)
    }

    pub fn not(self) -> Self {
        Self::binary(Binary::Xor, self, Self::Const(u64::MAX))
    }

    pub fn low(self, bits: u8) -> Self {
        if bits >= 64 { self } else { Self::Low(bits, Box::new(self)) }
    }

    pub fn either(left: Self, right: Self) -> Self {
        Self::Either(Box::new((left, right)))
    }
}

impl Insn {
    pub fn new(addr: u64, len: u8, text: String) -> Self {
        Self { addr, len, text, ops: Vec::new(), flow: Flow::Next, stepwise: false, vectors: 0 }
    }

    /// One that is not known: it may change any register.
    pub fn unknown(addr: u64, len: u8) -> Self {
        let mut insn = Self::new(addr, len, UNKNOWN.to_owned());
        insn.ops = (0..SCRATCH).map(|reg| Op::Set(reg, Expr::Any)).collect();
        insn
    }

    pub fn is_unknown(&self) -> bool {
        self.text == UNKNOWN
    }

    pub fn set(&mut self, reg: Reg, value: Expr) {
        self.ops.push(Op::Set(reg, value));
    }

    /// Takes the value aside, for what the instruction does after it has changed its registers.
    pub fn aside(&mut self, value: Expr) -> Expr {
        self.set(SCRATCH, value);
        Expr::Reg(SCRATCH)
    }

    pub fn end(&self) -> u64 {
        self.addr + u64::from(self.len)
    }

    pub fn accesses(&self) -> impl Iterator<Item = (Direction, &Access)> {
        self.ops.iter().filter_map(|op| match op {
            Op::Load(_, access) => Some((Direction::Load, access)),
            Op::Store(_, access) => Some((Direction::Store, access)),
            _ => None,
        })
    }

    pub fn loads(&self) -> bool {
        self.accesses().any(|(direction, _)| direction == Direction::Load)
    }

    pub fn stores(&self) -> bool {
        self.accesses().any(|(direction, _)| direction == Direction::Store)
    }

    /// Whether it may open or close the window.
    pub fn moves_window(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Window(_) | Op::SetStatus(_)))
    }

    /// Whether it stores on condition that its reservation lasts.
    pub fn is_store_conditional(&self) -> bool {
        let only_stores = self.accesses().all(|(direction, _)| direction == Direction::Store);
        only_stores && (self.text == "exclusive" || self.text.starts_with("sc"))
    }

    /// Whether it does nothing: such instructions fill gaps.
    pub fn is_padding(&self) -> bool {
        self.ops.is_empty() && matches!(self.flow, Flow::Next | Flow::Stop)
    }

    /// Whether execution may reach the next instruction.
    pub fn falls_through(&self) -> bool {
        !matches!(self.flow, Flow::Jump(_) | Flow::JumpTo(_) | Flow::Return | Flow::Stop)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    Load,
    Store,
}
