// SPDX-License-Identifier: MIT OR Apache-2.0
//! Follows each path through a function, with what is known of the registers on it.
//!
//! States that meet are joined, unless they differ in the window: whether it is open, and how often this path
//! has opened it; a few are kept apart besides, where a proof needs it. So whatever a proof sees at an instruction holds
//! on each path that leads there.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ops::Range,
};

use super::{
    image::{Entry, Image},
    insn::{Access, Condition, Direction, Expr, FLAGS, Flow, Insn, Op, REGISTERS, Reg, SCRATCH, Window},
    machine::{Guard, Isa, Lacking},
    value::{Bits, Symbol, Value},
};

/// What a function that answers with a fault, or a value of a word, may write to its caller's memory: the answer is
/// three words.
const BRIEF: i64 = 24;

/// What is known where a path stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub registers: [Value; REGISTERS],
    /// What is known of the lowest byte besides, where only that has been written.
    bytes: [Option<Bits>; REGISTERS],
    /// The table of jumps that it is computed or loaded from.
    origins: [Option<u64>; REGISTERS],
    /// What lies on the stack, and in how many bytes.
    slots: BTreeMap<(Symbol, i64), (u8, Value)>,
    pub window: WindowState,
}

/// The window on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WindowState {
    pub open: bool,
    /// How often the path has opened it; since it was closed, where it may be opened again.
    pub opened: u8,
    /// Whether the CPU feature byte is filled.
    known: bool,
    /// Tells states apart that differ in nothing of this: see [`Walk::apart`].
    way: u8,
}

impl WindowState {
    /// The least in order.
    pub const LEAST: Self = Self { open: false, opened: 0, known: false, way: 0 };
}

/// What the code finds when it is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// The processor lacks the guard.
    pub lacking: bool,
    /// The window is open already.
    pub open: bool,
    /// Somebody has asked for the CPU's features.
    pub known: bool,
}

/// What happens at an instruction.
#[derive(Debug)]
pub enum Event<'a> {
    /// It is executed.
    Reached,
    Access(Direction, &'a Access, Value),
    /// To another function, and whether it comes back.
    Call {
        target: Option<u64>,
        returns: bool,
    },
    /// By way of this register; on x86_64 by the stack.
    Return(Option<Reg>),
    /// What a path must not do.
    Wrong(String),
}

/// Who watches: the instruction, the state at that moment, what happens.
pub type See<'a> = dyn FnMut(&Insn, &State, Event) + 'a;

/// A function with all that its instructions depend on.
#[derive(Debug)]
pub struct Walk<'a> {
    pub isa: &'a Isa,
    pub image: &'a Image,
    /// Its instructions by address.
    pub code: &'a BTreeMap<u64, Insn>,
    pub range: Range<u64>,
    pub entries: &'a HashMap<u64, Vec<Entry>>,
    pub surroundings: Surroundings,
    /// The window that matters here: none in a process.
    pub guard: Guard,
    /// Where the CPU feature byte lies.
    pub cpu: Option<u64>,
    /// Functions whose effect on the registers is known: those that they change.
    pub helpers: &'a HashMap<u64, Vec<Reg>>,
    /// Functions behind which the CPU feature byte is filled, besides.
    pub asking: &'a HashSet<u64>,
    /// Functions that never return.
    pub never: &'a HashSet<u64>,
    /// Functions that write no more than [`BRIEF`] bytes to where an argument points.
    pub brief: &'a HashSet<u64>,
    /// Where a sequence of `confine` ends: the register of its answer and the one that held 0.
    pub masks: &'a HashMap<u64, (Reg, Option<Reg>)>,
    /// Where blocks start, in ascending order.
    pub leaders: &'a [u64],
    /// Whether an indirect jump may lead to any of them; if not, there must be none.
    pub jumps_anywhere: bool,
    /// Whether the window may be opened again once it is closed: routines open it once.
    pub opens_again: bool,
    /// How many states are kept at the start of a block before they are joined; 1 at least.
    pub apart: u8,
    /// The function that closes the window and returns whether it was open, for a task that leaves.
    pub suspend: Option<u64>,
}

/// States by where they are, and what they must not be joined across.
pub type States = BTreeMap<(u64, WindowState), State>;

