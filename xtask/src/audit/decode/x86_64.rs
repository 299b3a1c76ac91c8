// SPDX-License-Identifier: MIT OR Apache-2.0
//! x86_64: what the `iced-x86` decoder says, in the shared terms.

use iced_x86::{
    Code, ConditionCode, Decoder, DecoderOptions, FlowControl, Formatter, Instruction,
    InstructionInfoFactory, IntelFormatter, Mnemonic, OpAccess, OpKind, Register, RflagsBits,
};
use object::Architecture;

use super::{
    insn::{Access, Binary, Condition, Expr, FLAGS, Flow, Insn, Op, Reg, SCRATCH, Window},
    isa::{Edge, Guard, Isa, Lacking, Vectors},
};

const RSP: Reg = 4;

pub const ISA: Isa = Isa {
    name: "x86_64",
    architecture: Architecture::X86_64,
    decode,
    unit: 1,
    stack: RSP,
    link: None,
    arguments: [7, 6, 2],
    cause: 2,
    preserved: &[3, RSP, 5, 12, 13, 14, 15],
    // RFLAGS.AC, where CPUID has SMAP (SDM vol. 3, 4.6); `stac` is undefined elsewhere (SDM vol. 2).
    window: Guard::Bit { bit: 18, open: true, lacking: Lacking::Undefined { known: 1, feature: 2 } },
    mask: &["sub R,L", "cmovb R,Z", "cmp R,C", "cmovb C,Z"],
    names: &[
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
        "r14", "r15",
    ],
    nop: &[0x90],
    call: &[0xe8, 0, 0, 0, 0],
    plain: None,
    vectors: Some(Vectors {
        preserved: 0,
        changes_one: &[0x0f, 0x57, 0xc0], // xorps xmm0,xmm0
    }),
    edge: Some(Edge { replaces: "mov ecx,C", compares: "cmp C,rcx", leaves: "jae" }),
};

/// Reads one instruction.
fn decode(bytes: &[u8], addr: u64) -> Option<Insn> {
    let raw = Decoder::with_ip(64, bytes, addr, DecoderOptions::NONE).decode();
    if raw.code() == Code::INVALID {
        return None;
    }
    let mut text = String::new();
    IntelFormatter::new().format(&raw, &mut text);
    let mut insn = Insn::new(addr, raw.len() as u8, text);
    Translation { raw: &raw, insn: &mut insn }.run();
    insn.vectors = vectors(&raw);
    Some(insn)
}

/// The vector registers that it names; of MMX and x87 the first, which no routine uses.
fn vectors(raw: &Instruction) -> u32 {
    if matches!(raw.mnemonic(), Mnemonic::Vzeroupper | Mnemonic::Vzeroall) {
        return 0xffff;
    }
    let operands = (0..raw.op_count()).filter(|&index| raw.op_kind(index) == OpKind::Register);
    let registers = operands.map(|index| raw.op_register(index));
    registers.fold(0, |bits, register| match register {
        _ if register.is_vector_register() => bits | 1 << register.number(),
        _ if register.is_mm() || register.is_st() => bits | 1,
        _ => bits,
    })
}

struct Translation<'a> {
    raw: &'a Instruction,
    insn: &'a mut Insn,
}

