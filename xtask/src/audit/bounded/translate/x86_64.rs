// SPDX-License-Identifier: MIT OR Apache-2.0
//! x86_64, by the SDM vol. 2, from what the `iced-x86` decoder says.

use iced_x86::{
    Code, ConditionCode, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register,
};

use crate::audit::bounded::{
    micro::{Address, Alu, Condition, Extend, Flagging, Micro, Operand, Reg, SCRATCH, VectorOp, ZERO},
    text::{Immediate, Translated},
};

pub fn translate(bytes: &[u8], addr: u64) -> Translated {
    let mut decoder = Decoder::with_ip(64, bytes, addr, DecoderOptions::NONE);
    let raw = decoder.decode();
    if raw.code() == Code::INVALID {
        return Translated { len: 1, micros: vec![Micro::Unknown], immediate: None };
    }
    let offsets = decoder.get_constant_offsets(&raw);
    let mut immediate = None;
    if offsets.has_immediate() && raw.flow_control() == FlowControl::Next {
        immediate = Some(field(offsets.immediate_offset(), offsets.immediate_size()));
    } else if offsets.has_displacement() && raw.mnemonic() == Mnemonic::Lea {
        immediate = Some(field(offsets.displacement_offset(), offsets.displacement_size()));
    }
    let mut work = Work { raw: &raw, micros: Vec::new() };
    if work.run().is_none() {
        work.micros = vec![Micro::Unknown];
    }
    Translated { len: raw.len() as u8, micros: work.micros, immediate }
}

fn field(byte: usize, bytes: usize) -> Immediate {
    Immediate { byte: byte as u8, bytes: bytes as u8, bit: 0, bits: 8 * bytes as u8 }
}

struct Work<'a> {
    raw: &'a Instruction,
    micros: Vec<Micro>,
}

