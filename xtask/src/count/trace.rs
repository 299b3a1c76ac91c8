// SPDX-License-Identifier: MIT OR Apache-2.0
//! From the emulator's log to what lies between the marker's calls.
//!
//! The log has a line per instruction, in the order of execution, for the traced functions only. That nothing is
//! missing, and nothing has come in between (a fault, an interrupt, a function that is not traced), is proved by
//! following the code: each instruction must lead to the next one.

use anyhow::{Context, Result, bail, ensure};

use super::step::{Code, Step};
use crate::audit::decode::insn::{Flow, Window};

/// How often the kernel does each operation, `tests/kernel/src/count.rs`; the first time is not counted.
const ROUNDS: usize = 3;

/// What stands in front of each instruction, and what QEMU says when it has not executed it after all.
const EXECUTED: &str = "Trace ";
const STOPPED: &str = "Stopped execution of TB chain before ";
/// What it says of the code before that was traced, while the kernel waits to be.
const LINKED: &str = "Linking TBs ";
/// What the emulator says itself.
const SAID: &str = "qemu-system-";

/// What has been executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// A string instruction counts once, however often the emulator comes back to it.
    pub instructions: u64,
    /// Of them, those with an entry in the exception table.
    pub accesses: u64,
    pub opened: u64,
    pub closed: u64,
}

/// Reads a trace.
#[derive(Debug)]
pub struct Trace<'a, C> {
    code: &'a C,
    /// Written down, but it may yet turn out not to be executed.
    pending: Option<u64>,
    /// The last one that was.
    last: Option<u64>,
    /// Where the calls so far go on.
    calls: Vec<u64>,
    /// What is being counted, between the two markers of an operation.
    current: Option<Counts>,
    done: Vec<Counts>,
}

impl<'a, C: Code> Trace<'a, C> {
    pub fn new(code: &'a C) -> Self {
        Self { code, pending: None, last: None, calls: Vec::new(), current: None, done: Vec::new() }
    }

    /// Takes in one line.
    pub fn line(&mut self, line: &str) -> Result<()> {
        if line.starts_with(EXECUTED) {
            let addr = address(line).with_context(|| format!("a malformed line in the trace: {line:?}"))?;
            self.flush()?;
            self.pending = Some(addr);
        } else if line.starts_with(STOPPED) {
            let addr = address(line).with_context(|| format!("a malformed line in the trace: {line:?}"))?;
            ensure!(self.pending.take() == Some(addr), "stopped before another instruction: {line:?}");
        } else if line.starts_with(LINKED) {
            let traced = self.last.or(self.pending).is_some();
            ensure!(!traced, "code is executed that is not traced: {line:?}");
        } else if line.starts_with(SAID) {
            eprintln!("{line}");
        } else {
            bail!("no line of a trace: {line:?}");
        }
        Ok(())
    }

    /// What `operations` operations come to, in their order.
    pub fn finish(mut self, operations: usize) -> Result<Vec<Counts>> {
        self.flush()?;
        ensure!(self.current.is_none(), "the last operation has no second marker");
        let (found, wanted) = (self.done.len(), operations * ROUNDS);
        ensure!(found == wanted, "{found} pairs of markers instead of {wanted}");
        let rounds = self.done.chunks(ROUNDS).enumerate();
        rounds
            .map(|(index, rounds)| {
                let (first, second) = (rounds[1], rounds[2]);
                ensure!(first == second, "operation {index} differs from itself: {first:?}, {second:?}");
                Ok(first)
            })
            .collect()
    }

    fn flush(&mut self) -> Result<()> {
        self.pending.take().map_or(Ok(()), |addr| self.executed(addr))
    }

    fn executed(&mut self, addr: u64) -> Result<()> {
        // A first round may fault: on loongarch64 the TLB is filled by software.
        let is_first = self.done.len().is_multiple_of(ROUNDS);
        if let Some(counts) = self.current.as_mut().filter(|_| !is_first) {
            let step = self.code.step(addr);
            let again = self.last == Some(addr) && step.insn.stepwise;
            if let Some(last) = self.last.filter(|_| !again) {
                let last = self.code.step(last);
                ensure!(
                    leads_to(self.code, &mut self.calls, &last, addr),
                    "{} ({}) does not lead to {}: something is missing in the trace, or in between",
                    self.code.describe(last.insn.addr),
                    last.insn.text,
                    self.code.describe(addr),
                );
            }
            if addr != self.code.marker() && !again {
                counts.add(&step);
            }
        }
        self.last = Some(addr);
        if addr == self.code.marker() {
            self.calls.clear();
            match self.current.take() {
                Some(counts) => self.done.push(counts),
                None => self.current = Some(Counts::default()),
            }
        }
        Ok(())
    }
}

