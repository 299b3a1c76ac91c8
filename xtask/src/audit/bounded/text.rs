// SPDX-License-Identifier: MIT OR Apache-2.0
//! A routine's text: its bytes out of the image, translated, with its entries.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write,
    ops::Range,
};

use super::micro::Micro;
use crate::audit::linked::{
    binary::Binary,
    entry::{Entry, NO_FAULT},
    image::Function,
};

/// A number inside an instruction: where it lies, and in how many bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Immediate {
    /// From the start of the instruction.
    pub byte: u8,
    pub bytes: u8,
    pub bit: u8,
    pub bits: u8,
}

/// One instruction, as the translation of a machine gives it.
#[derive(Clone, Debug, Default)]
pub struct Translated {
    pub len: u8,
    pub micros: Vec<Micro>,
    pub immediate: Option<Immediate>,
}

/// Translates the instruction at the start of the bytes.
pub type Translate = fn(bytes: &[u8], addr: u64) -> Translated;

/// One instruction in its text.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub addr: u64,
    pub len: u8,
    pub first: u32,
    pub end: u32,
    /// Where a fault goes on, if there is an entry; `WILD` if that is none of the text's instructions.
    pub landing: Option<u32>,
    pub immediate: Option<Immediate>,
}

/// How many instructions are compared of places that may do the same.
const MOST_ALIKE: usize = 8;

/// No instruction of the text.
pub const WILD: u32 = u32::MAX;

#[derive(Clone, Debug)]
pub struct Text {
    pub range: Range<u64>,
    pub bytes: Vec<u8>,
    pub entries: Vec<Entry>,
    pub steps: Vec<Step>,
    pub micros: Vec<Micro>,
    /// Which step an address is.
    index: HashMap<u64, u32>,
    pub translate: Translate,
}

impl Text {
    pub fn of(binary: &Binary, function: &Function, entries: &[Entry], translate: Translate) -> Self {
        let range = function.range.clone();
        let bytes = binary.image.at(range.start).unwrap_or_default();
        let size = ((range.end - range.start) as usize).min(bytes.len());
        let own = entries.iter().filter(|entry| range.contains(&entry.insn)).copied().collect();
        Self::new(range, bytes[..size].to_vec(), own, translate)
    }

    pub fn new(range: Range<u64>, bytes: Vec<u8>, entries: Vec<Entry>, translate: Translate) -> Self {
        let mut text = Self {
            range,
            bytes,
            entries,
            steps: Vec::new(),
            micros: Vec::new(),
            index: HashMap::new(),
            translate,
        };
        text.fill();
        text
    }

    fn fill(&mut self) {
        let mut at = 0;
        while at < self.bytes.len() {
            let addr = self.range.start + at as u64;
            let translated = (self.translate)(&self.bytes[at..], addr);
            let first = self.micros.len() as u32;
            self.micros.extend(&translated.micros);
            self.index.insert(addr, self.steps.len() as u32);
            self.steps.push(Step {
                addr,
                len: translated.len,
                first,
                end: self.micros.len() as u32,
                landing: None,
                immediate: translated.immediate,
            });
            at += usize::from(translated.len.max(1));
        }
        for entry in &self.entries {
            if let Some(&step) = self.index.get(&entry.insn) {
                self.steps[step as usize].landing = Some(self.step_at(entry.landing).unwrap_or(WILD));
            }
        }
    }

    pub fn step_at(&self, addr: u64) -> Option<u32> {
        self.index.get(&addr).copied()
    }

    /// The same text with other bytes.
    pub fn patched(&self, at: usize, bytes: &[u8]) -> Self {
        let mut all = self.bytes.clone();
        all[at..at + bytes.len()].copy_from_slice(bytes);
        Self::new(self.range.clone(), all, self.entries.clone(), self.translate)
    }

    /// The same text where an entry has another landing.
    pub fn landing_elsewhere(&self, insn: u64, landing: u64) -> Self {
        let mut entries = self.entries.clone();
        for entry in entries.iter_mut().filter(|entry| entry.insn == insn) {
            entry.landing = landing;
        }
        Self::new(self.range.clone(), self.bytes.clone(), entries, self.translate)
    }

    /// What the text is, wherever it lies: two routines with the same answer are executed once. Whether the pager may run
    /// is nothing that a text knows.
    pub fn shape(&self, cpu: u64) -> String {
        let mut shape = String::new();
        let start = self.range.start;
        let inside = |addr: u64| {
            if self.range.contains(&addr) { format!("+{:x}", addr - start) } else { "out".to_owned() }
        };
        for step in &self.steps {
            for micro in &self.micros[step.first as usize..step.end as usize] {
                let _ = match *micro {
                    Micro::Jump(target) => write!(shape, "jump {}", inside(target)),
                    Micro::Call(target) => write!(shape, "call {}", inside(target)),
                    Micro::Branch { condition, target } => {
                        write!(shape, "{condition:?} {}", inside(target))
                    }
                    Micro::BranchIf { condition, a, b, bits, target } => {
                        write!(shape, "{condition:?} {a} {b} {bits} {}", inside(target))
                    }
                    Micro::BranchBit { of, bit, set, target } => {
                        write!(shape, "{of} {bit} {set} {}", inside(target))
                    }
                    micro => write!(shape, "{micro:?}"),
                };
                shape.push('\n');
            }
        }
        // The byte's address is the only one that a text holds; in parts on some machines.
        for form in [cpu, cpu & !0xfff, cpu & 0xfff] {
            shape = shape.replace(&format!("offset: {form}"), "offset: cpu");
            shape = shape.replace(&format!("Number({form})"), "Number(cpu)");
        }
        let mut known = HashSet::new();
        for entry in &self.entries {
            if known.insert(entry.insn) {
                let flags = entry.flags & !NO_FAULT;
                let _ = writeln!(shape, "{} {} {flags}", inside(entry.insn), inside(entry.landing));
            }
        }
        shape
    }
}

impl Text {
    /// Where a place leads to, past jumps.
    fn behind_jumps(&self, addr: u64) -> u64 {
        let mut addr = addr;
        for _ in 0..MOST_ALIKE {
            match self.micros_at(addr) {
                Some([Micro::Jump(target)]) => addr = *target,
                _ => return addr,
            }
        }
        addr
    }

    fn micros_at(&self, addr: u64) -> Option<&[Micro]> {
        let step = &self.steps[self.step_at(addr)? as usize];
        Some(&self.micros[step.first as usize..step.end as usize])
    }

    /// Whether two places go on in the same way, instruction for instruction, until they meet.
    pub fn do_the_same(&self, a: u64, b: u64) -> bool {
        let (mut a, mut b) = (a, b);
        for _ in 0..MOST_ALIKE {
            (a, b) = (self.behind_jumps(a), self.behind_jumps(b));
            if a == b {
                return true;
            }
            let [one, other] = [a, b].map(|addr| self.micros_at(addr).map(|micros| format!("{micros:?}")));
            if one != other || one.is_none() {
                return false;
            }
            let end = |addr| {
                self.step_at(addr).map_or(addr, |step| addr + u64::from(self.steps[step as usize].len))
            };
            (a, b) = (end(a), end(b));
        }
        false
    }
}
