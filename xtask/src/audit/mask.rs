// SPDX-License-Identifier: MIT OR Apache-2.0
//! The proof that user addresses come out of the mask.
//!
//! `src/raw.rs` takes addresses as they are, on its callers' word. So for each call of a routine the debug
//! information tells who called `raw`: if it is another file of the crate, the address must flow from a
//! masking sequence to the call, unchanged. Whoever else calls `raw` has given the word, and is listed.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
};

use super::{
    Proof, Violation,
    binary::Binary,
    flow::{Event, State, States, Surroundings, Walk},
    image::Function,
    insn::{Insn, Op, Reg},
    lines::Lines,
    machine::Guard,
    routine::{self, Kind, Role},
    value::{Symbol, Value},
};

/// The functions that pass addresses on as they are.
const WRAPPERS: &str = "axptr::raw::";

/// What the crate's own sources are told by, and the file of the wrappers.
#[derive(Clone, Debug)]
pub struct Sources {
    pub root: String,
    pub folder: String,
    pub raw: String,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Calls {
    /// Addresses that come out of a mask.
    pub masked: usize,
    /// Addresses that a wrapper was called with and calls a routine with.
    pub passed_on: usize,
    /// Files out of the crate that call `raw`, and how often.
    pub direct: BTreeMap<String, usize>,
    /// Functions with a mask whose answer reaches a call.
    pub masking: BTreeSet<u64>,
    pub violations: Vec<Violation>,
}

/// A routine and which of its arguments are user addresses.
type Targets = HashMap<u64, [Role; 3]>;

/// Checks each call of a routine from outside of the assembly.
pub fn audit(binary: &Binary, lines: &Lines, sources: &Sources) -> Calls {
    let targets = targets(binary);
    let mut calls = Calls::default();
    for function in binary.image.functions() {
        if routine::kind(&function.name).is_none() && mentions(binary, function, &targets) {
            audit_caller(binary, function, &targets, lines, sources, &mut calls);
        }
    }
    calls
}

/// The same for one function.
pub fn audit_function(binary: &Binary, function: &Function, lines: &Lines, sources: &Sources) -> Calls {
    let mut calls = Calls::default();
    audit_caller(binary, function, &targets(binary), lines, sources, &mut calls);
    calls
}

fn targets(binary: &Binary) -> Targets {
    let functions = binary.image.functions().iter();
    let routines = functions.filter_map(|function| {
        // Wrappers have the arguments of what they wrap.
        let name = function.name.strip_prefix(WRAPPERS).map(|name| name.rsplit("::").next().unwrap_or(name));
        let name = name.map_or_else(|| function.name.clone(), |name| format!("{}{name}", routine::PREFIX));
        match routine::kind(&name) {
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
fn mentions(binary: &Binary, function: &Function, targets: &Targets) -> bool {
    let code = binary.decode_once(function);
    let (nothing, masks) = (HashMap::new(), HashMap::new());
    let walk = walk(binary, function, &code, &nothing, &masks, &[]);
    let mut state = State::nothing(walk.surroundings, binary.isa);
    code.values().any(|insn| {
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
    binary: &Binary,
    function: &Function,
    targets: &Targets,
    lines: &Lines,
    sources: &Sources,
    calls: &mut Calls,
) {
    let code = binary.decode(function);
    let masks = by_last(binary, &code);
    // What follows a fault comes back to the rest of the function, with what lies on the stack.
    let mut own = binary.image.entries().unwrap_or_default();
    own.retain(|entry| function.range.contains(&entry.insn));
    let leaders = routine::leaders(&code, function.range.clone(), &own);
    let entries = routine::by_instruction(&own);
    let walk = walk(binary, function, &code, &entries, &masks, &leaders);
    let mut states = States::new();
    walk.explore(&mut states, vec![(function.range.start, State::entry(walk.surroundings))]);
    walk.explore_the_rest(&mut states, |_| false);
    // What an argument is, by call and register.
    let mut sites: BTreeMap<(u64, Reg), Argument> = BTreeMap::new();
    walk.visit(&states, &mut |insn, state, event| {
        let Event::Call { target: Some(target), .. } = event else { return };
        let Some(roles) = targets.get(&target) else { return };
        for (reg, role) in binary.isa.arguments.into_iter().zip(roles) {
            if matches!(role, Role::UserSource | Role::UserDestination) {
                let argument = Argument::new(state.get(reg), reg);
                let known = sites.entry((insn.addr, reg)).or_insert(argument);
                *known = if *known == argument { argument } else { Argument::Unknown };
            }
        }
    });
    let mut bare = BTreeSet::new();
    for ((addr, _), argument) in sites {
        match argument {
            Argument::Masked => {
                calls.masked += 1;
                calls.masking.insert(function.range.start);
            }
            // Whoever calls the wrapper is asked instead.
            Argument::PassedOn if is_wrapper(function) => calls.passed_on += 1,
            _ => _ = bare.insert(addr),
        }
    }
    for addr in bare {
        let mut blame = |what: &str| calls.violations.push(Violation::new(binary, Proof::Mask, addr, what));
        match caller(lines, addr, sources) {
            Caller::Crate(who) => {
                blame(&format!("{who} passes a user address that does not come out of the mask"));
            }
            Caller::Outside(file) => *calls.direct.entry(file).or_default() += 1,
            Caller::Nobody => blame("the program does not tell who calls a routine here"),
        }
    }
}

/// Where a user address comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Argument {
    Masked,
    /// The function was called with it.
    PassedOn,
    Unknown,
}

impl Argument {
    fn new(value: Value, reg: Reg) -> Self {
        match value.as_offset() {
            Some((Symbol::Masked, 0)) => Self::Masked,
            Some((Symbol::Entry(entry), 0)) if entry == reg => Self::PassedOn,
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
    match frames.iter().find(|frame| frame.file != sources.raw) {
        Some(frame) if frame.file.starts_with(&sources.folder) => Caller::Crate(frame.function.clone()),
        Some(frame) if !frame.file.is_empty() => {
            Caller::Outside(frame.file.strip_prefix(&sources.root).unwrap_or(&frame.file).to_owned())
        }
        _ => Caller::Nobody,
    }
}

/// Whether the function is one of `src/raw.rs`, compiled on its own.
fn is_wrapper(function: &Function) -> bool {
    function.name.starts_with(WRAPPERS)
}

fn walk<'a>(
    binary: &'a Binary,
    function: &Function,
    code: &'a BTreeMap<u64, Insn>,
    entries: &'a HashMap<u64, Vec<super::image::Entry>>,
    masks: &'a HashMap<u64, (Reg, Option<Reg>)>,
    leaders: &'a [u64],
) -> Walk<'a> {
    Walk {
        isa: binary.isa,
        image: &binary.image,
        code,
        range: function.range.clone(),
        entries,
        surroundings: Surroundings { lacking: false, open: true, known: true },
        guard: Guard::None,
        cpu: binary.cpu,
        helpers: &binary.helpers,
        masks,
        leaders,
        jumps_anywhere: true,
        opens_again: false,
        apart: 1,
        suspend: None,
        asking: &binary.asking,
        never: &binary.never,
        brief: &binary.brief,
    }
}

/// Where the masking sequences of a function lie.
pub fn masks(binary: &Binary, code: &BTreeMap<u64, Insn>) -> Vec<Range<u64>> {
    find(binary, code).into_iter().map(|(range, ..)| range).collect()
}

/// The masking sequences of a function: where each lies, the register of its answer, and the one that must
/// hold 0.
fn find(binary: &Binary, code: &BTreeMap<u64, Insn>) -> Vec<(Range<u64>, Reg, Option<Reg>)> {
    let pattern = binary.isa.mask;
    let insns: Vec<&Insn> = code.values().collect();
    let (Some(first), Some(last)) = (insns.first(), insns.last()) else { return Vec::new() };
    let targets = routine::leaders(code, first.addr..last.end(), &[]);
    let mut found = Vec::new();
    for sequence in insns.windows(pattern.len()) {
        let Some(bound) = matches(pattern, sequence) else { continue };
        // Nobody may jump over its first half.
        let range = sequence[0].addr..sequence[pattern.len() - 1].end();
        if targets.iter().any(|target| *target > range.start && *target < range.end) {
            continue;
        }
        let register = |letter| bound.get(&letter).map(|name| (binary.isa.register)(name));
        match (register('C'), register('Z')) {
            (Some(Some(answer)), None) => found.push((range, answer, None)),
            (Some(Some(answer)), Some(Some(zero))) => found.push((range, answer, Some(zero))),
            _ => {}
        }
    }
    found
}

/// The same by the address of the last instruction.
pub fn by_last(binary: &Binary, code: &BTreeMap<u64, Insn>) -> HashMap<u64, (Reg, Option<Reg>)> {
    let last = |end| code.range(..end).next_back().map_or(end, |(addr, _)| *addr);
    find(binary, code).into_iter().map(|(range, answer, zero)| (last(range.end), (answer, zero))).collect()
}

/// What the capital letters of the pattern stand for, if the sequence is of its form.
pub fn matches(pattern: &[&str], sequence: &[&Insn]) -> Option<HashMap<char, String>> {
    let mut bound: HashMap<char, String> = HashMap::new();
    for (line, insn) in pattern.iter().zip(sequence) {
        let (expected, found) = (words(line), words(&insn.text));
        if expected.len() != found.len() {
            return None;
        }
        for (expected, found) in expected.iter().zip(found) {
            let fits = match expected.as_bytes() {
                [letter @ b'A'..=b'Z'] => {
                    *bound.entry(char::from(*letter)).or_insert_with(|| found.to_owned()) == found
                }
                _ => *expected == found,
            };
            if !fits {
                return None;
            }
        }
    }
    Some(bound)
}

fn words(text: &str) -> Vec<&str> {
    text.split([' ', ',']).filter(|word| !word.is_empty()).collect()
}