impl Counts {
    fn add(&mut self, step: &Step) {
        self.instructions += 1;
        self.accesses += u64::from(step.is_user);
        self.opened += u64::from(step.window == Some(Window::Open));
        self.closed += u64::from(step.window == Some(Window::Close));
    }

    /// Without what is done around each operation.
    pub fn without(self, nothing: Self) -> Result<Self> {
        let instructions = self.instructions.checked_sub(nothing.instructions);
        ensure!(
            nothing == Self { instructions: nothing.instructions, ..Self::default() },
            "nothing does it all"
        );
        Ok(Self { instructions: instructions.context("less than nothing")?, ..self })
    }
}

/// Whether `from` leads to the instruction at `addr`.
fn leads_to(code: &impl Code, calls: &mut Vec<u64>, from: &Step, addr: u64) -> bool {
    let insn = &from.insn;
    match &insn.flow {
        // It may be of any length.
        Flow::Next if insn.is_unknown() => code.is_within(insn.addr, addr),
        Flow::Next => addr == insn.end(),
        Flow::Jump(target) => addr == *target,
        Flow::Branch(target, _) => addr == *target || addr == insn.end(),
        Flow::Call(target) => {
            calls.push(insn.end());
            addr == *target
        }
        Flow::CallTo(_) => {
            calls.push(insn.end());
            code.is_start(addr)
        }
        // The marker's own return is the first: its call lies before what is counted.
        Flow::Return | Flow::JumpTo(_) if from.returns => calls.pop().is_none_or(|to| addr == to),
        Flow::JumpTo(_) => code.is_start(addr) || code.is_within(insn.addr, addr),
        Flow::Return | Flow::Stop => false,
    }
}

