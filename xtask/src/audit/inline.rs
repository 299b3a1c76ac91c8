// SPDX-License-Identifier: MIT OR Apache-2.0
//! The proofs about accesses that the compiler has put where they are used: entries with the flag `INLINED`.
//!
//! Of each function that has such entries, or a mask, each path is followed. At an access with an entry the
//! address is a mask's answer, or in a value's first 64 bytes behind it, the window is open where the machine asks for it, and the register that the
//! landing reports says that nobody told a cause. Whatever else accesses a mask's answer lacks its entry. Each
//! end of the function finds the window as the start found it, and what is called while this function holds it
//! open is the crate's own: a batch whose value faults goes on out of line.
//!
//! A probe of kernel memory has no mask and needs no window; debug information tells which accesses are one.
//! Whether an entry has to be no-fault depends on the type that the compiler has filled in: that is known of
//! probes only.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use super::{
    Proof, Violation,
    binary::Binary,
    flow::{Event, State, States, Surroundings, Walk},
    image::{Entry, Function},
    insn::{self, Access, Direction, Expr, Insn, Op},
    lines::Lines,
    machine::Guard,
    mask::{self, Sources},
    routine::{self, INLINED, NO_FAULT, READ, WRITE},
    value::{Symbol, Value},
};

/// The status of an access that nobody has told a cause (`arch::UNTOLD`).
const UNTOLD: u64 = 1 << 16;
/// Where it says how many bytes have been stored in front (`arch::STORED`).
const STORED: u32 = 24;

/// The bytes of the largest value that is accessed where it is used (`fixed`): each part lies in it.
const MOST: i64 = 64;

/// How many states are kept apart where one does not do.
const APART: u8 = 64;

/// What takes the window from a task that leaves.
const SUSPEND: &str = "axptr::window::suspend";

/// What may be called while a batch holds the window open: the exact outcome of a fault, and copies of values
/// that no single instruction reads or writes. The check of an address is made again inside, and may be put together
/// into a fault.
const BATCH: &[&str] = &[
    "axptr::single::read_again",
    "axptr::single::write_again",
    "axptr::single::write_out_of_line",
    "axptr::copy::",
    "axptr::raw::",
    "axptr::error::refusal",
    "<axptr::error::Fault>::refused",
    "<axptr::error::Fault>::stopped",
    "axptr::range::is_refused",
    // Of a value that was read, to where the others are: from kernel memory to kernel memory.
    "memcpy",
];

/// Instructions by address.
pub type Code = BTreeMap<u64, Insn>;

/// What was found.
#[derive(Debug, Default)]
pub struct Inlined {
    /// Functions with inlined entries.
    pub functions: BTreeSet<u64>,
    /// Accesses whose address comes out of a mask.
    pub masked: usize,
    /// Accesses of kernel memory.
    pub probes: usize,
    /// Places at which a batch calls on with the window open.
    pub inside: usize,
    pub violations: Vec<Violation>,
}

/// What an inlined access is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    User,
    /// Kernel memory that may not be there.
    Probe,
}

/// Checks each function that accesses user memory by itself.
pub fn audit(binary: &Binary, entries: &[Entry], lines: &Lines, sources: &Sources) -> Inlined {
    let mut all = Inlined::default();
    for function in binary.image.functions() {
        if routine::kind(&function.name).is_some() {
            continue;
        }
        let has_entry = inside(entries, &function.range).next().is_some();
        if has_entry || !mask::masks(binary, &binary.decode_once(function)).is_empty() {
            let found = audit_function(binary, function, entries, lines, sources);
            all.functions.extend(found.functions);
            all.masked += found.masked;
            all.probes += found.probes;
            all.inside += found.inside;
            all.violations.extend(found.violations);
        }
    }
    all
}

/// The inlined entries in a function.
fn inside<'a>(entries: &'a [Entry], range: &'a Range<u64>) -> impl Iterator<Item = &'a Entry> {
    entries.iter().filter(|entry| entry.flags & INLINED != 0 && range.contains(&entry.insn))
}