impl State {
    pub fn entry(surroundings: Surroundings) -> Self {
        let mut registers = [Value::Any; REGISTERS];
        for (reg, value) in registers.iter_mut().enumerate().take(usize::from(FLAGS)) {
            *value = Value::symbol(Symbol::Entry(reg as Reg));
        }
        let window = WindowState { open: surroundings.open, opened: 0, known: surroundings.known, way: 0 };
        let (bytes, origins) = ([None; REGISTERS], [None; REGISTERS]);
        Self { registers, bytes, origins, slots: BTreeMap::new(), window }
    }

    /// Nothing is known, but for the stack pointer.
    pub fn nothing(surroundings: Surroundings, isa: &Isa) -> Self {
        let mut state = Self::entry(surroundings);
        state.registers = [Value::Any; REGISTERS];
        state.set(isa.stack, Value::symbol(Symbol::Frame));
        state
    }

    pub fn get(&self, reg: Reg) -> Value {
        self.registers[usize::from(reg)]
    }

    pub fn set(&mut self, reg: Reg, value: Value) {
        self.registers[usize::from(reg)] = value;
        self.bytes[usize::from(reg)] = None;
        self.origins[usize::from(reg)] = None;
    }

    /// Keeps what holds of both; tells whether that is less than before.
    fn join(&mut self, other: &Self) -> bool {
        let before = self.clone();
        for (mine, others) in self.registers.iter_mut().zip(&other.registers) {
            *mine = mine.join(*others);
        }
        for (mine, others) in self.bytes.iter_mut().zip(&other.bytes) {
            *mine = mine.zip(*others).map(|(mine, others)| mine.join(others));
        }
        for (mine, others) in self.origins.iter_mut().zip(&other.origins) {
            *mine = mine.filter(|mine| *others == Some(*mine));
        }
        self.slots.retain(|slot, (size, value)| match other.slots.get(slot) {
            Some((others_size, others)) if others_size == size => {
                *value = value.join(*others);
                true
            }
            _ => false,
        });
        *self != before
    }
}