impl Translation<'_> {
    fn run(&mut self) {
        let raw = self.raw;
        match raw.mnemonic() {
            Mnemonic::Mov | Mnemonic::Movzx => {
                let value = self.read(1);
                self.write(0, value);
            }
            Mnemonic::Lea => {
                let value = memory_address(raw);
                self.write(0, value);
            }
            Mnemonic::Add => self.arithmetic(Binary::Add),
            Mnemonic::Sub => self.arithmetic(Binary::Sub),
            Mnemonic::And => self.arithmetic(Binary::And),
            Mnemonic::Or => self.arithmetic(Binary::Or),
            Mnemonic::Xor => self.arithmetic(Binary::Xor),
            Mnemonic::Shl => self.arithmetic(Binary::Shl),
            Mnemonic::Shr => self.arithmetic(Binary::Shr),
            Mnemonic::Inc => self.change(|value| value.plus(Expr::Const(1))),
            Mnemonic::Dec => self.change(|value| value.minus(Expr::Const(1))),
            Mnemonic::Neg => self.change(|value| Expr::Const(0).minus(value)),
            Mnemonic::Test => self.compare(Binary::And),
            Mnemonic::Cmp => self.compare(Binary::Sub),
            Mnemonic::Push => {
                let value = self.read(0);
                self.push(value);
            }
            Mnemonic::Pushfq => self.push(Expr::Status),
            Mnemonic::Pop => {
                let top = self.stack_top();
                self.insn.ops.push(Op::Load(Some(SCRATCH), top));
                self.insn.ops.push(Op::Set(RSP, Expr::Reg(RSP).offset(8)));
                self.write(0, Expr::Reg(SCRATCH));
            }
            Mnemonic::Popfq => {
                self.insn.ops.push(Op::Window(Window::PopFlags));
                self.insn.ops.push(Op::Set(RSP, Expr::Reg(RSP).offset(8)));
            }
            Mnemonic::Stac => self.insn.ops.push(Op::Window(Window::Open)),
            Mnemonic::Clac => self.insn.ops.push(Op::Window(Window::Close)),
            // These neither read nor write what their operands look like.
            Mnemonic::Nop | Mnemonic::Endbr64 => {}
            _ if raw.flow_control() == FlowControl::Next && raw.condition_code() != ConditionCode::None => {
                self.conditional();
            }
            _ => self.other(),
        }
        self.flow();
    }

    /// `op0 = op0 OP op1`; flags by the result.
    fn arithmetic(&mut self, op: Binary) {
        let raw = self.raw;
        let same = raw.op1_kind() == OpKind::Register
            && raw.op0_kind() == OpKind::Register
            && raw.op0_register() == raw.op1_register();
        if same && matches!(op, Binary::Xor | Binary::Sub) {
            self.insn.ops.push(Op::Set(FLAGS, Expr::Const(0)));
            self.write(0, Expr::Const(0));
            return;
        }
        // The immediate has the operation's width.
        let right = self.read(1);
        self.change(|left| Expr::binary(op, left, right));
    }

    fn change(&mut self, f: impl FnOnce(Expr) -> Expr) {
        let left = self.read(0);
        let result = f(left).low(self.width(0));
        self.insn.ops.push(Op::Set(FLAGS, result.clone()));
        self.write(0, result);
    }

    fn compare(&mut self, op: Binary) {
        let right = self.read(1);
        // Two memory operands do not exist: one scratch is enough.
        let left = self.read(0);
        let result = Expr::binary(op, left, right).low(self.width(0));
        self.insn.ops.push(Op::Set(FLAGS, result));
    }

    /// `cmov` and `set`.
    fn conditional(&mut self) {
        if self.raw.op_count() == 2 {
            let new = self.read(1);
            let old = self.read(0);
            self.write(0, Expr::either(old, new));
        } else {
            self.write(0, Expr::Number);
        }
    }

    fn push(&mut self, value: Expr) {
        self.insn.ops.push(Op::Set(SCRATCH, value));
        self.insn.ops.push(Op::Set(RSP, Expr::Reg(RSP).offset(-8)));
        let top = self.stack_top();
        self.insn.ops.push(Op::Store(Some(Expr::Reg(SCRATCH)), top));
    }

    fn stack_top(&self) -> Access {
        Access { stack_segment: true, ..Access::new(Expr::Reg(RSP), 8) }
    }

    /// What has no line of its own: its memory as the decoder says, its registers mixed from what it reads.
    fn other(&mut self) {
        let raw = self.raw;
        let mut factory = InstructionInfoFactory::new();
        let info = factory.info(raw);
        let is_call = matches!(raw.flow_control(), FlowControl::Call | FlowControl::IndirectCall);
        let is_jump = !matches!(raw.flow_control(), FlowControl::Next);
        let string = raw.is_string_instruction();
        self.insn.stepwise = string && (raw.has_rep_prefix() || raw.has_repne_prefix());
        let mut inputs = Vec::new();
        for used in info.used_registers() {
            if let Some(reg) = number(used.register())
                && !matches!(used.access(), OpAccess::Write | OpAccess::CondWrite)
            {
                inputs.push(Expr::Reg(reg));
            }
        }
        for used in info.used_memory() {
            // A call's or a return's own stack slot.
            if is_jump && (is_call || raw.mnemonic() == Mnemonic::Ret) && used.base() == Register::RSP {
                continue;
            }
            let index = (used.index(), used.scale());
            let mut access = Access::new(
                address(used.segment(), used.base(), index, used.displacement()),
                if self.insn.stepwise { 0 } else { used.memory_size().size().min(64) as u8 },
            );
            access.stack_segment = used.segment() == Register::SS;
            let (reads, writes) = match used.access() {
                OpAccess::Read | OpAccess::CondRead => (true, false),
                OpAccess::Write | OpAccess::CondWrite => (false, true),
                OpAccess::ReadWrite | OpAccess::ReadCondWrite => (true, true),
                OpAccess::None | OpAccess::NoMemAccess => (false, false),
            };
            if reads {
                self.insn.ops.push(Op::Load(None, access.clone()));
            }
            if writes {
                self.insn.ops.push(Op::Store(None, access));
            }
        }
        let written = info.used_registers().iter().filter(|used| {
            use OpAccess::{CondWrite, ReadCondWrite, ReadWrite, Write};
            matches!(used.access(), Write | CondWrite | ReadWrite | ReadCondWrite)
        });
        for used in written {
            let Some(reg) = number(used.register()) else { continue };
            if reg == RSP && is_jump {
                continue;
            }
            // A string instruction moves its pointers and counts down.
            let pointer = string && reg != 0;
            let value = if pointer { Expr::Reg(reg).plus(Expr::Number) } else { Expr::Mix(inputs.clone()) };
            self.insn.ops.push(Op::Set(reg, value));
        }
        if raw.rflags_modified() & RflagsBits::ZF != 0 {
            self.insn.ops.push(Op::Set(FLAGS, Expr::Number));
        }
    }

    fn flow(&mut self) {
        let raw = self.raw;
        let zero = Expr::Reg(FLAGS);
        self.insn.flow = match raw.flow_control() {
            FlowControl::Next => Flow::Next,
            FlowControl::UnconditionalBranch => Flow::Jump(raw.near_branch_target()),
            FlowControl::ConditionalBranch => {
                let condition = match raw.condition_code() {
                    ConditionCode::e => Condition::IfZero(zero),
                    ConditionCode::ne => Condition::IfNot(zero),
                    _ => Condition::Unknown,
                };
                Flow::Branch(raw.near_branch_target(), condition)
            }
            FlowControl::IndirectBranch => Flow::JumpTo(self.target()),
            FlowControl::IndirectCall => Flow::CallTo(self.target()),
            // `syscall` counts as a call.
            FlowControl::Call if raw.op_count() == 0 => Flow::Next,
            FlowControl::Call => Flow::Call(raw.near_branch_target()),
            FlowControl::Return if raw.mnemonic() == Mnemonic::Ret => Flow::Return,
            FlowControl::Interrupt | FlowControl::Exception | FlowControl::Return => Flow::Stop,
            FlowControl::XbeginXabortXend => Flow::Next,
        };
    }

    /// Where an indirect branch goes to.
    fn target(&mut self) -> Expr {
        // The memory operand is among the accesses already.
        self.insn.ops.retain(|op| !matches!(op, Op::Load(..)));
        self.read(0)
    }

    fn width(&self, operand: u32) -> u8 {
        let bytes = match self.raw.op_kind(operand) {
            OpKind::Register => self.raw.op_register(operand).size(),
            _ => self.raw.memory_size().size(),
        };
        (bytes * 8).min(64) as u8
    }

    fn read(&mut self, operand: u32) -> Expr {
        let raw = self.raw;
        match raw.op_kind(operand) {
            OpKind::Register => {
                let register = raw.op_register(operand);
                match number(register) {
                    Some(_) if is_high_byte(register) => Expr::Number,
                    Some(reg) => Expr::Reg(reg).low(self.width(operand)),
                    None => Expr::Number,
                }
            }
            OpKind::Memory => {
                let access = memory(raw);
                self.insn.ops.push(Op::Load(Some(SCRATCH), access));
                Expr::Reg(SCRATCH).low(self.width(operand))
            }
            _ => Expr::Const(raw.immediate(operand)),
        }
    }

    fn write(&mut self, operand: u32, value: Expr) {
        let raw = self.raw;
        if raw.op_kind(operand) == OpKind::Memory {
            self.insn.ops.push(Op::Store(Some(value), memory(raw)));
            return;
        }
        let register = raw.op_register(operand);
        let Some(reg) = number(register) else { return };
        // A write of 32 bits clears the rest, one of 8 or 16 keeps it (SDM vol. 1, 3.4.1.1).
        let value = match register.size() {
            8 => value,
            4 => value.low(32),
            1 if !is_high_byte(register) => {
                self.insn.ops.push(Op::SetByte(reg, value));
                return;
            }
            _ => Expr::Mix(vec![Expr::Reg(reg), value]),
        };
        self.insn.ops.push(Op::Set(reg, value));
    }
}