/// Checks one function.
pub fn audit_function(
    binary: &Binary,
    function: &Function,
    entries: &[Entry],
    lines: &Lines,
    sources: &Sources,
) -> Inlined {
    audit_apart(binary, function, entries, lines, sources).1
}

/// The same, and how many states had to be kept apart.
pub fn audit_apart(
    binary: &Binary,
    function: &Function,
    entries: &[Entry],
    lines: &Lines,
    sources: &Sources,
) -> (u8, Inlined) {
    let found = follow(binary, function, entries, lines, sources, 1);
    if found.violations.iter().all(|it| it.proof != Proof::Window) {
        return (1, found);
    }
    // Where the compiler has made one path of those that have opened the window and those that have not, a flag tells
    // who closes it: then states that differ in flags must not be joined.
    (APART, follow(binary, function, entries, lines, sources, APART))
}

/// Follows each path through a function, with so many states kept apart where paths meet.
pub fn follow(
    binary: &Binary,
    function: &Function,
    entries: &[Entry],
    lines: &Lines,
    sources: &Sources,
    apart: u8,
) -> Inlined {
    let own: Vec<Entry> = inside(entries, &function.range).copied().collect();
    let mut here = Here::new(binary, function, &own, lines, sources);
    let code = binary.decode(function);
    let by_insn = routine::by_instruction(&own);
    let masks = mask::by_last(binary, &code);
    let leaders = routine::leaders(&code, function.range.clone(), &own);
    let guard = binary.guard();
    let mut reached = BTreeSet::new();
    for surroundings in routine::surroundings(guard) {
        let walk = Walk {
            isa: binary.isa,
            image: &binary.image,
            code: &code,
            range: function.range.clone(),
            entries: &by_insn,
            surroundings,
            guard,
            cpu: binary.cpu,
            helpers: &binary.helpers,
            masks: &masks,
            leaders: &leaders,
            jumps_anywhere: true,
            opens_again: true,
            apart,
            suspend: binary.image.name(SUSPEND),
            asking: &binary.asking,
            never: &binary.never,
            brief: &binary.brief,
        };
        let mut states = States::new();
        walk.explore(&mut states, vec![(function.range.start, State::entry(surroundings))]);
        // Where no branch leads with what is known in front of it: the code is judged all the same.
        loop {
            let others = if guard == Guard::None { not_taken(&walk, &states) } else { Vec::new() };
            if others.is_empty() {
                break;
            }
            walk.explore(&mut states, others);
        }
        if guard == Guard::None {
            walk.explore_the_rest(&mut states, |leader| is_stub(binary, &code, leader));
        }
        walk.visit(&states, &mut |insn, state, event| {
            reached.insert(insn.addr);
            here.judge(surroundings, guard, insn, state, event);
        });
    }
    for entry in &own {
        if !reached.contains(&entry.insn) {
            here.blame(Proof::Coverage, entry.insn, "no path leads to this access");
        }
        if let Some(insn) = code.get(&entry.insn)
            && let Err(what) = lands(binary, function, &code, insn, *entry)
        {
            here.blame(Proof::Landing, entry.insn, what);
        }
    }
    here.found.violations.sort();
    here.found.violations.dedup();
    here.found
}

/// The sides of branches that no path takes, with the states that it would have on them.
fn not_taken(walk: &Walk, states: &States) -> Vec<(u64, State)> {
    let (mut reached, mut sides) = (BTreeSet::new(), Vec::new());
    walk.visit(states, &mut |insn, state, event| {
        reached.insert(insn.addr);
        if let (Event::Reached, insn::Flow::Branch(target, _)) = (event, &insn.flow) {
            sides.extend([(insn.end(), state.clone()), (*target, state.clone())]);
        }
    });
    sides.retain(|(addr, _)| walk.range.contains(addr) && !reached.contains(addr));
    sides
}

