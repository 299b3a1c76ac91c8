// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a routine goes by: registers that its caller has filled or that it has set itself, and whole variables of its own.
//!
//! A routine that reads what another has left in a register, or the bytes behind a variable, works or fails by chance:
//! no test that passes says anything about it.

use std::collections::BTreeSet;

use super::{
    proof::{Proof, Violation},
    routine::arguments,
};
use crate::audit::{
    decode::{
        insn::{Condition, Direction, Expr, FLAGS, Flow, Insn, Op, Reg},
        isa::Isa,
    },
    follow::{
        listing::Listing,
        state::{State, States, Surroundings},
        value::{Symbol, Value},
        walk::{Event, Rules, Walk},
    },
    linked::{assembly::Kind, binary::Binary, entry::Entry, image::Function},
};

/// Walks through a function of the assembly, wherever it may be called.
pub fn audit(binary: &Binary, function: &Function, kind: Kind, entries: &[Entry]) -> Vec<Violation> {
    let given = given(binary, kind);
    let mut found = Vec::new();
    each_path(binary, function, entries, &mut |walk, insn, state, event| {
        let what = match event {
            Event::Reached => not_set(walk, insn, state, &given)
                .map(|reg| format!("reads register {reg}, which nobody has set")),
            Event::Access(_, access, addr) => addr
                .as_constant()
                .map(|addr| addr..addr + u64::from(access.size))
                .filter(|bytes| !binary.image.is_in_variable(bytes))
                .map(|bytes| format!("accesses {bytes:x?}, which is no variable")),
            _ => None,
        };
        found.extend(what.map(|what| Violation::new(binary, Proof::Given, insn.addr, &what)));
    });
    found.sort();
    found.dedup();
    found
}

/// The instructions that do no more than give a register its first value, which the next instruction reads.
pub fn first_values(binary: &Binary, function: &Function, kind: Kind, entries: &[Entry]) -> BTreeSet<u64> {
    let given = given(binary, kind);
    let code = binary.decode(function);
    let (mut first, mut others) = (BTreeSet::new(), BTreeSet::new());
    each_path(binary, function, entries, &mut |walk, insn, state, event| {
        if !matches!(event, Event::Reached) {
            return;
        }
        let is_first = match insn.ops[..] {
            [Op::Set(reg, _)] if matches!(insn.flow, Flow::Next) && !walk.listing.is_leader(insn.end()) => {
                let next = code
                    .get(&insn.end())
                    .is_some_and(|next| read(next).contains(&reg) && !is_put_aside(next, binary.isa));
                next && is_as_on_entry(state, reg) && !given.contains(&reg)
            }
            _ => false,
        };
        if is_first { &mut first } else { &mut others }.insert(insn.addr);
    });
    &first - &others
}

/// The registers that the caller has filled.
fn given(binary: &Binary, kind: Kind) -> Vec<Reg> {
    let arguments = arguments(binary, kind).map(|(reg, _)| reg);
    arguments.chain([binary.isa.stack]).chain(binary.isa.link).collect()
}

fn each_path(
    binary: &Binary,
    function: &Function,
    entries: &[Entry],
    see: &mut dyn FnMut(&Walk, &Insn, &State, Event),
) {
    let code = binary.decode(function);
    let listing = Listing::new(code, function.range.clone(), entries).entered_at(&function.other_entries);
    let guard = binary.guard();
    for surroundings in Surroundings::all(guard) {
        let walk = Walk { binary, listing: &listing, surroundings, guard, rules: Rules::ROUTINE };
        let starts = [function.range.start].into_iter().chain(function.other_entries.iter().copied());
        let start = State::entry(surroundings);
        let mut states = States::new();
        walk.explore(&mut states, starts.map(|at| (at, start.clone())).collect());
        walk.visit(&states, &mut |insn, state, event| see(&walk, insn, state, event));
    }
}

/// A register that the instruction goes by, and that holds what it held on entry without being an argument. Putting one
/// aside is not going by it.
fn not_set(walk: &Walk, insn: &Insn, state: &State, given: &[Reg]) -> Option<Reg> {
    if is_put_aside(insn, walk.binary.isa) || has_no_part(insn, state) {
        return None;
    }
    read(insn).into_iter().find(|reg| is_as_on_entry(state, *reg) && !given.contains(reg))
}

fn is_as_on_entry(state: &State, reg: Reg) -> bool {
    reg < FLAGS && state.get(reg) == Value::symbol(Symbol::Entry(reg))
}

/// Whether it stores registers on the stack, or copies one that the caller relies on.
fn is_put_aside(insn: &Insn, isa: &Isa) -> bool {
    let mut accesses = insn.accesses().peekable();
    if accesses.peek().is_none() {
        return matches!(insn.ops[..], [Op::Set(_, Expr::Reg(reg))] if isa.preserved.contains(&reg));
    }
    accesses.all(|(direction, access)| {
        let mut of_addr = Vec::new();
        registers(&access.addr, &mut of_addr);
        direction == Direction::Store && of_addr == [isa.stack]
    })
}

/// The registers whose values an instruction reads, but for those that it has set before that.
fn read(insn: &Insn) -> Vec<Reg> {
    let (mut set, mut read) = (Vec::new(), Vec::new());
    let mut add = |value: &Expr, set: &[Reg]| {
        let mut of_value = Vec::new();
        registers(value, &mut of_value);
        read.extend(of_value.into_iter().filter(|reg| !set.contains(reg)));
    };
    for op in &insn.ops {
        match op {
            Op::Set(_, value) | Op::SetByte(_, value) | Op::SetStatus(value) => add(value, &set),
            Op::Load(_, access) | Op::Store(None, access) => add(&access.addr, &set),
            Op::Store(Some(value), access) => {
                add(value, &set);
                add(&access.addr, &set);
            }
            Op::Window(_) => {}
        }
        if let Op::Set(reg, _) | Op::Load(Some(reg), _) = op {
            set.push(*reg);
        }
    }
    match &insn.flow {
        Flow::Branch(_, Condition::IfZero(value) | Condition::IfNot(value)) => add(value, &set),
        Flow::JumpTo(target) | Flow::CallTo(target) => add(target, &set),
        _ => {}
    }
    read
}

/// CPUID looks at ECX where a leaf has parts. The leaves 0 and 1 have none (SDM vol. 2, CPUID).
fn has_no_part(insn: &Insn, state: &State) -> bool {
    const RAX: Reg = 0;
    insn.text.starts_with("cpuid") && matches!(state.get(RAX).as_constant(), Some(0 | 1))
}

/// The registers of an expression.
fn registers(value: &Expr, found: &mut Vec<Reg>) {
    match value {
        Expr::Reg(reg) => found.push(*reg),
        Expr::Const(_) | Expr::Number | Expr::Any | Expr::Status => {}
        Expr::Mix(parts) => parts.iter().for_each(|part| registers(part, found)),
        Expr::Binary(_, sides) | Expr::Either(sides) => {
            registers(&sides.0, found);
            registers(&sides.1, found);
        }
        Expr::Low(_, value) => registers(value, found),
    }
}
