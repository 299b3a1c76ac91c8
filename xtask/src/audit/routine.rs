// SPDX-License-Identifier: MIT OR Apache-2.0
//! The routines of `asm/<arch>`: what their arguments are, and the proofs about each path through them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
};

use super::{
    Proof, Violation,
    binary::Binary,
    flow::{Event, State, States, Surroundings, Walk},
    image::{Entry, Function},
    insn::{Access, Direction, FLAGS, Flow, Insn, Reg},
    machine::{Guard, Lacking},
    value::{Symbol, Value},
};

/// How the names of all routines begin, and of those that never call the pager end.
pub const PREFIX: &str = "__axptr_";
const NOFAULT: &str = "_nofault";

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    UserSource,
    UserDestination,
    KernelSource,
    KernelDestination,
    Number,
}

/// What a function of the assembly is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It accesses user memory.
    Routine([Role; 3]),
    /// The entry that the self test looks up: never called, so it has no window.
    Sentinel([Role; 3]),
    /// It does not access user memory.
    Helper,
    /// Part of the trap vector, or asks what it is for: it holds no entry.
    Vector,
}

/// What the function of this name is for; `None` for one that is no part of the assembly.
pub fn kind(name: &str) -> Option<Result<Kind, String>> {
    use Role::{KernelDestination, KernelSource, Number, UserDestination, UserSource};
    let short = name.strip_prefix(PREFIX)?;
    let kind = match short.strip_suffix(NOFAULT).unwrap_or(short) {
        "copy_from_user" => Kind::Routine([KernelDestination, UserSource, Number]),
        "copy_to_user" => Kind::Routine([UserDestination, KernelSource, Number]),
        "copy_in_user" => Kind::Routine([UserDestination, UserSource, Number]),
        "copy_string" => Kind::Routine([KernelDestination, UserSource, Number]),
        "fill_user" => Kind::Routine([UserDestination, Number, Number]),
        "sentinel" => Kind::Sentinel([UserSource, Number, Number]),
        "ask_cpu" => Kind::Helper,
        // Copies no bytes, at address 0.
        "try_mops" => Kind::Vector,
        short if short.starts_with("vector") => Kind::Vector,
        _ => return Some(Err(format!("the audit does not know what the arguments of {name} are"))),
    };
    Some(Ok(kind))
}

pub fn is_nofault(name: &str) -> bool {
    name.ends_with(NOFAULT)
}

/// What an instruction was seen to access, on all paths together.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub user: BTreeSet<Direction>,
    pub kernel: BTreeSet<Direction>,
}

/// What the walk through one routine has found.
#[derive(Debug, Default)]
pub struct Findings {
    pub seen: BTreeMap<u64, Seen>,
    pub violations: Vec<Violation>,
    /// How many instructions it has.
    pub instructions: usize,
}

impl Findings {
    /// How many instructions access user memory.
    pub fn user_accesses(&self) -> usize {
        self.seen.values().filter(|seen| !seen.user.is_empty()).count()
    }
}

/// Walks through a routine wherever it may be called, and compares what it accesses with the table.
pub fn audit(binary: &Binary, function: &Function, kind: Kind, entries: &[Entry]) -> Findings {
    let code = binary.decode(function);
    let mut findings = Findings { instructions: code.len(), ..Findings::default() };
    let by_insn = by_instruction(entries);
    let mut reached = BTreeSet::new();
    let mut leaders = leaders(&code, function.range.clone(), entries);
    leaders.extend(&function.other_entries);
    leaders.sort();
    leaders.dedup();
    let guard = if matches!(kind, Kind::Sentinel(_)) { Guard::None } else { binary.guard() };
    for surroundings in surroundings(guard) {
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
            masks: &HashMap::new(),
            leaders: &leaders,
            jumps_anywhere: false,
            opens_again: false,
            apart: 1,
            suspend: None,
            asking: &binary.asking,
            never: &binary.never,
            brief: &binary.brief,
        };
        let mut start = State::entry(surroundings);
        for (reg, role) in arguments(binary, kind) {
            if role == Role::Number {
                start.set(reg, Value::NUMBER);
            }
        }
        let mut states = States::new();
        let starts = [function.range.start].into_iter().chain(function.other_entries.iter().copied());
        walk.explore(&mut states, starts.map(|at| (at, start.clone())).collect());
        let mut here = Here { binary, kind, surroundings, guard, findings: &mut findings };
        walk.visit(&states, &mut |insn, state, event| {
            reached.insert(insn.addr);
            here.judge(insn, state, event);
        });
    }
    for (addr, insn) in code.iter() {
        if !reached.contains(addr) && insn.accesses().next().is_some() {
            findings.blame(binary, Proof::Coverage, *addr, "no path leads to this access");
        }
    }
    compare(binary, function, &code, &by_insn, &mut findings);
    findings.violations.sort();
    findings.violations.dedup();
    findings
}

