// SPDX-License-Identifier: MIT OR Apache-2.0
//! The proofs about accesses that the compiler has put where they are used: entries with the flag `INLINED`.
//!
//! Of each function that has such entries, or a mask, each path is followed. At an access with an entry the address is
//! a mask's answer, or lies in a value's first 64 bytes behind it, the window is open where the machine asks for it,
//! and the register that the landing reports says that nobody told a cause. Whatever else accesses a mask's answer
//! lacks its entry. Each end of the function finds the window as the start found it, and what is called while this
//! function holds it open is the crate's own: a batch whose value faults goes on out of line.
//!
//! A probe of kernel memory has no mask and needs no window; debug information tells which accesses are one. It also
//! tells which are made through `raw` by somebody who is not the crate: these answer for their addresses themselves, and
//! all else is proved of them, too.
//! Whether an entry has to be no-fault depends on the type that the compiler has filled in: that is known of
//! probes only.

use std::{collections::BTreeSet, ops::Range};

use super::{
    landing::{UNTOLD, is_stub, lands},
    pattern,
    proof::{Proof, Violation},
};
use crate::audit::{
    decode::{
        insn::{Access, Flow, Insn},
        isa::Guard,
    },
    follow::{
        listing::Listing,
        state::{State, States, Surroundings},
        value::{Symbol, Value},
        walk::{Event, Rules, Walk},
    },
    linked::{
        assembly::{self, Kind},
        binary::Binary,
        entry::{Entry, INLINED, NO_FAULT, READ, WRITE},
        image::Function,
        lines::Lines,
        names::{Sources, may_be_called_in_batch},
    },
};

/// The bytes of the largest value that is accessed where it is used (`fixed`): each part lies in it.
const MOST: i64 = 64;

/// How many states are kept apart where one does not do.
const APART: u8 = 64;

/// What was found.
#[derive(Debug, Default)]
pub struct Inlined {
    /// Functions with inlined entries.
    pub functions: BTreeSet<u64>,
    /// Accesses whose address comes out of a mask.
    pub masked: usize,
    /// Accesses of kernel memory.
    pub probes: usize,
    /// Accesses through `raw`, whose callers answer for the address.
    pub on_word: usize,
    /// Places at which a batch calls on with the window open.
    pub inside: usize,
    pub violations: Vec<Violation>,
}

/// What an inlined access is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    User,
    /// User memory by the word of who calls `raw`.
    OnWord,
    /// Kernel memory that may not be there.
    Probe,
}

/// Those of a table's entries that are judged here. The self test of a trap handler makes accesses of its own: they
/// are no way to user memory, and what they do is tested by it.
pub fn judged(entries: Vec<Entry>, lines: &Lines, sources: &Sources) -> Vec<Entry> {
    let rehearsed =
        |entry: &Entry| lines.frames(entry.insn).iter().any(|frame| sources.is_rehearsal(&frame.file));
    entries.into_iter().filter(|entry| !rehearsed(entry)).collect()
}

/// Checks each function that accesses user memory by itself.
pub fn audit(binary: &Binary, entries: &[Entry], lines: &Lines, sources: &Sources) -> Inlined {
    let mut all = Inlined::default();
    for function in binary.image.functions() {
        if assembly::kind(&function.name).is_some() {
            continue;
        }
        let has_entry = inside(entries, &function.range).next().is_some();
        if has_entry || !pattern::masks(binary, &binary.decode_once(function)).is_empty() {
            let found = audit_function(binary, function, entries, lines, sources);
            all.functions.extend(found.functions);
            all.masked += found.masked;
            all.probes += found.probes;
            all.on_word += found.on_word;
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
    let masks = pattern::by_last(binary, &code);
    let listing = Listing::new(code.clone(), function.range.clone(), &own).with_masks(masks);
    let guard = binary.guard();
    let mut reached = BTreeSet::new();
    for surroundings in Surroundings::all(guard) {
        let rules = Rules { apart, ..Rules::INLINED };
        let walk = Walk { binary, listing: &listing, surroundings, guard, rules };
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
        if let (Event::Reached, Flow::Branch(target, _)) = (event, &insn.flow) {
            sides.extend([(insn.end(), state.clone()), (*target, state.clone())]);
        }
    });
    sides.retain(|(addr, _)| walk.listing.range.contains(addr) && !reached.contains(addr));
    sides
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
        found.on_word = own.iter().filter(|(_, side)| *side == Side::OnWord).count();
        found.masked = own.len() - found.probes - found.on_word;
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
                if insn.moves_window() {
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
            Side::User | Side::OnWord => {
                let fits = |offset: i64| (0..=MOST - i64::from(access.size)).contains(&offset);
                let inside = match addr.as_offset() {
                    Some((Symbol::Masked, offset)) => fits(offset),
                    Some((Symbol::MaskedWord, offset)) => offset == 0,
                    _ => false,
                };
                if !inside && side == Side::User {
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
            let routine = matches!(assembly::kind(&callee.name), Some(Ok(Kind::Routine(_))));
            routine || may_be_called_in_batch(&callee.name)
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

/// What an access is for, by the functions that it is inlined from.
fn side(lines: &Lines, addr: u64, sources: &Sources) -> Side {
    let frames = lines.frames(addr);
    if frames.iter().any(|frame| sources.is_probe(&frame.file)) {
        return Side::Probe;
    }
    // The outermost one of `raw`, and who calls it; nobody does where it is compiled on its own.
    let Some(raw) = frames.iter().rposition(|frame| sources.is_raw(&frame.file)) else { return Side::User };
    let is_the_crates = frames.get(raw + 1).is_some_and(|caller| sources.contain(&caller.file));
    if is_the_crates { Side::User } else { Side::OnWord }
}

/// Whether somebody outside of the crate answers for the access's address: nothing but the entry tells that it is one.
pub fn is_on_word(lines: &Lines, entry: &Entry, sources: &Sources) -> bool {
    side(lines, entry.insn, sources) == Side::OnWord
}

/// Whether the entry's access is one of kernel memory.
pub fn is_probe(lines: &Lines, entry: &Entry, sources: &Sources) -> bool {
    side(lines, entry.insn, sources) == Side::Probe
}