impl Work<'_> {
    fn run(&mut self) -> Option<()> {
        use Mnemonic as M;
        let raw = self.raw;
        match raw.flow_control() {
            FlowControl::Next => {}
            _ => return self.flow(),
        }
        if self.vector().is_some() {
            return Some(());
        }
        match raw.mnemonic() {
            M::Nop | M::Endbr64 => {}
            M::Mov => self.moves(Extend::Zeros)?,
            M::Movzx => self.moves(Extend::Zeros)?,
            M::Lea => {
                let to = general(raw.op0_register())?;
                self.micros.push(Micro::Address { to, address: self.address()?, bits: self.bits(0) });
            }
            M::Add => self.arithmetic(Alu::Add)?,
            M::Sub => self.arithmetic(Alu::Sub)?,
            M::And => self.arithmetic(Alu::And)?,
            M::Or => self.arithmetic(Alu::Or)?,
            M::Xor => self.arithmetic(Alu::Xor)?,
            M::Shl => self.shift(Alu::Shl)?,
            M::Shr => self.shift(Alu::Shr)?,
            M::Imul if raw.op_count() == 2 => self.arithmetic(Alu::Mul)?,
            M::Inc | M::Dec => {
                let op = if raw.mnemonic() == M::Inc { Alu::Add } else { Alu::Sub };
                let (to, bits) = (general(raw.op0_register())?, self.bits(0));
                self.micros.push(Micro::Alu {
                    op,
                    to,
                    a: to,
                    b: Operand::Number(1),
                    bits,
                    flags: Flagging::ButCarry,
                });
            }
            M::Neg => {
                let (to, bits) = (general(raw.op0_register())?, self.bits(0));
                let b = Operand::Reg(to);
                self.micros.push(Micro::Alu { op: Alu::Sub, to, a: ZERO, b, bits, flags: Flagging::All });
            }
            M::Not => {
                let (to, bits) = (general(raw.op0_register())?, self.bits(0));
                let b = Operand::Number(u64::MAX);
                self.micros.push(Micro::Alu { op: Alu::Xor, to, a: to, b, bits, flags: Flagging::None });
            }
            M::Test => self.compare(Alu::And)?,
            M::Cmp => self.compare(Alu::Sub)?,
            M::Shrd if self.bits(0) == 64 => {
                let (to, from) = (general(raw.op0_register())?, general(raw.op1_register())?);
                let by = self.operand(2)?;
                self.micros.push(Micro::ShiftDouble { to, from, by });
            }
            M::Bt | M::Bts => {
                let of = general(raw.op0_register())?;
                let (by, bits) = (self.operand(1)?, self.bits(0));
                self.micros.push(Micro::TestBit { of, by, bits, sets: raw.mnemonic() == M::Bts });
            }
            M::Bsf | M::Tzcnt | M::Bsr => {
                let (to, from) = (general(raw.op0_register())?, general(raw.op1_register())?);
                let (bits, highest) = (self.bits(0), raw.mnemonic() == M::Bsr);
                self.micros.push(Micro::FindBit { to, from, bits, highest });
            }
            M::Xchg => {
                let (a, b) = (general(raw.op0_register())?, general(raw.op1_register())?);
                (self.bits(0) == 64).then_some(())?;
                self.micros.push(Micro::Exchange(a, b));
            }
            M::Movsb | M::Movsq if raw.has_rep_prefix() => {
                self.micros.push(Micro::RepeatMove { size: if raw.mnemonic() == M::Movsb { 1 } else { 8 } });
            }
            M::Stosb | M::Stosq if raw.has_rep_prefix() => {
                self.micros.push(Micro::RepeatStore { size: if raw.mnemonic() == M::Stosb { 1 } else { 8 } });
            }
            M::Push => {
                let value = self.operand(0)?;
                self.micros.push(Micro::Push(value));
            }
            M::Pop => self.micros.push(Micro::Pop(general(raw.op0_register())?)),
            M::Pushfq => self.micros.push(Micro::PushFlags),
            M::Stac => self.micros.push(Micro::Window(true)),
            M::Clac => self.micros.push(Micro::Window(false)),
            _ if raw.condition_code() != ConditionCode::None && raw.op_count() == 2 => {
                let condition = condition(raw.condition_code())?;
                let (to, from) = (general(raw.op0_register())?, general(raw.op1_register())?);
                self.micros.push(Micro::Select { condition, to, from, bits: self.bits(0) });
            }
            _ => return None,
        }
        Some(())
    }

    fn flow(&mut self) -> Option<()> {
        let raw = self.raw;
        let micro = match raw.flow_control() {
            FlowControl::UnconditionalBranch => Micro::Jump(raw.near_branch_target()),
            FlowControl::ConditionalBranch => Micro::Branch {
                condition: condition(raw.condition_code())?,
                target: raw.near_branch_target(),
            },
            FlowControl::Call => Micro::Call(raw.near_branch_target()),
            FlowControl::Return if raw.mnemonic() == Mnemonic::Ret => Micro::Return,
            _ => return None,
        };
        self.micros.push(micro);
        Some(())
    }

    fn moves(&mut self, extend: Extend) -> Option<()> {
        let raw = self.raw;
        if raw.op0_kind() == OpKind::Memory {
            let from = self.operand(1)?;
            self.micros.push(Micro::Store { from, address: self.address()?, size: self.bits(0) / 8 });
            return Some(());
        }
        let (to, bits) = (general(raw.op0_register())?, self.bits(0));
        if raw.op1_kind() == OpKind::Memory {
            let extend = if bits < 32 { Extend::Keep } else { extend };
            self.micros.push(Micro::Load { to, address: self.address()?, size: self.bits(1) / 8, extend });
            return Some(());
        }
        let from = self.operand(1)?;
        let narrow = match from {
            Operand::Reg(_) => self.bits(1),
            Operand::Number(_) => bits,
        };
        if narrow < bits {
            let (b, flags) = (from, Flagging::None);
            let Operand::Reg(a) = b else { return None };
            let b = Operand::Number((1 << narrow) - 1);
            self.micros.push(Micro::Alu { op: Alu::And, to, a, b, bits, flags });
        } else {
            self.micros.push(Micro::Alu { op: Alu::Take, to, a: ZERO, b: from, bits, flags: Flagging::None });
        }
        Some(())
    }

    fn arithmetic(&mut self, op: Alu) -> Option<()> {
        let to = general(self.raw.op0_register())?;
        let b = self.operand(1)?;
        // What a product does to the flags nobody asks.
        let flags = if op == Alu::Mul { Flagging::None } else { Flagging::All };
        self.micros.push(Micro::Alu { op, to, a: to, b, bits: self.bits(0), flags });
        Some(())
    }

    fn shift(&mut self, op: Alu) -> Option<()> {
        self.arithmetic(op)
    }

    fn compare(&mut self, op: Alu) -> Option<()> {
        let a = match self.raw.op0_kind() {
            OpKind::Memory => {
                let size = self.bits(0) / 8;
                self.micros.push(Micro::Load {
                    to: SCRATCH,
                    address: self.address()?,
                    size,
                    extend: Extend::Zeros,
                });
                SCRATCH
            }
            _ => general(self.raw.op0_register())?,
        };
        let b = self.operand(1)?;
        self.micros.push(Micro::Test { op, a, b, bits: self.bits(0), flags: Flagging::All });
        Some(())
    }

    fn vector(&mut self) -> Option<()> {
        use Mnemonic as M;
        let raw = self.raw;
        let mnemonic = raw.mnemonic();
        if mnemonic == M::Vzeroupper {
            self.micros.push(Micro::ZeroUpper);
            return Some(());
        }
        if raw.op_count() < 2 {
            return None;
        }
        let vex = raw.code().encoding() == iced_x86::EncodingKind::VEX;
        let (op0, op1) = (raw.op0_register(), raw.op1_register());
        match mnemonic {
            M::Movups
            | M::Movaps
            | M::Movdqu
            | M::Movdqa
            | M::Vmovdqu
            | M::Vmovdqa
            | M::Vmovups
            | M::Vmovaps => {
                let size = if op0.is_ymm() || op1.is_ymm() { 32 } else { 16 };
                let micro = match (raw.op0_kind(), raw.op1_kind()) {
                    (OpKind::Memory, _) => {
                        let from = [number(op1)?, ZERO];
                        Micro::StoreVector { from, count: 1, address: self.address()?, size }
                    }
                    (_, OpKind::Memory) => {
                        let to = [number(op0)?, ZERO];
                        Micro::LoadVector { to, count: 1, address: self.address()?, size, keeps_upper: !vex }
                    }
                    _ => {
                        let (to, b) = (number(op0)?, number(op1)?);
                        Micro::Vector { op: VectorOp::Move, to, a: b, b, size, keeps_upper: !vex }
                    }
                };
                self.micros.push(micro);
            }
            M::Pxor | M::Vpxor => self.combine(VectorOp::Xor, vex)?,
            M::Pcmpeqb | M::Vpcmpeqb => self.combine(VectorOp::EqualBytes, vex)?,
            M::Pminub | M::Vpminub => self.combine(VectorOp::LeastBytes, vex)?,
            M::Punpcklqdq => self.combine(VectorOp::UnpackLow, vex)?,
            M::Movhlps => self.combine(VectorOp::HighToLow, vex)?,
            M::Vpbroadcastq => {
                let (to, b) = (number(op0)?, number(op1)?);
                let size = if op0.is_ymm() { 32 } else { 16 };
                self.micros.push(Micro::Vector {
                    op: VectorOp::Broadcast,
                    to,
                    a: b,
                    b,
                    size,
                    keeps_upper: false,
                });
            }
            M::Vextracti128 if raw.immediate8() == 1 => {
                let (to, b) = (number(op0)?, number(op1)?);
                self.micros.push(Micro::Vector {
                    op: VectorOp::TakeUpper,
                    to,
                    a: b,
                    b,
                    size: 16,
                    keeps_upper: false,
                });
            }
            M::Pmovmskb | M::Vpmovmskb => {
                let (to, from) = (general(op0)?, number(op1)?);
                self.micros.push(Micro::ByteMask { to, from, size: if op1.is_ymm() { 32 } else { 16 } });
            }
            M::Movq => match (general(op0), general(op1)) {
                (Some(to), None) => self.micros.push(Micro::VectorTo { to, from: number(op1)? }),
                (None, Some(from)) => self.micros.push(Micro::VectorFrom { to: number(op0)?, from }),
                _ => return None,
            },
            _ => return None,
        }
        Some(())
    }

    /// Two operands, the first of which is the result, or three.
    fn combine(&mut self, op: VectorOp, vex: bool) -> Option<()> {
        let raw = self.raw;
        let to = number(raw.op0_register())?;
        let size = if raw.op0_register().is_ymm() { 32 } else { 16 };
        let (a, last) = if vex { (number(raw.op1_register())?, 2) } else { (to, 1) };
        let b = if raw.op_kind(last) == OpKind::Memory {
            let to = [SCRATCH, ZERO];
            self.micros.push(Micro::LoadVector {
                to,
                count: 1,
                address: self.address()?,
                size,
                keeps_upper: true,
            });
            SCRATCH
        } else {
            number(raw.op_register(last))?
        };
        self.micros.push(Micro::Vector { op, to, a, b, size, keeps_upper: !vex });
        Some(())
    }

    fn bits(&self, operand: u32) -> u8 {
        let bytes = match self.raw.op_kind(operand) {
            OpKind::Register => self.raw.op_register(operand).size(),
            _ => self.raw.memory_size().size(),
        };
        (bytes * 8).min(64) as u8
    }

    fn operand(&self, operand: u32) -> Option<Operand> {
        match self.raw.op_kind(operand) {
            OpKind::Register => Some(Operand::Reg(general(self.raw.op_register(operand))?)),
            OpKind::Memory => None,
            _ => Some(Operand::Number(self.raw.immediate(operand))),
        }
    }

    fn address(&self) -> Option<Address> {
        let raw = self.raw;
        if !matches!(raw.memory_segment(), Register::DS | Register::SS) {
            return None;
        }
        // The decoder adds RIP itself.
        let base = match raw.memory_base() {
            Register::None | Register::RIP => ZERO,
            base => wide(base)?,
        };
        let index = match raw.memory_index() {
            Register::None => ZERO,
            index => wide(index)?,
        };
        let shift = raw.memory_index_scale().trailing_zeros() as u8;
        Some(Address { base, index, shift, offset: raw.memory_displacement64() as i64 })
    }
}

/// A general register, in whatever width; none of those whose byte is not the lowest.
fn general(register: Register) -> Option<Reg> {
    if matches!(register, Register::AH | Register::BH | Register::CH | Register::DH) {
        return None;
    }
    let full = register.full_register();
    full.is_gpr64().then(|| full.number() as Reg)
}

fn wide(register: Register) -> Option<Reg> {
    register.is_gpr64().then(|| register.number() as Reg)
}

fn number(register: Register) -> Option<Reg> {
    register.is_vector_register().then(|| register.number() as Reg)
}

fn condition(code: ConditionCode) -> Option<Condition> {
    Some(match code {
        ConditionCode::e => Condition::Equal,
        ConditionCode::ne => Condition::NotEqual,
        ConditionCode::b => Condition::Below,
        ConditionCode::ae => Condition::AtLeast,
        ConditionCode::be => Condition::AtMost,
        ConditionCode::a => Condition::Above,
        ConditionCode::l => Condition::Less,
        ConditionCode::ge => Condition::GreaterEqual,
        ConditionCode::le => Condition::LessEqual,
        ConditionCode::g => Condition::Greater,
        ConditionCode::s => Condition::Negative,
        ConditionCode::ns => Condition::NotNegative,
        _ => return None,
    })
}