/// The registers that a helper changes, or why that cannot be told.
pub fn changed_by(binary: &Binary, function: &Function) -> Result<Vec<Reg>, Violation> {
    let code = binary.decode(function);
    let surroundings = Surroundings { lacking: false, open: false, known: false };
    let leaders = leaders(&code, function.range.clone(), &[]);
    let walk = Walk {
        isa: binary.isa,
        image: &binary.image,
        code: &code,
        range: function.range.clone(),
        entries: &HashMap::new(),
        surroundings,
        guard: Guard::None,
        cpu: None,
        helpers: &HashMap::new(),
        masks: &HashMap::new(),
        leaders: &leaders,
        jumps_anywhere: false,
        opens_again: false,
        apart: 1,
        suspend: None,
        asking: &binary.asking,
        never: &binary.never,
        brief: &binary.brief,
    };
    let mut changed = BTreeSet::new();
    let mut wrong = None;
    let mut states = States::new();
    walk.explore(&mut states, vec![(function.range.start, State::entry(surroundings))]);
    walk.visit(&states, &mut |insn, state, event| match event {
        Event::Reached if insn.is_unknown() => wrong = Some((insn.addr, insn.text.clone())),
        Event::Return(_) => {
            for reg in 0..FLAGS {
                if state.get(reg) != Value::symbol(Symbol::Entry(reg)) {
                    changed.insert(reg);
                }
            }
        }
        Event::Call { .. } => wrong = Some((insn.addr, "a helper calls on".to_owned())),
        Event::Wrong(what) => wrong = Some((insn.addr, what)),
        Event::Access(_, _, addr) => {
            let own = match (addr.as_address(), addr.as_constant()) {
                (Some(Symbol::Entry(reg)), _) => reg == binary.isa.stack,
                (_, Some(addr)) => binary.image.is_memory(addr),
                _ => false,
            };
            if !own {
                wrong = Some((insn.addr, "a helper accesses what is not its own".to_owned()));
            }
        }
        Event::Reached => {}
    });
    match wrong {
        Some((addr, what)) => Err(Violation::new(binary, Proof::Window, addr, &what)),
        None => Ok(changed.into_iter().collect()),
    }
}

/// Where blocks start: at the function's start, targets of branches, landings, and behind the end of a path.
pub fn leaders(code: &BTreeMap<u64, Insn>, range: Range<u64>, entries: &[Entry]) -> Vec<u64> {
    let mut leaders = BTreeSet::from([range.start]);
    for insn in code.values() {
        if let Flow::Jump(target) | Flow::Branch(target, _) = insn.flow {
            leaders.insert(target);
        }
        if !insn.falls_through() {
            leaders.insert(insn.end());
        }
    }
    leaders.extend(entries.iter().filter(|entry| range.contains(&entry.insn)).map(|entry| entry.landing));
    leaders.into_iter().filter(|leader| range.contains(leader)).collect()
}

/// Entries by the instruction that they belong to.
pub fn by_instruction(entries: &[Entry]) -> HashMap<u64, Vec<Entry>> {
    let mut found: HashMap<u64, Vec<Entry>> = HashMap::new();
    for entry in entries {
        found.entry(entry.insn).or_default().push(*entry);
    }
    found
}

fn arguments(binary: &Binary, kind: Kind) -> impl Iterator<Item = (Reg, Role)> {
    let roles = match kind {
        Kind::Routine(roles) | Kind::Sentinel(roles) => Some(roles),
        Kind::Helper | Kind::Vector => None,
    };
    binary.isa.arguments.into_iter().zip(roles.into_iter().flatten())
}

/// Everything that a routine may find: a CPU with or without the guard, asked or not, the window open or not.
pub fn surroundings(guard: Guard) -> Vec<Surroundings> {
    let (lacking, known): (&[bool], &[bool]) = match guard {
        Guard::None => return vec![Surroundings { lacking: false, open: true, known: true }],
        Guard::Bit { lacking: Lacking::Never, .. } => (&[false], &[true]),
        Guard::Bit { lacking: Lacking::Undefined { .. }, .. } => (&[false, true], &[false, true]),
    };
    let mut all = Vec::new();
    for &lacking in lacking {
        for &known in known {
            for open in [false, true] {
                all.push(Surroundings { lacking, open, known });
            }
        }
    }
    all
}

/// A walk through a routine.
struct Here<'a> {
    binary: &'a Binary,
    kind: Kind,
    surroundings: Surroundings,
    guard: Guard,
    findings: &'a mut Findings,
}