/// Whether the landing leads to where the access itself goes on, and says on the way what has been stored.
fn lands(
    binary: &Binary,
    function: &Function,
    code: &Code,
    insn: &Insn,
    entry: Entry,
) -> Result<(), &'static str> {
    let mut stored = None;
    if entry.flags & (READ | WRITE) == WRITE {
        stored = insn.accesses().next().and_then(|(_, access)| distance(&access.addr));
    }
    let plain = lands_behind(binary, code, insn, entry.landing);
    if plain.is_ok() {
        // An entry does not reach farther.
        let is_far = function.range.end.saturating_sub(insn.addr) > i16::MAX as u64;
        return if stored.is_some_and(|stored| stored != 0) && !is_far {
            Err("does not say what has been stored in front")
        } else {
            Ok(())
        };
    }
    let Some((told, ways)) = stub(binary, code, entry.landing) else { return plain };
    if !ways.into_iter().flatten().any(|way| lands_behind(binary, code, insn, way).is_ok()) {
        return Err("has a stub that leads elsewhere than behind the report of success");
    }
    if stored != Some(told) {
        return Err("has a stub that says what has not been stored");
    }
    Ok(())
}

/// What the stub at an address adds to the status, in bytes, and where it may lead: on, or to the target of the jump
/// that follows. It does nothing else.
fn stub(binary: &Binary, code: &Code, start: u64) -> Option<(u64, [Option<u64>; 2])> {
    /// A cause as a handler may tell it: all bits that it can have, and one of an access.
    const TOLD: u64 = UNTOLD | 0x2ff;
    const MOST_INSTRUCTIONS: usize = 4;
    let mut registers = [Value::Any; insn::REGISTERS];
    let cause = usize::from(binary.isa.cause);
    registers[cause] = Value::constant(TOLD);
    let mut addr = start;
    for _ in 0..MOST_INSTRUCTIONS {
        let insn = code.get(&addr)?;
        let mut told = false;
        for op in &insn.ops {
            let Op::Set(reg, value) = op else { return None };
            registers[usize::from(*reg)] = evaluate(value, &registers);
            told |= usize::from(*reg) == cause;
        }
        addr = match insn.flow {
            insn::Flow::Next => insn.end(),
            insn::Flow::Jump(target) => target,
            _ => return None,
        };
        if told {
            let status = registers[cause].as_constant()?;
            let jump = code.get(&addr).and_then(|insn| match insn.flow {
                insn::Flow::Jump(target) if insn.ops.is_empty() => Some(target),
                _ => None,
            });
            return (status & ((1 << STORED) - 1) == TOLD).then_some((status >> STORED, [Some(addr), jump]));
        }
    }
    None
}

/// Whether a landing is one that says what has been stored.
pub fn is_stub(binary: &Binary, code: &Code, landing: u64) -> bool {
    stub(binary, code, landing).is_some()
}

/// A value of registers that are known.
fn evaluate(value: &Expr, registers: &[Value; insn::REGISTERS]) -> Value {
    match value {
        Expr::Reg(reg) => registers[usize::from(*reg)],
        Expr::Const(value) => Value::constant(*value),
        Expr::Low(bits, value) => evaluate(value, registers).low(*bits),
        Expr::Binary(op, sides) => evaluate(&sides.0, registers).apply(*op, evaluate(&sides.1, registers)),
        _ => Value::Any,
    }
}

