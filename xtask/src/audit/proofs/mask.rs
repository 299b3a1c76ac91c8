// SPDX-License-Identifier: MIT OR Apache-2.0
//! The proof that user addresses come out of the mask.
//!
//! The module `raw` takes addresses as they are, on its callers' word. So for each call of a routine the debug
//! information tells who called `raw`: if it is another file of the crate, the address must flow from a
//! masking sequence to the call, unchanged, and the length must be the one that the sequence has seen. Whoever else calls
//! `raw` has given the word, and is listed. Of an access that the compiler has put where it is used, the sequence has seen
//! all bytes.
//!
//! The limit that a sequence compares with is what was loaded from the variable of the user limit. Nothing else is right: of
//! `src`, only the constructors of `UserRange` make a mask, each with what `user_limit` has just answered. A smaller limit (a
//! region's, a part's) comes in as a smaller length.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
};

use super::{
    pattern,
    proof::{Proof, Violation},
};
use crate::audit::{
    decode::{
        insn::{Binary, Expr, Op, Reg},
        isa::Guard,
    },
    follow::{
        listing::Listing,
        state::{State, States, Surroundings},
        value::{Symbol, Value},
        walk::{Event, Rules, Walk},
    },
    linked::{
        assembly::{self, Kind, PREFIX, Role},
        binary::Binary as Program,
        entry::{Entry, INLINED},
        image::Function,
        lines::Lines,
        names::{self, Sources},
    },
};

/// What was found.
#[derive(Debug, Default)]
pub struct Calls {
    /// Addresses that come out of a mask.
    pub masked: usize,
    /// Addresses that a wrapper was called with and calls a routine with.
    pub passed_on: usize,
    /// Files out of the crate that call `raw`, and how often.
    pub direct: BTreeMap<String, usize>,
    /// The calls with those, and the registers of lengths that the masks have seen.
    pub lengths: BTreeSet<(u64, Reg)>,
    /// Functions with accesses of their own, and how many of these there are, all of whose bytes a mask has seen.
    pub covered: BTreeMap<u64, usize>,
    /// Functions with a mask whose answer reaches a call.
    pub masking: BTreeSet<u64>,
    pub violations: Vec<Violation>,
}

/// A routine and which of its arguments are user addresses.
type Targets = HashMap<u64, [Role; 3]>;

/// Checks each call of a routine from outside of the assembly.
pub fn audit(binary: &Program, lines: &Lines, sources: &Sources) -> Calls {
    let targets = targets(binary);
    let entries = binary.image.entries().unwrap_or_default();
    let mut calls = Calls::default();
    for function in binary.image.functions() {
        let has_own = entries.iter().any(|entry| is_inlined(entry) && function.range.contains(&entry.insn));
        if assembly::kind(&function.name).is_none() && (has_own || mentions(binary, function, &targets)) {
            audit_caller(binary, function, &targets, lines, sources, &mut calls);
        }
    }
    calls
}

/// The same for one function.
pub fn audit_function(binary: &Program, function: &Function, lines: &Lines, sources: &Sources) -> Calls {
    let mut calls = Calls::default();
    audit_caller(binary, function, &targets(binary), lines, sources, &mut calls);
    calls
}

fn targets(binary: &Program) -> Targets {
    let functions = binary.image.functions().iter();
    let routines = functions.filter_map(|function| {
        // Wrappers have the arguments of what they wrap.
        let name = names::wrapper(&function.name);
        let name = name.map_or_else(|| function.name.clone(), |name| format!("{PREFIX}{name}"));
        match assembly::kind(&name) {
            Some(Ok(Kind::Routine(roles))) => Some((function, roles)),
            _ => None,
        }
    });
    let entries = routines.flat_map(|(function, roles)| {
        let starts = [function.range.start].into_iter().chain(function.other_entries.iter().copied());
        starts.map(move |start| (start, roles))
    });
    entries.collect()
}