/// The program counter: the second number in the brackets, or the only one.
fn address(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once('[')?;
    let (numbers, _) = rest.split_once(']')?;
    let mut numbers = numbers.split('/');
    let first = numbers.next()?;
    u64::from_str_radix(numbers.next().unwrap_or(first), 16).ok()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::{Counts, Trace};
    use crate::{
        audit::decode::insn::{Condition, Expr, Flow, Insn, Window},
        count::step::{Code, Step},
    };

    const MARKER: u64 = 0x100;

    /// Three functions: the marker, what calls it around an operation, and the operation. That is a loop of one
    /// access to user memory, a string instruction, a window, and a call of the marker's neighbour at 0x400.
    struct Sample;

    impl Code for Sample {
        fn step(&self, addr: u64) -> Rc<Step> {
            let mut insn = Insn::new(addr, 4, "insn".to_owned());
            let returns = [MARKER, 0x20c, 0x318, 0x400].contains(&addr);
            insn.stepwise = addr == 0x308;
            insn.flow = match addr {
                0x200 | 0x208 => Flow::Call(MARKER),
                0x204 => Flow::CallTo(Expr::Any),
                0x304 => Flow::Branch(0x300, Condition::Unknown),
                0x314 => Flow::Call(0x400),
                _ if returns => Flow::JumpTo(Expr::Reg(1)),
                _ => Flow::Next,
            };
            let window = match addr {
                0x30c => Some(Window::Open),
                0x310 => Some(Window::Close),
                _ => None,
            };
            Rc::new(Step { insn, is_user: addr == 0x300, window, returns })
        }

        fn marker(&self) -> u64 {
            MARKER
        }

        fn is_start(&self, addr: u64) -> bool {
            addr.is_multiple_of(0x100)
        }

        fn is_within(&self, addr: u64, other: u64) -> bool {
            addr / 0x100 == other / 0x100
        }

        fn describe(&self, addr: u64) -> String {
            format!("{addr:#x}")
        }
    }

    fn line(addr: u64) -> String {
        format!("Trace 0: 0x7f051c4fd200 [00000000/{addr:016x}/82424019/ff020201] ")
    }

    fn stopped(addr: u64) -> String {
        format!("Stopped execution of TB chain before 0x7f051c4fd200 [{addr:016x}] ")
    }

    /// One operation between its markers, whose loop goes round twice.
    const ROUND: &[u64] = &[
        0x200, MARKER, 0x204, 0x300, 0x304, 0x300, 0x304, 0x308, 0x30c, 0x310, 0x314, 0x400, 0x318, 0x208,
        MARKER, 0x20c,
    ];
    const COUNTS: Counts = Counts { instructions: 12, accesses: 2, opened: 1, closed: 1 };

    fn rounds(count: usize) -> Vec<String> {
        ROUND.repeat(count).into_iter().map(line).collect()
    }

    fn read(lines: &[String], operations: usize) -> Result<Vec<Counts>, String> {
        let mut trace = Trace::new(&Sample);
        for line in lines {
            trace.line(line).map_err(|error| format!("{error:#}"))?;
        }
        trace.finish(operations).map_err(|error| format!("{error:#}"))
    }

    /// Where an instruction stands for the first time in the last round.
    fn in_last_round(addr: u64) -> usize {
        2 * ROUND.len() + ROUND.iter().position(|other| *other == addr).unwrap()
    }

    #[test]
    fn what_lies_between_two_markers_is_counted() {
        assert_eq!(read(&rounds(3), 1), Ok(vec![COUNTS]));
        assert_eq!(read(&rounds(6), 2), Ok(vec![COUNTS; 2]));
    }

    #[test]
    fn the_first_round_may_fault_and_the_others_may_not_even_differ() {
        let mut lines = rounds(3);
        lines.insert(4, line(0x300));
        assert_eq!(read(&lines, 1), Ok(vec![COUNTS]));
        let mut lines = rounds(3);
        let at = in_last_round(0x300);
        lines.splice(at..at, [0x300, 0x304].map(line));
        assert!(read(&lines, 1).unwrap_err().contains("differs from itself"));
    }

    #[test]
    fn an_instruction_that_goes_on_by_itself_counts_once() {
        let mut lines = rounds(3);
        let at = in_last_round(0x308);
        lines.splice(at..at, vec![line(0x308); 9]);
        assert_eq!(read(&lines, 1), Ok(vec![COUNTS]));
        lines[at - 1] = line(0x308);
        assert!(read(&lines, 1).is_err());
    }

    #[test]
    fn what_was_stopped_has_not_been_executed() {
        let mut lines = rounds(3);
        let at = in_last_round(0x300);
        lines.splice(at..at, [line(0x300), stopped(0x300)]);
        assert_eq!(read(&lines, 1), Ok(vec![COUNTS]));
        lines[at + 1] = stopped(0x304);
        assert!(read(&lines, 1).unwrap_err().contains("stopped before another"));
        assert!(read(&[stopped(0x300)], 0).is_err());
    }

    #[test]
    fn code_that_is_not_traced_ends_where_the_trace_begins() {
        let linked = "Linking TBs 0x7f9940096ac0 index 1 -> 0x7f9940097940".to_owned();
        let mut lines = rounds(3);
        lines.insert(0, linked.clone());
        assert_eq!(read(&lines, 1), Ok(vec![COUNTS]));
        lines.swap(0, 1);
        assert!(read(&lines, 1).unwrap_err().contains("that is not traced"));
    }

    #[test]
    fn a_gap_is_an_error_and_so_is_what_comes_in_between() {
        let inside = in_last_round(0x204)..in_last_round(0x20c);
        for at in inside.clone() {
            let mut lines = rounds(3);
            lines.remove(at);
            assert!(read(&lines, 1).is_err(), "{} is missing", rounds(3)[at]);
        }
        for at in inside {
            let mut lines = rounds(3);
            lines.insert(at, line(0x500));
            assert!(read(&lines, 1).unwrap_err().contains("does not lead to"), "in front of {at}");
        }
        // Around the operations anything may be.
        let mut lines = rounds(3);
        lines.insert(ROUND.len(), line(0x500));
        assert_eq!(read(&lines, 1), Ok(vec![COUNTS]));
    }

    #[test]
    fn a_missing_marker_is_an_error() {
        for addr in [0x100, 0x208] {
            let mut lines = rounds(3);
            lines.truncate(in_last_round(addr));
            assert!(read(&lines, 1).is_err(), "it ends in front of {addr:#x}");
        }
        assert!(read(&[], 1).unwrap_err().contains("0 pairs of markers instead of 3"));
        for count in [1, 2, 4] {
            assert!(
                read(&rounds(count), 1).unwrap_err().contains("pairs of markers"),
                "{count} rounds passed"
            );
        }
    }

    #[test]
    fn a_malformed_line_is_an_error_that_shows_it() {
        for bad in [
            "",
            "Trace 0: 0x7f051c4fd200",
            "Trace 0: 0x7f051c4fd200 [00000000/pc/82424019/ff020201]",
            "Trace 0: 0x7f051c4fd200 [00000000/ffffffc0802a9538",
            "Stopped execution of TB chain before 0x7f051c4fd200 []",
            "hello",
        ] {
            let error = read(&[bad.to_owned()], 0).unwrap_err();
            assert!(error.contains(&format!("{bad:?}")), "{error}");
        }
        assert_eq!(read(&["qemu-system-riscv64: warning: none".to_owned()], 0), Ok(vec![]));
    }
}
