// SPDX-License-Identifier: MIT OR Apache-2.0
//! Executes a routine's text, and does at a fault what a trap handler does: it goes on at the landing.

use super::{
    bulk::{self, Copier},
    memory::{Memory, Refused},
    micro::{Address, Alu, Extend, Flagging, Micro, Operand, REGISTERS, Reg, SCRATCH, ZERO},
    numbers::{self, Flags, mask, sign, subtract},
    text::{Text, WILD},
    trace::Trace,
    vectors::vector,
};

/// Where a routine returns to.
const CALLER: u64 = 0xffff_ffff_0000_0000;
/// More instructions than the longest case takes, but for those that go bytewise.
const MOST_STEPS: u64 = 100_000;
/// More faults than any case has.
const MOST_TRAPS: u32 = 4;

/// What a machine is like, as far as its instructions do not say.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Where the stack's pointer is kept, and where a return address is, if it is no place on the stack.
    pub stack: Reg,
    pub link: Option<Reg>,
    pub cause: Reg,
    pub preserved: &'static [Reg],
    /// Where a helper leaves the CPU feature byte.
    pub answer: Option<Reg>,
    /// What it changes besides.
    pub clobbered: &'static [Reg],
    /// Which bit of the status word is the window's.
    pub window: u64,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Returned,
    /// What must not be, and where.
    Wrong(u64, String),
}

#[derive(Debug)]
pub struct Machine {
    pub registers: [u64; REGISTERS],
    pub vectors: [[u8; 32]; REGISTERS],
    pub flags: Flags,
    pub memory: Memory,
    pub model: Model,
    /// The window is open.
    pub open: bool,
    /// What a CPU that is asked says of itself: the feature byte, or a word of its configuration.
    pub features: u8,
    pub configuration: u64,
    /// How the CPU does copy instructions.
    pub copier: Copier,
    /// What the trap handler tells the landing, for a load and for a store; 0 is nothing.
    pub causes: [u64; 2],
    pub traps: u32,
    /// How far the first access reached that was refused.
    pub reach: u64,
    /// The upper halves of vector registers are in use.
    pub upper: bool,
    pub trace: Trace,
}

/// What a micro-operation does to the flow.
enum Next {
    On,
    To(u64),
    Return,
}

impl Machine {
    pub fn new(model: Model, memory: Memory) -> Self {
        Self {
            registers: [0; REGISTERS],
            vectors: [[0; 32]; REGISTERS],
            flags: Flags::default(),
            memory,
            model,
            open: false,
            features: 0,
            configuration: 0,
            copier: Copier::default(),
            causes: [0; 2],
            traps: 0,
            reach: 0,
            upper: false,
            trace: Trace::default(),
        }
    }

    /// Gives every register a value of its own, or 0, so that one that is taken for something else shows.
    pub fn reset(&mut self, large: bool) {
        for (at, register) in self.registers.iter_mut().enumerate() {
            *register = if large { 0x5bad_5eed_0000_a5a5 + at as u64 } else { 0 };
        }
        self.registers[usize::from(ZERO)] = 0;
        self.vectors = [[0x77; 32]; REGISTERS];
        self.vectors[usize::from(ZERO)] = [0; 32];
        self.flags = Flags { carry: true, ..Flags::default() };
        self.traps = 0;
        self.upper = false;
        let mut stack = Memory::stack_top();
        match self.model.link {
            Some(link) => self.registers[usize::from(link)] = CALLER,
            None => {
                stack -= 8;
                // The stack is always there.
                let _ = self.memory.store(stack, &CALLER.to_le_bytes());
            }
        }
        self.registers[usize::from(self.model.stack)] = stack;
    }