/// Whether the function can get at a routine at all: read in one pass, without regard to its paths.
fn mentions(binary: &Program, function: &Function, targets: &Targets) -> bool {
    let listing = Listing::straight(Rc::new(binary.decode_once(function)), function.range.clone());
    let walk = walk(binary, &listing);
    let mut state = State::nothing(walk.surroundings, binary.isa);
    listing.code.values().any(|insn| {
        let mut found = false;
        walk.pass(insn, &mut state, &mut |_, _, event| {
            if let Event::Call { target: Some(target), .. } = event {
                found |= targets.contains_key(&target);
            }
        });
        // Or it has its address.
        found
            || insn.ops.iter().any(|op| match op {
                Op::Set(reg, _) | Op::Load(Some(reg), _) => {
                    state.get(*reg).as_constant().is_some_and(|value| targets.contains_key(&value))
                }
                _ => false,
            })
    })
}

fn audit_caller(
    binary: &Program,
    function: &Function,
    targets: &Targets,
    lines: &Lines,
    sources: &Sources,
    calls: &mut Calls,
) {
    let code = binary.decode(function);
    let masks = pattern::by_last(binary, &code);
    let limits = pattern::limits(binary, &code);
    // What follows a fault comes back to the rest of the function, with what lies on the stack.
    let entries = binary.image.entries().unwrap_or_default();
    let listing = Listing::new(code, function.range.clone(), &entries).with_masks(masks);
    let walk = walk(binary, &listing);
    let mut states = States::new();
    walk.explore(&mut states, vec![(function.range.start, State::entry(walk.surroundings))]);
    walk.explore_the_rest(&mut states, |_| false);
    // What an argument is, by call and register.
    let mut sites: BTreeMap<(u64, Reg), Argument> = BTreeMap::new();
    // Of an access of its own, whether a mask has seen all of it.
    let mut covered: BTreeMap<u64, bool> = BTreeMap::new();
    // Masks with another limit, on some path.
    let mut unlimited = BTreeSet::new();
    walk.visit(&states, &mut |insn, state, event| {
        if let (Event::Reached, Some(limit)) = (&event, limits.get(&insn.addr))
            && !limit.is_some_and(|limit| state.is_limit(limit))
        {
            unlimited.insert(insn.addr);
        }
        if let Event::Access(_, access, addr) = &event
            && let Some((Symbol::Masked, offset)) = addr.as_offset()
            && entries.iter().any(|entry| is_inlined(entry) && entry.insn == insn.addr)
        {
            let end = u64::try_from(offset).ok().and_then(|offset| offset.checked_add(access.size.into()));
            let is_covered = base(&access.addr).zip(end).is_some_and(|(reg, end)| state.covers(reg, end));
            *covered.entry(insn.addr).or_insert(true) &= is_covered;
        }
        let Event::Call { target: Some(target), .. } = event else { return };
        let Some(roles) = targets.get(&target) else { return };
        let arguments = || binary.isa.arguments.into_iter().zip(roles);
        let length = arguments().find(|(_, role)| **role == Role::Length).map(|(reg, _)| reg);
        for (reg, role) in arguments() {
            if matches!(role, Role::UserSource | Role::UserDestination) {
                let argument = Argument::new(state, reg, length, names::is_bare(&function.name));
                let known = sites.entry((insn.addr, reg)).or_insert(argument);
                *known = if *known == argument { argument } else { Argument::Unknown };
                calls
                    .lengths
                    .extend(length.filter(|_| argument == Argument::Masked).map(|it| (insn.addr, it)));
            }
        }
    });
    let mut bare = BTreeSet::new();
    let count = covered.values().filter(|is_covered| **is_covered).count();
    if count > 0 {
        calls.covered.insert(function.range.start, count);
    }
    for addr in unlimited {
        let what = "masks by a limit that is not the user limit";
        calls.violations.push(Violation::new(binary, Proof::Mask, addr, what));
    }
    for (addr, _) in covered.into_iter().filter(|(_, is_covered)| !is_covered) {
        let what = "accesses bytes that the mask has not seen";
        calls.violations.push(Violation::new(binary, Proof::Mask, addr, what));
    }
    for ((addr, _), argument) in sites {
        match argument {
            Argument::Masked => {
                calls.masked += 1;
                calls.masking.insert(function.range.start);
            }
            // Whoever calls the wrapper is asked instead.
            Argument::PassedOn if is_wrapper(function) => calls.passed_on += 1,
            Argument::OtherLength => _ = bare.insert((addr, "a length that the mask has not seen")),
            _ => _ = bare.insert((addr, "a user address that does not come out of the mask")),
        }
    }
    for (addr, passed) in bare {
        let mut blame = |what: &str| calls.violations.push(Violation::new(binary, Proof::Mask, addr, what));
        match caller(lines, addr, sources) {
            Caller::Crate(who) => blame(&format!("{who} passes {passed}")),
            Caller::Outside(file) => *calls.direct.entry(file).or_default() += 1,
            Caller::Nobody => blame("the program does not tell who calls a routine here"),
        }
    }
}

