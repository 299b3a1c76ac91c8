// SPDX-License-Identifier: MIT OR Apache-2.0
//! What each instruction of the kernel is to the count: decoded as the audit does it.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    rc::Rc,
};

use anyhow::{Context, Result, anyhow};

use super::step::{Code, Step};
use crate::audit::{
    decode::{
        insn::{Binary, Expr, Flow, Insn, Op, SCRATCH, Window},
        isa::{Guard, Isa},
    },
    linked::image::Image,
};

/// What stands around each operation: `tests/kernel/src/count.rs`.
const MARKER: &str = "kernel_marker";

/// The functions that operations are made of: the routines, the library, what the compiler has it call, the
/// kernel's file of operations, and its byte loop and marker. What is called besides is missed in the trace, and
/// that is an error.
const TRACED: &[&str] =
    &["__axptr_", "axptr::", "memcpy", "axptr_kernel::count::", "kernel_byte_loop", MARKER];

/// A kernel's code.
#[derive(Debug)]
pub struct Kernel {
    image: Image,
    isa: &'static Isa,
    /// The instructions that have an entry in the exception table.
    user: HashSet<u64>,
    marker: u64,
    known: RefCell<HashMap<u64, Rc<Step>>>,
}

impl Kernel {
    pub fn new(image: Image, isa: &'static Isa) -> Result<Self> {
        let marker = image.name(MARKER).with_context(|| format!("the kernel has no {MARKER}"))?;
        let entries = image.entries().map_err(|what| anyhow!(what))?;
        let user = entries.into_iter().map(|entry| entry.insn).collect();
        Ok(Self { image, isa, user, marker, known: RefCell::default() })
    }

    /// The ranges of addresses to be traced, as QEMU's `-dfilter` takes them.
    pub fn filter(&self) -> String {
        let functions = self.image.functions().iter();
        let traced = functions.filter(|function| TRACED.iter().any(|name| function.name.contains(name)));
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for range in traced.map(|function| &function.range) {
            match ranges.last_mut() {
                // Between functions that follow each other lies padding.
                Some((_, end)) if range.start - *end < 64 => *end = range.end,
                _ => ranges.push((range.start, range.end)),
            }
        }
        let ranges = ranges.iter().map(|(start, end)| format!("{start:#x}..{:#x}", end - 1));
        ranges.collect::<Vec<_>>().join(",")
    }

    fn decode(&self, addr: u64) -> Step {
        let bytes = self.image.at(addr).unwrap_or_default();
        let insn = (self.isa.decode)(bytes, addr).unwrap_or_else(|| Insn::unknown(addr, self.isa.unit as u8));
        let window = insn.ops.iter().find_map(|op| match op {
            Op::Window(window) => Some(*window),
            Op::SetStatus(status) => moved(self.isa.window, resolved(&insn, status)),
            _ => None,
        });
        let returns = match &insn.flow {
            Flow::Return => true,
            Flow::JumpTo(to) => match resolved(&insn, to) {
                Expr::Reg(reg) => Some(*reg) == self.isa.link,
                _ => false,
            },
            _ => false,
        };
        Step { is_user: self.user.contains(&addr), window, returns, insn }
    }
}

impl Code for Kernel {
    fn step(&self, addr: u64) -> Rc<Step> {
        let mut known = self.known.borrow_mut();
        known.entry(addr).or_insert_with(|| Rc::new(self.decode(addr))).clone()
    }

    fn marker(&self) -> u64 {
        self.marker
    }

    fn is_start(&self, addr: u64) -> bool {
        self.image.function_of(addr).is_some_and(|function| function.range.start == addr)
    }

    fn is_within(&self, addr: u64, other: u64) -> bool {
        self.image.function_of(addr).is_some_and(|function| function.range.contains(&other))
    }

    fn describe(&self, addr: u64) -> String {
        self.image.describe(addr)
    }
}

/// The expression itself, where the decoder has taken it aside.
fn resolved<'a>(insn: &'a Insn, expr: &'a Expr) -> &'a Expr {
    let aside = || {
        insn.ops.iter().rev().find_map(|op| match op {
            Op::Set(SCRATCH, value) => Some(value),
            _ => None,
        })
    };
    match expr {
        Expr::Reg(SCRATCH) => aside().unwrap_or(expr),
        _ => expr,
    }
}

/// What becomes of the window where its word takes this value. What is in a register may be the window's bit.
fn moved(guard: Guard, status: &Expr) -> Option<Window> {
    let Guard::Bit { bit, open, .. } = guard else { return None };
    let mask = 1 << bit;
    let is_set = match status {
        Expr::Const(word) => word & mask != 0,
        Expr::Binary(op @ (Binary::Or | Binary::And), sides) => {
            let others = if *op == Binary::Or { 0 } else { mask };
            if constant(&sides.1).is_some_and(|bits| bits & mask == others) {
                return None;
            }
            *op == Binary::Or
        }
        _ => return None,
    };
    Some(if is_set == open { Window::Open } else { Window::Close })
}

/// The value of an expression without registers.
fn constant(expr: &Expr) -> Option<u64> {
    match expr {
        Expr::Const(value) => Some(*value),
        Expr::Binary(Binary::Xor, sides) => Some(constant(&sides.0)? ^ constant(&sides.1)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::moved;
    use crate::audit::decode::{
        insn::{Expr, Window},
        isa::{Guard, Lacking},
    };

    const SUM: Guard = Guard::Bit { bit: 18, open: true, lacking: Lacking::Never };
    const PAN: Guard = Guard::Bit { bit: 22, open: false, lacking: Lacking::Never };

    #[test]
    fn the_windows_bit_opens_and_closes_it() {
        assert_eq!(moved(SUM, &Expr::Status.or(Expr::Reg(5))), Some(Window::Open));
        assert_eq!(moved(SUM, &Expr::Status.and(Expr::Reg(5).not())), Some(Window::Close));
        assert_eq!(moved(PAN, &Expr::Const(0)), Some(Window::Open));
        assert_eq!(moved(PAN, &Expr::Const(1 << 22)), Some(Window::Close));
    }

    #[test]
    fn other_bits_of_the_word_do_not() {
        assert_eq!(moved(SUM, &Expr::Status.or(Expr::Const(2))), None);
        assert_eq!(moved(SUM, &Expr::Status.and(Expr::Const(2).not())), None);
        assert_eq!(moved(Guard::None, &Expr::Status.or(Expr::Reg(5))), None);
    }
}