    /// From a step to the return.
    pub fn run(&mut self, text: &Text, start: u32) -> End {
        self.trace.begin(text.steps.len());
        let before = self.registers;
        let mut at = start;
        for _ in 0..MOST_STEPS {
            let Some(step) = text.steps.get(at as usize) else {
                return End::Wrong(text.range.end, "runs out of its text".into());
            };
            self.trace.pass(at);
            let mut next = Ok(Next::On);
            for micro in &text.micros[step.first as usize..step.end as usize] {
                next = self.execute(micro, step.addr + u64::from(step.len));
                if !matches!(next, Ok(Next::On)) {
                    break;
                }
            }
            match next {
                Ok(Next::On) => at += 1,
                Ok(Next::To(target)) => match text.step_at(target) {
                    Some(step) => at = step,
                    None => return End::Wrong(step.addr, "goes on at no instruction of its own".into()),
                },
                Ok(Next::Return) => return self.returned(step.addr, &before),
                Err(Refused::Wrong(what)) => return End::Wrong(step.addr, what.into()),
                Err(Refused::Fault { store, end }) => {
                    if self.traps == 0 {
                        self.reach = end;
                    }
                    self.traps += 1;
                    self.trace.faults.push(at);
                    if self.traps > MOST_TRAPS {
                        return End::Wrong(step.addr, "faults again and again".into());
                    }
                    let cause = self.causes[usize::from(store)];
                    if cause != 0 {
                        self.registers[usize::from(self.model.cause)] = cause;
                    }
                    match step.landing {
                        None => return End::Wrong(step.addr, "faults, and has no entry".into()),
                        Some(WILD) => return End::Wrong(step.addr, "lands at no instruction".into()),
                        Some(landing) => at = landing,
                    }
                }
            }
        }
        End::Wrong(text.range.start, "does not end".into())
    }

    fn returned(&self, addr: u64, before: &[u64; REGISTERS]) -> End {
        for &reg in self.model.preserved {
            let was = before[usize::from(reg)];
            let was = if reg == self.model.stack && self.model.link.is_none() { was + 8 } else { was };
            if self.registers[usize::from(reg)] != was {
                return End::Wrong(addr, format!("returns with register {reg} changed"));
            }
        }
        if self.upper {
            return End::Wrong(addr, "returns with the upper halves of vector registers in use".into());
        }
        End::Returned
    }

    fn get(&self, reg: Reg) -> u64 {
        self.registers[usize::from(reg)]
    }

    pub fn value(&self, operand: Operand) -> u64 {
        match operand {
            Operand::Reg(reg) => self.get(reg),
            Operand::Number(number) => number,
        }
    }

    fn set(&mut self, reg: Reg, value: u64) {
        if reg != ZERO {
            self.registers[usize::from(reg)] = value;
        }
    }

    /// Writes so many bits: 32 clear the rest, fewer keep it.
    fn write(&mut self, reg: Reg, value: u64, bits: u8) {
        let value = match bits {
            64 => value,
            32 => value & 0xffff_ffff,
            _ => self.get(reg) & !mask(bits) | value & mask(bits),
        };
        self.set(reg, value);
    }

    fn address(&self, address: Address) -> u64 {
        let index = self.get(address.index) << address.shift;
        self.get(address.base).wrapping_add(index).wrapping_add_signed(address.offset)
    }

    fn load(&mut self, addr: u64, size: u8) -> Result<u64, Refused> {
        let mut bytes = [0; 32];
        self.memory.load(addr, usize::from(size), &mut bytes)?;
        let mut word = [0; 8];
        word[..usize::from(size)].copy_from_slice(&bytes[..usize::from(size)]);
        Ok(u64::from_le_bytes(word))
    }