fn is_inlined(entry: &Entry) -> bool {
    entry.flags & INLINED != 0
}

/// The register that an address lies at a known distance from.
fn base(addr: &Expr) -> Option<Reg> {
    match addr {
        Expr::Reg(reg) => Some(*reg),
        Expr::Binary(Binary::Add, sides) => match &**sides {
            (Expr::Reg(reg), Expr::Const(_)) | (Expr::Const(_), Expr::Reg(reg)) => Some(*reg),
            _ => None,
        },
        _ => None,
    }
}

/// Where a user address comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Argument {
    Masked,
    /// Out of a mask, and the length is not the one that it has seen.
    OtherLength,
    /// The function was called with it, and with the length.
    PassedOn,
    Unknown,
}

impl Argument {
    /// What finishes a value has the address in another register than the routine.
    fn new(state: &State, reg: Reg, length: Option<Reg>, is_bare: bool) -> Self {
        let is_seen = length.is_some_and(|length| state.is_seen(reg, length));
        let is_passed_on = |length| state.get(length) == Value::symbol(Symbol::Entry(length));
        match state.get(reg).as_offset() {
            Some((Symbol::Masked, 0)) if is_seen => Self::Masked,
            Some((Symbol::Masked, 0)) => Self::OtherLength,
            Some((Symbol::Entry(_), 0)) if is_bare => Self::PassedOn,
            Some((Symbol::Entry(entry), 0)) if entry == reg && length.is_some_and(is_passed_on) => {
                Self::PassedOn
            }
            _ => Self::Unknown,
        }
    }
}

/// Who calls `raw`.
enum Caller {
    /// A function of the crate.
    Crate(String),
    /// A file that is not the crate's.
    Outside(String),
    Nobody,
}

fn caller(lines: &Lines, addr: u64, sources: &Sources) -> Caller {
    let frames = lines.frames(addr);
    match frames.iter().find(|frame| !sources.is_raw(&frame.file)) {
        Some(frame) if sources.contain(&frame.file) => Caller::Crate(frame.function.clone()),
        Some(frame) if !frame.file.is_empty() => Caller::Outside(sources.short(&frame.file).to_owned()),
        _ => Caller::Nobody,
    }
}

/// Whether the function is one of `raw`, compiled on its own, or finishes a value of it.
fn is_wrapper(function: &Function) -> bool {
    names::wrapper(&function.name).is_some() || names::is_bare(&function.name)
}

/// Windows are none of this proof's.
fn walk<'a>(binary: &'a Program, listing: &'a Listing) -> Walk<'a> {
    let surroundings = Surroundings::UNGUARDED;
    Walk { binary, listing, surroundings, guard: Guard::None, rules: Rules::CALLER }
}