/// How far an address lies behind the one register that it is made of.
fn distance(addr: &Expr) -> Option<u64> {
    match addr {
        Expr::Reg(_) => Some(0),
        Expr::Binary(insn::Binary::Add, sides) => match &**sides {
            (Expr::Reg(_), Expr::Const(distance)) => Some(*distance),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the landing lies where the access itself goes on, behind the instruction that reports success.
///
/// The landing is in the same `asm!`: nothing between the two leaves it, calls, or moves the window. Success may jump
/// over stubs.
pub fn lands_behind(binary: &Binary, code: &Code, insn: &Insn, landing: u64) -> Result<(), &'static str> {
    if landing < insn.end() {
        return Err("has its landing in front of it");
    }
    let mut between: Vec<&Insn> = code.range(insn.end()..landing).map(|(_, insn)| insn).collect();
    let cause = binary.isa.cause;
    let clears = |insn: &Insn| {
        insn.ops.iter().any(|op| matches!(op, Op::Set(reg, value) if *reg == cause && is_zero(value)))
    };
    let over = between.windows(2).rposition(|two| {
        clears(two[0])
            && two[1].ops.is_empty()
            && matches!(two[1].flow, insn::Flow::Jump(to) if to == landing)
    });
    if let Some(over) = over {
        let stubs = &between[over + 2..];
        let are_stubs = stubs.iter().all(|insn| {
            let sets = insn.ops.iter().all(|op| matches!(op, Op::Set(..)));
            sets && match insn.flow {
                insn::Flow::Next => true,
                insn::Flow::Jump(target) => (insn.end()..=landing).contains(&target),
                _ => false,
            }
        });
        if are_stubs {
            between.truncate(over + 1);
        }
    }
    let last = between.last().ok_or("has its landing in front of the report of success")?;
    if !clears(last) {
        return Err("has its landing elsewhere than behind the report of success");
    }
    for other in &between {
        let leaves = match other.flow {
            insn::Flow::Next => false,
            // Where loops start lies in front.
            insn::Flow::Jump(target) | insn::Flow::Branch(target, _) => target > landing,
            _ => true,
        };
        if leaves || moves_window(other) {
            return Err("has its landing elsewhere than behind its own instructions");
        }
    }
    // What is loaded exclusively is given up: nothing else of this path would.
    let exclusive = insn.text == "exclusive" && insn.loads() != insn.stores();
    if exclusive && code.get(&landing).is_none_or(|first| first.text != "clrex") {
        return Err("lands with its reservation");
    }
    Ok(())
}

/// Whether a value is 0 whatever the registers hold.
fn is_zero(value: &Expr) -> bool {
    match value {
        Expr::Const(value) => *value == 0,
        Expr::Low(_, value) => is_zero(value),
        Expr::Binary(_, sides) => is_zero(&sides.0) && is_zero(&sides.1),
        _ => false,
    }
}

pub fn moves_window(insn: &Insn) -> bool {
    insn.ops.iter().any(|op| matches!(op, Op::Window(_) | Op::SetStatus(_)))
}

/// A walk through a function.
struct Here<'a> {
    binary: &'a Binary,
    /// Its entries and what they are for.
    own: Vec<(Entry, Side)>,
    calls: BTreeSet<u64>,
    found: Inlined,
}

impl<'a> Here<'a> {
    fn new(binary: &'a Binary, function: &Function, own: &[Entry], lines: &Lines, sources: &Sources) -> Self {
        let mut found = Inlined::default();
        if !own.is_empty() {
            found.functions.insert(function.range.start);
        }
        let own: Vec<_> = own.iter().map(|entry| (*entry, side(lines, entry.insn, sources))).collect();
        found.probes = own.iter().filter(|(_, side)| *side == Side::Probe).count();
        found.masked = own.len() - found.probes;
        Self { binary, own, calls: BTreeSet::new(), found }
    }

    fn blame(&mut self, proof: Proof, addr: u64, what: &str) {
        self.found.violations.push(Violation::new(self.binary, proof, addr, what));
    }

    fn judge(&mut self, around: Surroundings, guard: Guard, insn: &Insn, state: &State, event: Event) {
        match event {
            Event::Reached => {}
            Event::Access(_, access, addr) => {
                let entry = self.own.iter().find(|(entry, _)| entry.insn == insn.addr).copied();
                match entry {
                    Some((entry, side)) => {
                        let guarded = guard != Guard::None && !around.lacking;
                        self.judge_access(insn, state, guarded, access, addr, entry, side);
                    }
                    None if matches!(addr.as_address(), Some(Symbol::Masked | Symbol::MaskedWord)) => {
                        self.blame(Proof::Coverage, insn.addr, "accesses user memory without an entry");
                    }
                    None => {}
                }
            }
            Event::Wrong(what) => {
                if moves_window(insn) {
                    self.blame(Proof::Window, insn.addr, &what);
                }
            }
            Event::Return(_) => self.judge_end(around, insn, state),
            Event::Call { target, returns } => {
                if !returns {
                    self.judge_end(around, insn, state);
                } else if state.window.opened > 0 {
                    self.judge_call(insn, target);
                }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all that is known of one access")]
    fn judge_access(
        &mut self,
        insn: &Insn,
        state: &State,
        guarded: bool,
        access: &Access,
        addr: Value,
        entry: Entry,
        side: Side,
    ) {
        if state.get(self.binary.isa.cause).as_constant() != Some(UNTOLD) {
            self.blame(Proof::Landing, insn.addr, "would report what its register happens to hold");
        }
        if access.stack_segment {
            self.blame(Proof::Window, insn.addr, "addresses user memory through the stack segment");
        }
        match side {
            Side::Probe => {
                if access.unprivileged {
                    self.blame(Proof::Window, insn.addr, "probes kernel memory as if it were user memory");
                }
                if entry.flags & NO_FAULT == 0 || entry.flags & (READ | WRITE) != READ {
                    self.blame(Proof::Direction, insn.addr, "probes kernel memory with the pager, or stores");
                }
            }
            Side::User => {
                let fits = |offset: i64| (0..=MOST - i64::from(access.size)).contains(&offset);
                let inside = match addr.as_offset() {
                    Some((Symbol::Masked, offset)) => fits(offset),
                    Some((Symbol::MaskedWord, offset)) => offset == 0,
                    _ => false,
                };
                if !inside {
                    let what = "accesses a user address that does not come out of the mask";
                    self.blame(Proof::Mask, insn.addr, what);
                }
                if guarded && !access.unprivileged && !state.window.open {
                    self.blame(Proof::Window, insn.addr, "accesses user memory outside of the window");
                }
            }
        }
    }

    fn judge_end(&mut self, around: Surroundings, insn: &Insn, state: &State) {
        match (around.open, state.window.open) {
            (false, true) => self.blame(Proof::Window, insn.addr, "leaves the window open"),
            (true, false) => self.blame(Proof::Window, insn.addr, "closes a window that was open before"),
            _ => {}
        }
    }

    fn judge_call(&mut self, insn: &Insn, target: Option<u64>) {
        let callee = target.and_then(|target| self.binary.image.function_of(target));
        let own = callee.is_some_and(|callee| {
            let routine = matches!(routine::kind(&callee.name), Some(Ok(routine::Kind::Routine(_))));
            routine || BATCH.iter().any(|name| callee.name.starts_with(name))
        });
        if own {
            if self.calls.insert(insn.addr) {
                self.found.inside += 1;
            }
        } else {
            let name = callee.map_or("nobody knows what", |callee| &callee.name).to_owned();
            self.blame(Proof::Window, insn.addr, &format!("calls {name} while the window is open"));
        }
    }
}

/// Whether an instruction is inlined from this file.
fn is_from(lines: &Lines, addr: u64, file: &str) -> bool {
    lines.frames(addr).iter().any(|frame| frame.file == file)
}

/// What an access is for, by the functions that it is inlined from.
fn side(lines: &Lines, addr: u64, sources: &Sources) -> Side {
    if is_from(lines, addr, &format!("{}probe.rs", sources.folder)) { Side::Probe } else { Side::User }
}

/// Whether the entry's access is one of kernel memory.
pub fn is_probe(lines: &Lines, entry: &Entry, sources: &Sources) -> bool {
    side(lines, entry.insn, sources) == Side::Probe
}

/// Whether an instruction stores on condition that its reservation lasts.
pub fn is_store_conditional(insn: &Insn) -> bool {
    let only_stores = insn.accesses().all(|(direction, _)| direction == Direction::Store);
    only_stores && (insn.text == "exclusive" || insn.text.starts_with("sc"))
}