/// The number of the general-purpose register that this is, or is a part of.
fn number(register: Register) -> Option<Reg> {
    let full = register.full_register();
    full.is_gpr64().then(|| full.number() as Reg)
}

fn is_high_byte(register: Register) -> bool {
    matches!(register, Register::AH | Register::BH | Register::CH | Register::DH)
}

/// The one explicit memory operand.
fn memory(raw: &Instruction) -> Access {
    let mut access = Access::new(memory_address(raw), raw.memory_size().size().min(64) as u8);
    access.stack_segment = raw.memory_segment() == Register::SS;
    access
}

fn memory_address(raw: &Instruction) -> Expr {
    let index = (raw.memory_index(), raw.memory_index_scale());
    address(raw.memory_segment(), raw.memory_base(), index, raw.memory_displacement64())
}

fn address(segment: Register, base: Register, index: (Register, u32), displacement: u64) -> Expr {
    if matches!(segment, Register::FS | Register::GS) {
        return Expr::Number;
    }
    // The decoder adds RIP itself.
    let mut sum = match number(base) {
        Some(reg) => Expr::Reg(reg),
        None => Expr::Const(0),
    };
    if let Some(reg) = number(index.0) {
        let scale = Expr::Const(u64::from(index.1.trailing_zeros()));
        let scaled = Expr::Reg(reg);
        sum = sum.plus(if index.1 == 1 { scaled } else { Expr::binary(Binary::Shl, scaled, scale) });
    }
    sum.plus(Expr::Const(displacement))
}