impl Walk<'_> {
    /// Adds the states in which the paths from `starts` come to the starts of blocks.
    pub fn explore(&self, states: &mut States, starts: Vec<(u64, State)>) {
        let mut waiting = starts;
        let mut changed = BTreeSet::new();
        loop {
            for (addr, state) in waiting.drain(..) {
                changed.extend(self.add(states, addr, state));
            }
            // In the order of the code most states are complete before they are used.
            let Some(key) = changed.pop_first() else { return };
            waiting = self.block(key.0, states[&key].clone(), &mut |_, _, _| {});
        }
    }

    /// Adds one state at the start of a block: beside those that are there, as long as there is room, or joined with the
    /// last of them. Returns where there is more to see than before.
    fn add(&self, states: &mut States, addr: u64, mut state: State) -> Option<(u64, WindowState)> {
        for way in 0..self.apart {
            state.window.way = way;
            let key = (addr, state.window);
            let is_last = way + 1 == self.apart;
            match states.get_mut(&key) {
                None => {
                    states.insert(key, state);
                    return Some(key);
                }
                Some(known) if is_last => return known.join(&state).then_some(key),
                // What is known there holds of this one, too.
                Some(known) if !known.clone().join(&state) => return None,
                Some(_) => {}
            }
        }
        None
    }

    /// Adds the blocks that no path is seen to reach, with nothing known there: landing pads of unwinding, and cases
    /// that cannot be on this CPU. Not those of stubs that no entry leads to: nothing else does.
    pub fn explore_the_rest(&self, states: &mut States, is_stub: impl Fn(u64) -> bool) {
        let mut dead = HashSet::new();
        for leader in self.leaders {
            let at = |addr| states.range((addr, WindowState::LEAST)..).next();
            let is_reached = |addr| at(addr).is_some_and(|(key, _)| key.0 == addr);
            // Padding is no code. What follows it may look like more of it, and be reached: `sti` changes no register.
            let first =
                self.code.range(leader..).find(|(addr, insn)| is_reached(**addr) || !insn.is_padding());
            if first.is_some_and(|(addr, _)| !is_reached(*addr)) {
                let mut at = *leader;
                while (at != *leader || is_stub(at)) && !is_reached(at) && dead.insert(at) {
                    let Some(insn) = self.code.get(&at) else { break };
                    at = if let Flow::Jump(target) = insn.flow { target } else { insn.end() };
                }
                if dead.contains(leader) {
                    continue;
                }
                self.explore(states, vec![(*leader, State::nothing(self.surroundings, self.isa))]);
            }
        }
    }

    /// Shows each instruction in each state that it is reached in.
    pub fn visit(&self, states: &States, see: &mut See) {
        for ((addr, _), state) in states {
            self.block(*addr, state.clone(), see);
        }
    }

    /// Executes instructions up to where paths part or meet: where they go on, in which state.
    fn block(&self, start: u64, state: State, see: &mut See) -> Vec<(u64, State)> {
        let (mut addr, mut state) = (start, state);
        loop {
            let Some(insn) = self.code.get(&addr) else {
                let insn = Insn::new(addr, 0, String::new());
                see(&insn, &state, Event::Wrong("is reached in the middle of an instruction".to_owned()));
                return Vec::new();
            };
            see(insn, &state, Event::Reached);
            let mut next = self.step(insn, state, see);
            match next.pop() {
                Some((to, after)) if next.is_empty() && to == insn.end() && !self.is_leader(to) => {
                    (addr, state) = (to, after);
                }
                Some(last) => {
                    next.push(last);
                    return next;
                }
                None => return next,
            }
        }
    }

    fn is_leader(&self, addr: u64) -> bool {
        self.leaders.binary_search(&addr).is_ok()
    }

    /// Executes one instruction.
    fn step(&self, insn: &Insn, mut state: State, see: &mut See) -> Vec<(u64, State)> {
        let mut next = Vec::new();
        for entry in self.entries.get(&insn.addr).into_iter().flatten() {
            next.push((entry.landing, self.landed(insn, &state)));
        }
        let mask = self.masks.get(&insn.addr);
        let answer =
            mask.filter(|(_, zero)| zero.is_none_or(|zero| state.get(zero).as_constant() == Some(0)));
        for op in &insn.ops {
            self.execute(op, insn, &mut state, see);
        }
        if let Some(&(answer, _)) = answer {
            state.set(answer, Value::symbol(Symbol::Masked));
        }
        self.go_on(insn, state, see, &mut next);
        next.retain(|(addr, state)| {
            let inside = self.range.contains(addr);
            if !inside {
                let what = format!("leads out of the function, to {}", self.image.describe(*addr));
                see(insn, state, Event::Wrong(what));
            }
            inside
        });
        next
    }

    /// Executes one instruction of a listing that is read from its top to its end.
    pub fn pass(&self, insn: &Insn, state: &mut State, see: &mut See) {
        for op in &insn.ops {
            self.execute(op, insn, state, &mut |_, _, _| {});
        }
        let target = match &insn.flow {
            Flow::Next | Flow::Stop | Flow::Return => return,
            Flow::Call(target) | Flow::Jump(target) | Flow::Branch(target, _) => Some(*target),
            Flow::CallTo(target) | Flow::JumpTo(target) => self.evaluate(target, state).as_constant(),
        };
        see(insn, state, Event::Call { target, returns: true });
        if matches!(insn.flow, Flow::Call(_) | Flow::CallTo(_)) {
            self.come_back(None, state);
        }
    }

    /// The state that a landing finds after a fault: a faulting instruction has changed nothing, except that
    /// one that goes stepwise has moved its registers.
    fn landed(&self, insn: &Insn, before: &State) -> State {
        let mut state = before.clone();
        for op in &insn.ops {
            if let Op::Set(reg, _) = op
                && insn.stepwise
            {
                state.set(*reg, before.get(*reg).moved());
            }
        }
        state.set(self.isa.cause, Value::NUMBER);
        state
    }

    fn execute(&self, op: &Op, insn: &Insn, state: &mut State, see: &mut See) {
        match op {
            Op::Set(reg, from) => {
                let mut value = self.evaluate(from, state);
                if *reg == self.isa.stack && value.as_offset().is_none() {
                    value = Value::symbol(Symbol::Frame);
                    state.slots.clear();
                }
                let byte = match from {
                    Expr::Reg(from) => state.bytes[usize::from(*from)],
                    _ => None,
                };
                let origin = self.origin(from, state);
                state.set(*reg, value);
                state.bytes[usize::from(*reg)] = byte;
                state.origins[usize::from(*reg)] = origin;
            }
            Op::SetByte(reg, value) => {
                let byte = self.evaluate(value, state).low(8);
                let all = [state.get(*reg), byte].into_iter().all(Value::is_number);
                state.set(*reg, if all { Value::NUMBER } else { Value::Any });
                state.bytes[usize::from(*reg)] = byte.as_bits();
            }
            Op::Load(to, access) => {
                let addr = self.evaluate(&access.addr, state);
                see(insn, &*state, Event::Access(Direction::Load, access, addr));
                if let Some(reg) = to {
                    let origin = self.origin(&access.addr, state);
                    state.set(*reg, self.load(addr, access.size, state));
                    state.origins[usize::from(*reg)] = origin;
                }
            }
            Op::Store(value, access) => {
                let addr = self.evaluate(&access.addr, state);
                see(insn, &*state, Event::Access(Direction::Store, access, addr));
                if let Some(slot) = self.slot(addr) {
                    // Whatever it overlaps is gone.
                    let size = i64::from(access.size);
                    state.slots.retain(|&(symbol, at), _| {
                        symbol != slot.0 || at + 8 <= slot.1 || slot.1 + size <= at
                    });
                    if let (size @ (1 | 2 | 4 | 8), Some(value)) = (access.size, value) {
                        let value = self.evaluate(value, state);
                        let value = if size == 8 { value } else { value.low(size * 8) };
                        state.slots.insert(slot, (size, value));
                    }
                }
            }
            Op::SetStatus(value) => match self.guard {
                Guard::Bit { bit, open, .. } => match self.evaluate(value, state).bit(bit) {
                    Some(value) => self.move_window(value == open, insn, state, see),
                    None => {
                        see(insn, &*state, Event::Wrong("sets the window to what is not known".to_owned()))
                    }
                },
                Guard::None => {
                    see(insn, &*state, Event::Wrong("moves a window where there is none".to_owned()))
                }
            },
            Op::Window(Window::PopFlags) => {
                see(insn, &*state, Event::Wrong("takes all flags from the stack".to_owned()))
            }
            Op::Window(window) => self.move_window(*window == Window::Open, insn, state, see),
        }
    }

    fn move_window(&self, open: bool, insn: &Insn, state: &mut State, see: &mut See) {
        if self.guard == Guard::None {
            see(insn, &*state, Event::Wrong("moves a window where there is none".to_owned()));
        }
        if self.surroundings.lacking {
            see(
                insn,
                &*state,
                Event::Wrong("moves the window on a CPU that has none: undefined there".to_owned()),
            );
        }
        // What was open to begin with is given back.
        if open && !state.window.open && !(self.opens_again && self.surroundings.open) {
            state.window.opened = state.window.opened.saturating_add(1).min(2);
            if state.window.opened > 1 {
                see(insn, &*state, Event::Wrong("opens the window a second time".to_owned()));
            }
        }
        if !open && self.opens_again {
            state.window.opened = 0;
        }
        state.window.open = open;
    }

    fn go_on(&self, insn: &Insn, mut state: State, see: &mut See, next: &mut Vec<(u64, State)>) {
        match &insn.flow {
            Flow::Next => next.push((insn.end(), state)),
            Flow::Stop => {}
            Flow::Jump(target) => self.jump(*target, insn, state, see, next),
            Flow::Branch(target, condition) => {
                let taken = match condition {
                    Condition::IfZero(value) => self.evaluate(value, &state).is_zero(),
                    Condition::IfNot(value) => self.evaluate(value, &state).is_zero().map(|zero| !zero),
                    Condition::Unknown => None,
                };
                if taken != Some(true) {
                    next.push((insn.end(), state.clone()));
                }
                if taken != Some(false) {
                    self.jump(*target, insn, state, see, next);
                }
            }
            Flow::JumpTo(target) => {
                let origin = self.origin(target, &state);
                let target = self.evaluate(target, &state);
                match (target.as_offset(), target.as_constant()) {
                    (Some((Symbol::Entry(reg), 0)), _) => see(insn, &state, Event::Return(Some(reg))),
                    (_, Some(target)) => self.jump(target, insn, state, see, next),
                    _ if !self.jumps_anywhere => {
                        see(insn, &state, Event::Wrong("jumps to nobody knows where".into()))
                    }
                    _ => next.extend(self.cases(origin).into_iter().map(|case| (case, state.clone()))),
                }
            }
            Flow::Call(target) => {
                see(insn, &state, Event::Call { target: Some(*target), returns: true });
                if !self.never.contains(target) {
                    self.come_back(Some(*target), &mut state);
                    next.push((insn.end(), state));
                }
            }
            Flow::CallTo(target) => {
                let target = self.evaluate(target, &state).as_constant();
                see(insn, &state, Event::Call { target, returns: true });
                if target.is_none_or(|target| !self.never.contains(&target)) {
                    self.come_back(target, &mut state);
                    next.push((insn.end(), state));
                }
            }
            Flow::Return => {
                let stack = state.get(self.isa.stack).as_offset();
                if stack != Some((Symbol::Entry(self.isa.stack), 0)) {
                    see(insn, &state, Event::Wrong("returns with the stack pointer moved".to_owned()));
                }
                see(insn, &state, Event::Return(None));
            }
        }
    }

    /// The one table of jumps that the registers of a value point to, or come from.
    fn origin(&self, value: &Expr, state: &State) -> Option<u64> {
        let of_both = |left, right| {
            let (left, right) = (self.origin(left, state), self.origin(right, state));
            if left.is_some() && right.is_some() { left.filter(|_| left == right) } else { left.or(right) }
        };
        match value {
            Expr::Reg(reg) => {
                let constant = state.get(*reg).as_constant();
                let table = constant.filter(|addr| !self.entries_of(*addr, None).is_empty());
                table.or(state.origins[usize::from(*reg)])
            }
            Expr::Low(_, value) => self.origin(value, state),
            Expr::Binary(_, sides) | Expr::Either(sides) => of_both(&sides.0, &sides.1),
            Expr::Mix(parts) => match &parts[..] {
                [one] => self.origin(one, state),
                [left, right] => of_both(left, right),
                _ => None,
            },
            Expr::Const(_) | Expr::Number | Expr::Any | Expr::Status => None,
        }
    }

    /// Where an indirect jump may lead to: to the cases of the table that its target comes from, or else to any
    /// block.
    fn cases(&self, origin: Option<u64>) -> Vec<u64> {
        let Some(table) = origin else { return self.leaders.to_vec() };
        // The next table is none of its cases, though it may lie right behind.
        let end = self.tables().range(table + 1..).next().copied();
        self.entries_of(table, end).into_iter().collect()
    }

    /// The tables of the function's jumps, as far as they are found by reading it from its top to its end.
    fn tables(&self) -> BTreeSet<u64> {
        let mut state = State::entry(self.surroundings);
        let mut tables = BTreeSet::new();
        for insn in self.code.values() {
            for op in &insn.ops {
                self.execute(op, insn, &mut state, &mut |_, _, _| {});
            }
            if let Flow::JumpTo(target) = &insn.flow {
                tables.extend(self.origin(target, &state));
            }
        }
        tables
    }

    /// What a table of jumps leads to, be it of distances or of addresses.
    fn entries_of(&self, table: u64, end: Option<u64>) -> BTreeSet<u64> {
        let near = self.table(table, end, 4, |bytes| {
            table.wrapping_add_signed(i32::from_le_bytes(*bytes.first_chunk().expect("4 bytes")).into())
        });
        let far =
            self.table(table, end, 8, |bytes| u64::from_le_bytes(*bytes.first_chunk().expect("8 bytes")));
        near.into_iter().chain(far).collect()
    }

    /// The entries of a table as far as they are instructions of the function.
    fn table(&self, table: u64, end: Option<u64>, size: usize, target: impl Fn(&[u8]) -> u64) -> Vec<u64> {
        if self.image.is_code(table) {
            return Vec::new();
        }
        let most = end.map_or(usize::MAX, |end| (end - table) as usize / size);
        let entries = self.image.at(table).unwrap_or_default().chunks_exact(size).take(most);
        entries.map(target).take_while(|case| self.code.contains_key(case)).collect()
    }

    fn jump(&self, target: u64, insn: &Insn, state: State, see: &mut See, next: &mut Vec<(u64, State)>) {
        if self.range.contains(&target) {
            next.push((target, state));
        } else {
            see(insn, &state, Event::Call { target: Some(target), returns: false });
        }
    }

    /// What a function leaves behind: known of a helper, by the platform's convention of others.
    fn come_back(&self, target: Option<u64>, state: &mut State) {
        match target.and_then(|target| self.helpers.get(&target)) {
            Some(changed) => {
                for reg in changed {
                    state.set(*reg, Value::NUMBER);
                }
                state.window.known = true;
            }
            None => {
                let was_open = state.window.open && !self.surroundings.lacking;
                self.forget_lent(target, state);
                for reg in 0..REGISTERS as Reg {
                    if !self.isa.preserved.contains(&reg) {
                        state.set(reg, Value::Any);
                    }
                }
                if target.is_some() && target == self.suspend && self.guard != Guard::None {
                    state.window.open = false;
                    state.set(self.isa.result(), Value::constant(was_open.into()));
                }
                if target.is_some_and(|target| self.asking.contains(&target)) {
                    state.window.known = true;
                    // It returns the byte where it returns anything.
                    if let (Some(_), Some(cpu)) = (self.isa.link, self.cpu) {
                        let byte = self.load(Value::constant(cpu), 1, state);
                        state.set(self.isa.arguments[0], byte);
                    }
                }
            }
        }
        state.set(FLAGS, Value::Any);
        state.set(SCRATCH, Value::Any);
    }

    /// Forgets what a function may have written to a variable whose address it has been given. How long that is, is
    /// known of few: so all numbers from there on are forgotten. Addresses are the compiler's own, and so are the flags that say
    /// whether this call has opened the window, where the window is followed.
    fn forget_lent(&self, callee: Option<u64>, state: &mut State) {
        let is_brief = callee.is_some_and(|callee| self.brief.contains(&callee));
        let guarded = self.guard != Guard::None;
        for argument in (0..REGISTERS as Reg).filter(|reg| *reg != self.isa.stack) {
            let Some((symbol, start)) = self.slot(state.get(argument)) else { continue };
            state.slots.retain(|&(of, at), (size, value)| {
                let is_behind = is_brief && start + BRIEF <= at;
                of != symbol
                    || at < start
                    || is_behind
                    || (guarded && *size < 4)
                    || value.as_constant().is_none()
            });
        }
    }

    fn slot(&self, addr: Value) -> Option<(Symbol, i64)> {
        let (symbol, offset) = addr.as_offset()?;
        let on_stack = symbol == Symbol::Frame || symbol == Symbol::Entry(self.isa.stack);
        on_stack.then_some((symbol, offset))
    }

    fn load(&self, addr: Value, size: u8, state: &State) -> Value {
        if let Some((stored, value)) = self.slot(addr).and_then(|slot| state.slots.get(&slot)) {
            return if size == *stored { *value } else { Value::NUMBER };
        }
        let Some(addr) = addr.as_constant() else { return Value::NUMBER };
        if Some(addr) == self.cpu
            && let Guard::Bit { lacking: Lacking::Undefined { known, feature }, .. } = self.guard
        {
            // Between 0 and what CPUID says there is nothing.
            return match (state.window.known, self.surroundings.lacking) {
                (false, _) => Value::constant(0),
                (true, false) => Value::bits(Bits::some(known | feature, known | feature)),
                (true, true) => Value::bits(Bits::some(known | feature, known)),
            };
        }
        // A slot of the global offset table, or its like.
        match self.image.pointer(addr) {
            Some(target) if size == 8 && (self.image.is_code(target) || Some(target) == self.cpu) => {
                Value::constant(target)
            }
            _ => Value::NUMBER,
        }
    }

    fn evaluate(&self, value: &Expr, state: &State) -> Value {
        match value {
            Expr::Reg(reg) => state.get(*reg),
            Expr::Const(value) => Value::constant(*value),
            Expr::Number => Value::NUMBER,
            Expr::Any => Value::Any,
            Expr::Mix(parts) => {
                let numbers = parts.iter().all(|part| self.evaluate(part, state).is_number());
                if numbers { Value::NUMBER } else { Value::Any }
            }
            Expr::Status => match self.guard {
                Guard::Bit { bit, open, .. } => Value::bits(Bits::bit(bit, state.window.open == open)),
                Guard::None => Value::NUMBER,
            },
            Expr::Binary(op, sides) => {
                let (left, right) = (self.evaluate(&sides.0, state), self.evaluate(&sides.1, state));
                left.apply(*op, right)
            }
            Expr::Low(bits, value) => {
                let whole = self.evaluate(value, state).low(*bits);
                match **value {
                    Expr::Reg(reg) => whole.with_byte(state.bytes[usize::from(reg)]),
                    _ => whole,
                }
            }
            Expr::Either(sides) => self.evaluate(&sides.0, state).join(self.evaluate(&sides.1, state)),
        }
    }
}
