// SPDX-License-Identifier: MIT OR Apache-2.0
//! Executes one case, and holds what comes out against the contract.

use super::{
    case::{Case, Layout, NONE, Way},
    contract::{Contract, Task},
    machine::{End, Machine, Model},
    memory::{DESTINATION, Going, Memory, PAGE, SOURCE, UNTOUCHED},
    micro::Reg,
    text::Text,
};

/// The bytes of fills, and what the register holds above them. A byte with its top bit set shows where it is widened with its sign.
const BYTES: [u8; 3] = [0x5a, 0xa5, 0xda];
const ABOVE: u64 = 0x1234_5678_9abc_de00;
/// Which bytes behind the first 0 of a string are 0, too: from its lowest bit on, one for each.
const ZEROS_BEHIND: [u64; 4] = [0, 1, u64::MAX, 1 << 2 | 1 << 11 | 1 << 23 | 1 << 47];
/// A cause, as `src/extable/cause.rs` has it: told, with its access and its kind.
const TOLD: u64 = 1 << 16;
const ACCESS: [u64; 2] = [1 << 8, 2 << 8];
/// The first of those that end at a page, and of the others; how many are told.
const KINDS: [(u64, u64); 2] = [(2, 5), (0x80, 4)];
/// What `string_length` answers if nobody has told a cause (`arch::UNTOLD`).
const UNTOLD: u64 = 1 << 16;

/// What must not be, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub addr: u64,
    pub what: String,
}

/// Where a routine has its arguments and its answer.
#[derive(Clone, Copy, Debug)]
pub struct Registers {
    pub arguments: [Reg; 3],
    pub result: Reg,
}

#[derive(Debug)]
pub struct Trial<'a> {
    pub contract: Contract,
    pub ways: &'a [Way],
    pub machine: Machine,
    registers: Registers,
}

impl<'a> Trial<'a> {
    pub fn new(
        contract: Contract,
        ways: &'a [Way],
        model: Model,
        registers: Registers,
        (cpu, partial): (u64, bool),
    ) -> Self {
        let mut memory = Memory::new(cpu, partial);
        for (side, user) in memory.sides.iter_mut().zip(contract.user) {
            side.is_user = user;
        }
        Self { contract, ways, machine: Machine::new(model, memory), registers }
    }

    /// Calls the routine at an entry point.
    pub fn run(&mut self, text: &Text, start: u32, case: &Case) -> Result<(), Wrong> {
        let starts = self.prepare(case);
        let end = self.machine.run(text, start);
        let fault = self.machine.trace.faults.first();
        let at = fault.map_or(text.range.start, |step| text.steps[*step as usize].addr);
        let outcome = match end {
            End::Wrong(addr, what) => Err(Wrong { addr: if fault.is_some() { at } else { addr }, what }),
            End::Returned => self.judge(case, starts).map_err(|what| Wrong { addr: at, what }),
        };
        self.clean(starts, case);
        outcome.map_err(|wrong| {
            let way = self.ways[usize::from(case.way)].name;
            Wrong { what: format!("{} ({case}; {way})", wrong.what), ..wrong }
        })
    }

    fn prepare(&mut self, case: &Case) -> [u64; 2] {
        let way = &self.ways[usize::from(case.way)];
        let contract = self.contract;
        let machine = &mut self.machine;
        machine.open = way.open;
        machine.features = way.features;
        machine.configuration = way.configuration;
        machine.copier = way.copier;
        let memory = &mut machine.memory;
        memory.cpu.1 = way.cpu;
        memory.asks = false;
        memory.accesses = 0;
        memory.going = None;
        let mut starts = [0; 2];
        let mut inside = false;
        for side in [SOURCE, DESTINATION] {
            let range = &mut memory.sides[side];
            let (edge, apart) = (range.edge(), range.apart() + u64::from(case.offsets[side]));
            let (start, there) = match case.layout {
                Layout::Edge(ends) if ends[side] != NONE => (edge - u64::from(ends[side]), 0..edge),
                Layout::Behind { side: bad, at } if bad == side => (edge - u64::from(at), edge..u64::MAX),
                Layout::Inside { side: bad, at } if bad == side => {
                    inside = true;
                    (apart, 0..apart + u64::from(at))
                }
                _ => (apart, 0..u64::MAX),
            };
            starts[side] = start;
            range.there = there;
            range.allowed = start..start + case.length();
            range.stored = start;
            if side == SOURCE && contract.is_string() {
                // A scan reads whole pieces, but of no page without a byte that it needs.
                let needs = contract.needs(case);
                let end = (start + needs).next_multiple_of(PAGE);
                range.allowed = if needs == 0 { start..start } else { start & !(PAGE - 1)..end };
                for zero in zeros(case) {
                    range.bytes_mut(start + zero..start + zero + 1)[0] = 0;
                }
                // What precedes a string may look like its end.
                range.bytes_mut(start - 1..start)[0] = 0;
            }
        }
        if let Layout::Going { at, comes_back, inside: cause } = case.layout {
            memory.going = Some(Going { at, comes_back });
            inside = cause;
        }
        let (first, kinds) = KINDS[usize::from(inside)];
        let kind = first + u64::from(case.len) % kinds;
        let cause = |access: u64| if case.told { TOLD | access | kind } else { 0 };
        machine.causes = ACCESS.map(cause);
        machine.reset(case.len.is_multiple_of(2));
        let len = case.length();
        let arguments = match contract.task {
            Task::Copy | Task::CopyString => [starts[DESTINATION], starts[SOURCE], len],
            Task::Length => [starts[SOURCE], len, 0],
            Task::Fill => [starts[DESTINATION], ABOVE | u64::from(byte(case)), len],
        };
        for (reg, value) in self.registers.arguments.into_iter().zip(arguments) {
            machine.registers[usize::from(reg)] = value;
        }
        starts
    }