impl Here<'_> {
    fn judge(&mut self, insn: &Insn, state: &State, event: Event) {
        match event {
            Event::Reached if insn.is_unknown() => self.blame(Proof::Coverage, insn, &insn.text),
            Event::Reached => {}
            Event::Wrong(what) => self.blame(Proof::Window, insn, &what),
            Event::Call { target, returns } => {
                let helper = target.is_some_and(|target| self.binary.helpers.contains_key(&target));
                if !helper || !returns {
                    self.blame(Proof::Window, insn, "leaves for what is no helper");
                } else if state.window.opened > 0 {
                    self.blame(Proof::Window, insn, "calls while the window is open");
                }
            }
            Event::Return(by) => self.judge_return(insn, state, by),
            Event::Access(direction, access, addr) => match self.role(addr) {
                None => self.blame(Proof::Coverage, insn, "accesses an address of unknown origin"),
                Some(role) => self.judge_access(insn, state, direction, access, role),
            },
        }
    }

    fn judge_return(&mut self, insn: &Insn, state: &State, by: Option<Reg>) {
        if by != self.binary.isa.link {
            self.blame(Proof::Window, insn, "does not return to its caller");
        }
        match (self.surroundings.open, state.window.open) {
            (false, true) => self.blame(Proof::Window, insn, "leaves the window open"),
            (true, false) => self.blame(Proof::Window, insn, "closes a window that was open before"),
            _ => {}
        }
        for &reg in self.binary.isa.preserved {
            if state.get(reg) != Value::symbol(Symbol::Entry(reg)) {
                self.blame(Proof::Window, insn, &format!("returns with register {reg} changed"));
            }
        }
    }

    fn judge_access(
        &mut self,
        insn: &Insn,
        state: &State,
        direction: Direction,
        access: &Access,
        role: Option<Role>,
    ) {
        let user = matches!(role, Some(Role::UserSource | Role::UserDestination));
        match (role, direction) {
            (Some(Role::UserSource | Role::KernelSource), Direction::Store) => {
                self.blame(Proof::Coverage, insn, "stores to the source");
            }
            (Some(Role::UserDestination | Role::KernelDestination), Direction::Load) => {
                self.blame(Proof::Coverage, insn, "loads from the destination");
            }
            _ => {}
        }
        if user && access.stack_segment {
            self.blame(Proof::Window, insn, "addresses user memory through the stack segment");
        }
        let guarded = self.guard != Guard::None && !self.surroundings.lacking;
        if user && guarded && !access.unprivileged && !state.window.open {
            self.blame(Proof::Window, insn, "accesses user memory outside of the window");
        }
        if !user && access.unprivileged {
            self.blame(Proof::Coverage, insn, "accesses the kernel's side as if it were user memory");
        }
        let seen = self.findings.seen.entry(insn.addr).or_default();
        if user {
            seen.user.insert(direction)
        } else {
            seen.kernel.insert(direction)
        };
    }

    fn blame(&mut self, proof: Proof, insn: &Insn, what: &str) {
        self.findings.blame(self.binary, proof, insn.addr, what);
    }

    /// What an address is made from: an argument, or the routine's own stack and statics.
    fn role(&self, addr: Value) -> Option<Option<Role>> {
        match (addr.as_address(), addr.as_constant()) {
            (Some(Symbol::Frame), _) => Some(None),
            (Some(Symbol::Entry(reg)), _) if reg == self.binary.isa.stack => Some(None),
            (Some(Symbol::Entry(reg)), _) => {
                let (_, role) = arguments(self.binary, self.kind).find(|(argument, _)| *argument == reg)?;
                Some(Some(role))
            }
            (_, Some(addr)) if self.binary.image.is_memory(addr) => Some(None),
            _ => None,
        }
    }
}

impl Findings {
    fn blame(&mut self, binary: &Binary, proof: Proof, addr: u64, what: &str) {
        self.violations.push(Violation::new(binary, proof, addr, what));
    }
}

// The flags of an entry (`src/arch/mod.rs`).
pub const READ: u16 = 1;
pub const WRITE: u16 = 2;
pub const STRICT: u16 = 4;
pub const NO_FAULT: u16 = 8;
pub const INLINED: u16 = 16;

/// Each access to user memory has one entry with the right flags, and nothing else has any.
fn compare(
    binary: &Binary,
    function: &Function,
    code: &BTreeMap<u64, Insn>,
    entries: &HashMap<u64, Vec<Entry>>,
    findings: &mut Findings,
) {
    let mut wrong = Vec::new();
    for addr in code.keys() {
        let entries = entries.get(addr).map_or(&[][..], Vec::as_slice);
        let seen = findings.seen.get(addr).cloned().unwrap_or_default();
        match (seen.user.is_empty(), entries) {
            (false, []) => {
                wrong.push((*addr, Proof::Coverage, "accesses user memory without an entry".into()))
            }
            (true, [_, ..]) => {
                wrong.push((*addr, Proof::Coverage, "has an entry but does not access user memory".into()));
            }
            (_, [_, _, ..]) => wrong.push((*addr, Proof::Coverage, "has more than one entry".into())),
            (true, []) => {}
            (false, [entry]) => {
                let expected = flags(&seen, is_nofault(&function.name));
                if entry.flags != expected {
                    let what = format!("has flags {:#x} instead of {expected:#x}", entry.flags);
                    wrong.push((*addr, Proof::Direction, what));
                }
            }
        }
    }
    for (addr, proof, what) in wrong {
        findings.blame(binary, proof, addr, &what);
    }
}

fn flags(seen: &Seen, nofault: bool) -> u16 {
    let mut flags = 0;
    if seen.user.contains(&Direction::Load) {
        flags |= READ;
    }
    if seen.user.contains(&Direction::Store) {
        flags |= WRITE;
    }
    if !seen.kernel.is_empty() {
        flags |= STRICT;
    }
    if nofault { flags | NO_FAULT } else { flags }
}
