// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the landing of an inlined access leads: to where the access itself goes on, behind its report of success.

use crate::audit::{
    decode::insn::{self, Code, Expr, Flow, Insn, Op, REGISTERS},
    follow::value::Value,
    linked::{
        binary::Binary,
        entry::{Entry, READ, WRITE},
        image::Function,
    },
};

/// The status of an access that nobody has told a cause (`arch::UNTOLD`).
pub const UNTOLD: u64 = 1 << 16;
/// Where it says how many bytes have been stored in front (`arch::STORED`).
const STORED: u32 = 24;

/// Whether the landing leads to where the access itself goes on, and says on the way what has been stored.
pub fn lands(
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
    let mut registers = [Value::Any; REGISTERS];
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
            Flow::Next => insn.end(),
            Flow::Jump(target) => target,
            _ => return None,
        };
        if told {
            let status = registers[cause].as_constant()?;
            let jump = code.get(&addr).and_then(|insn| match insn.flow {
                Flow::Jump(target) if insn.ops.is_empty() => Some(target),
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
fn evaluate(value: &Expr, registers: &[Value; REGISTERS]) -> Value {
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
        clears(two[0]) && two[1].ops.is_empty() && matches!(two[1].flow, Flow::Jump(to) if to == landing)
    });
    if let Some(over) = over {
        let stubs = &between[over + 2..];
        let are_stubs = stubs.iter().all(|insn| {
            let sets = insn.ops.iter().all(|op| matches!(op, Op::Set(..)));
            sets && match insn.flow {
                Flow::Next => true,
                Flow::Jump(target) => (insn.end()..=landing).contains(&target),
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
            Flow::Next => false,
            // Where loops start lies in front.
            Flow::Jump(target) | Flow::Branch(target, _) => target > landing,
            _ => true,
        };
        if leaves || other.moves_window() {
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