    /// The memory is as it was again.
    fn clean(&mut self, starts: [u64; 2], case: &Case) {
        let [source, destination] = &mut self.machine.memory.sides;
        if destination.stored > starts[DESTINATION] {
            let end = destination.stored.min(destination.end());
            destination.bytes_mut(starts[DESTINATION]..end).fill(UNTOUCHED);
        }
        if self.contract.is_string() {
            for zero in zeros(case) {
                source.restore(starts[SOURCE] + zero);
            }
            source.restore(starts[SOURCE] - 1);
        }
    }

    fn judge(&self, case: &Case, starts: [u64; 2]) -> Result<(), String> {
        let machine = &self.machine;
        let contract = self.contract;
        let way = &self.ways[usize::from(case.way)];
        let left = machine.registers[usize::from(self.registers.result)];
        let cause = machine.registers[usize::from(machine.model.cause)];
        if machine.open != way.open {
            return Err("the window is not as it was".into());
        }
        if machine.memory.asks && machine.memory.cpu.1 == 0 {
            return Err("takes a CPU that nobody has asked for one without features".into());
        }
        let needs = contract.needs(case);
        let done = match contract.there(case) {
            Some(there) => {
                let expected = contract.left(case, there.min(needs));
                if left != expected {
                    return Err(format!("{left} bytes left instead of {expected}"));
                }
                there.min(needs)
            }
            // Whatever is said to be done must be done, and nothing else. Only the status tells a length that ends from one that
            // a fault has cut off there.
            None => {
                let done = case.length().wrapping_sub(left);
                let ended = contract.task == Task::Length && cause == 0;
                let done = if ended && contract.left(case, needs) == left { needs } else { done };
                if done > needs {
                    return Err(format!("{left} bytes left, fewer than there can be"));
                }
                done
            }
        };
        let complete = done == needs && (contract.task != Task::Length || cause == 0);
        let is_behind = match case.layout {
            Layout::Behind { side, at } => at < way.reach || starts[side] + u64::from(at) < machine.reach,
            _ => false,
        };
        if machine.traps > contract.most_traps(case, is_behind) {
            return Err(format!("{} faults", machine.traps));
        }
        if !complete && machine.traps == 0 {
            return Err("stops without a fault".into());
        }
        self.judge_cause(case, cause, complete)?;
        self.judge_bytes(case, starts, done)
    }

    fn judge_cause(&self, case: &Case, cause: u64, complete: bool) -> Result<(), String> {
        let told = self.machine.causes;
        let right = if complete {
            // What was refused, and done after all, leaves its cause with a copy: nobody asks.
            cause == 0 || (!self.contract.is_string() && self.machine.traps > 0 && told.contains(&cause))
        } else if self.contract.task == Task::Length && !case.told {
            cause == UNTOLD
        } else {
            told.contains(&cause)
        };
        if right { Ok(()) } else { Err(format!("comes back with the cause {cause:#x}")) }
    }

    /// The first so many bytes have arrived, and no other is touched.
    fn judge_bytes(&self, case: &Case, starts: [u64; 2], done: u64) -> Result<(), String> {
        if !self.contract.has(DESTINATION) {
            return Ok(());
        }
        let [source, destination] = &self.machine.memory.sides;
        let start = starts[DESTINATION];
        if destination.stored != start + done || destination.stored > destination.end() {
            let stored = destination.stored - start;
            return Err(format!("says that {done} bytes are stored, and has stored up to {stored}"));
        }
        let there = destination.bytes(start..start + done);
        let wrong = match self.contract.task {
            Task::Fill => there.iter().position(|stored| *stored != byte(case)),
            _ => {
                let wanted = source.bytes(starts[SOURCE]..starts[SOURCE] + done);
                if there == wanted { None } else { there.iter().zip(wanted).position(|(a, b)| a != b) }
            }
        };
        match wrong {
            None => Ok(()),
            Some(at) => Err(format!("says that {done} bytes are stored, and byte {at} is not")),
        }
    }
}

/// What a fill is called with.
fn byte(case: &Case) -> u8 {
    BYTES[case.variant() as usize % BYTES.len()]
}

/// Where a string has zeros: the first, and in most cases others behind it. Those say nothing.
fn zeros(case: &Case) -> impl Iterator<Item = u64> + use<> {
    let behind = ZEROS_BEHIND[case.variant() as usize % ZEROS_BEHIND.len()];
    let first = (case.zero != NONE).then_some(u64::from(case.zero));
    let all = move |first| (0..64).filter(move |at| behind >> at & 1 == 1).map(move |at| first + 1 + at);
    first.into_iter().chain(first.into_iter().flat_map(all))
}