    fn execute(&mut self, micro: &Micro, end: u64) -> Result<Next, Refused> {
        match *micro {
            Micro::Alu { op, to, a, b, bits, flags } => {
                let value = self.alu(op, self.get(a), self.value(b), bits, flags);
                self.write(to, value, bits);
            }
            Micro::Test { op, a, b, bits, flags } => {
                self.alu(op, self.get(a), self.value(b), bits, flags);
            }
            Micro::Address { to, address, bits } => {
                let value = self.address(address);
                self.write(to, value, bits);
            }
            Micro::Load { to, address, size, extend } => {
                let value = self.load(self.address(address), size)?;
                let value = match extend {
                    Extend::Zeros => value,
                    Extend::Sign => sign(value, size * 8),
                    Extend::Keep => self.get(to) & !mask(size * 8) | value,
                };
                self.set(to, value);
            }
            Micro::Store { from, address, size } => {
                let bytes = self.value(from).to_le_bytes();
                self.memory.store(self.address(address), &bytes[..usize::from(size)])?;
            }
            Micro::LoadPair { to, address } => {
                let mut bytes = [0; 32];
                self.memory.load(self.address(address), 16, &mut bytes)?;
                for (reg, bytes) in to.into_iter().zip(bytes.as_chunks::<8>().0) {
                    self.set(reg, u64::from_le_bytes(*bytes));
                }
            }
            Micro::StorePair { from, address } => {
                let mut bytes = [0; 16];
                for (reg, bytes) in from.into_iter().zip(bytes.as_chunks_mut::<8>().0) {
                    *bytes = self.get(reg).to_le_bytes();
                }
                self.memory.store(self.address(address), &bytes)?;
            }
            Micro::LoadVector { to, count, address, size, keeps_upper } => {
                let mut bytes = [0; 32];
                let size = usize::from(size);
                self.memory.load(self.address(address), size, &mut bytes)?;
                let each = size / usize::from(count);
                for (at, reg) in to.into_iter().take(usize::from(count)).enumerate() {
                    let mut value = [0; 32];
                    value[..each].copy_from_slice(&bytes[at * each..][..each]);
                    self.set_vector(reg, value, each, keeps_upper);
                }
            }
            Micro::StoreVector { from, count, address, size } => {
                let mut bytes = [0; 32];
                let size = usize::from(size);
                let each = size / usize::from(count);
                for (at, reg) in from.into_iter().take(usize::from(count)).enumerate() {
                    bytes[at * each..][..each].copy_from_slice(&self.vectors[usize::from(reg)][..each]);
                }
                self.memory.store(self.address(address), &bytes[..size])?;
            }
            Micro::Vector { op, to, a, b, size, keeps_upper } => {
                let [a, b] = [a, b].map(|reg| self.vectors[usize::from(reg)]);
                self.set_vector(to, vector(op, &a, &b), usize::from(size), keeps_upper);
            }
            Micro::VectorFrom { to, from } => {
                let mut value = [0; 32];
                value[..8].copy_from_slice(&self.get(from).to_le_bytes());
                self.set_vector(to, value, 16, true);
            }
            Micro::VectorTo { to, from } => {
                let value = *self.vectors[usize::from(from)].first_chunk().expect("it has 32 bytes");
                self.set(to, u64::from_le_bytes(value));
            }
            Micro::ByteMask { to, from, size } => {
                let bytes = self.vectors[usize::from(from)];
                let bits = bytes[..usize::from(size)].iter().enumerate();
                let value = bits.fold(0, |all, (at, byte)| all | u64::from(byte >> 7) << at);
                self.set(to, value);
            }
            Micro::ZeroUpper => {
                self.upper = false;
                for vector in &mut self.vectors {
                    vector[16..].fill(0);
                }
            }
            Micro::Select { condition, to, from, bits } => {
                let from = if self.flags.hold(condition) { from } else { to };
                self.write(to, self.get(from), bits);
            }
            Micro::ShiftDouble { to, from, by } => {
                let by = self.value(by) & 63;
                if by != 0 {
                    self.set(to, self.get(to) >> by | self.get(from) << (64 - by));
                }
            }
            Micro::FindBit { to, from, bits, highest } => {
                let value = self.get(from) & mask(bits);
                self.flags.zero = value == 0;
                if value != 0 {
                    let at = if highest { 63 - value.leading_zeros() } else { value.trailing_zeros() };
                    self.write(to, at.into(), bits);
                }
            }
            Micro::TestBit { of, by, bits, sets } => {
                let at = self.value(by) & u64::from(bits - 1);
                self.flags.carry = self.get(of) >> at & 1 == 1;
                if sets {
                    self.write(of, self.get(of) | 1 << at, bits);
                }
            }
            Micro::Exchange(a, b) => self.registers.swap(usize::from(a), usize::from(b)),
            Micro::InsertBits { to, from, low, width } => {
                let field = mask(width) << low;
                self.set(to, self.get(to) & !field | self.get(from) << low & field);
            }
            Micro::MaskByZero { to, a, by, if_zero } => {
                let value = if (self.get(by) == 0) == if_zero { 0 } else { self.get(a) };
                self.set(to, value);
            }
            Micro::RepeatMove { size } => bulk::repeat(&mut self.registers, &mut self.memory, size, true)?,
            Micro::RepeatStore { size } => bulk::repeat(&mut self.registers, &mut self.memory, size, false)?,
            Micro::Bulk { stage, registers, is_set } => bulk::instruction(
                (&mut self.registers, &mut self.memory),
                &mut self.flags.carry,
                self.copier,
                stage,
                registers,
                is_set,
            )?,
            Micro::Push(value) => {
                let stack = self.get(self.model.stack).wrapping_sub(8);
                self.memory.store(stack, &self.value(value).to_le_bytes())?;
                self.set(self.model.stack, stack);
            }
            Micro::Pop(to) => {
                let stack = self.get(self.model.stack);
                let value = self.load(stack, 8)?;
                self.set(self.model.stack, stack.wrapping_add(8));
                self.set(to, value);
            }
            Micro::PushFlags => {
                let value = if self.open { self.model.window } else { 0 };
                return self.execute(&Micro::Push(Operand::Number(value)), end);
            }
            Micro::Window(open) => self.open = open,
            Micro::Status { to, mask, sets } => {
                let mask = self.get(mask);
                self.set(to, if self.open { self.model.window } else { 0 });
                if let Some(sets) = sets
                    && mask & self.model.window != 0
                {
                    self.open = sets;
                }
            }
            Micro::Configuration { to } => self.set(to, self.configuration),
            Micro::Branch { condition, target } => {
                if self.flags.hold(condition) {
                    return Ok(Next::To(target));
                }
            }
            Micro::BranchIf { condition, a, b, bits, target } => {
                if subtract(self.get(a), self.get(b), bits).1.hold(condition) {
                    return Ok(Next::To(target));
                }
            }
            Micro::BranchBit { of, bit, set, target } => {
                if (self.get(of) >> bit & 1 == 1) == set {
                    return Ok(Next::To(target));
                }
            }
            Micro::Jump(target) => return Ok(Next::To(target)),
            // A routine calls one function: the one that finds out what the CPU can do.
            Micro::Call(_) => {
                if let Some(link) = self.model.link {
                    self.set(link, end);
                }
                self.memory.cpu.1 = self.features;
                for &reg in self.model.clobbered {
                    self.set(reg, 0x0dd0_b0dd_0dd0_b0dd);
                }
                if let Some(reg) = self.model.answer {
                    self.set(reg, self.features.into());
                }
            }
            Micro::Return => {
                let to = match self.model.link {
                    Some(link) => self.get(link),
                    None => {
                        let stack = self.get(self.model.stack);
                        let to = self.load(stack, 8)?;
                        self.set(self.model.stack, stack.wrapping_add(8));
                        to
                    }
                };
                if to != CALLER {
                    return Err(Refused::Wrong("returns elsewhere than to its caller"));
                }
                return Ok(Next::Return);
            }
            Micro::Unknown => return Err(Refused::Wrong("an instruction that cannot be executed here")),
        }
        Ok(Next::On)
    }

    /// The upper half stays, or goes; in use it must not be left.
    fn set_vector(&mut self, to: Reg, value: [u8; 32], size: usize, keeps_upper: bool) {
        let vector = &mut self.vectors[usize::from(to)];
        vector[..size].copy_from_slice(&value[..size]);
        if size == 32 {
            self.upper |= to != SCRATCH;
        } else if !keeps_upper {
            vector[size..].fill(0);
        }
    }

    fn alu(&mut self, op: Alu, a: u64, b: u64, bits: u8, flagging: Flagging) -> u64 {
        let (value, flags) = numbers::compute(op, a, b, bits, flagging == Flagging::Arm);
        flags.map_or(value, |flags| self.flagged(value, flags, flagging))
    }

    fn flagged(&mut self, value: u64, flags: Flags, flagging: Flagging) -> u64 {
        match flagging {
            Flagging::None => {}
            Flagging::All | Flagging::Arm => self.flags = flags,
            Flagging::ButCarry => self.flags = Flags { carry: self.flags.carry, ..flags },
        }
        value
    }
}
