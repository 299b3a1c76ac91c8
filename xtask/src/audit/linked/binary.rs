// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program to audit, with what the proofs look up in it again and again.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    rc::Rc,
};

use super::{
    image::{Function, Image},
    names,
};
use crate::audit::decode::{
    insn::{Code, Insn, Reg},
    isa::{Guard, Isa},
};

/// A program and its machine.
#[derive(Clone, Debug)]
pub struct Binary {
    pub image: Image,
    pub isa: &'static Isa,
    /// It runs without a kernel: the routines move the window.
    pub is_kernel: bool,
    /// It is a kernel that saves vector registers, whose routines may use them.
    pub saves_vectors: bool,
    /// Where the CPU feature byte lies, if there is one.
    pub cpu: Option<u64>,
    /// Where the user limit lies.
    pub limit: Option<u64>,
    /// The function that closes the window and returns whether it was open, for a task that leaves.
    pub suspend: Option<u64>,
    /// The functions that routines call, and the registers that they change.
    pub helpers: HashMap<u64, Vec<Reg>>,
    /// The functions behind which the CPU feature byte is filled: a helper, or the crate's function around it.
    pub asking: HashSet<u64>,
    /// The functions that never return.
    pub never: Rc<HashSet<u64>>,
    /// The functions of which it is known how little they write to their caller's memory.
    pub brief: Rc<HashSet<u64>>,
    /// Instructions by their function. Not all: most are looked at once.
    decoded: RefCell<HashMap<u64, Rc<Code>>>,
}

impl Binary {
    /// The program with what its symbols say. What its code says is left out: see `learn`.
    pub fn new(image: Image, isa: &'static Isa, is_kernel: bool) -> Self {
        let cpu = image.named(|name| names::is_cpu(name, isa.name));
        let limit = image.named(names::is_limit);
        let suspend = image.named(names::is_suspend);
        let brief = image.functions().iter().filter(|function| names::is_brief(&function.name));
        let brief = Rc::new(brief.map(|function| function.range.start).collect());
        let (helpers, asking, never) = (HashMap::new(), HashSet::new(), Rc::default());
        let decoded = RefCell::default();
        let mut binary = Self {
            image,
            isa,
            is_kernel,
            saves_vectors: false,
            cpu,
            limit,
            suspend,
            helpers,
            asking,
            never,
            brief,
            decoded,
        };
        binary.take_in_stubs();
        binary
    }

    /// Makes the stubs behind a function, which its symbol does not cover, part of it: landings of its own entries that
    /// lie between it and the next, up to where they jump back.
    fn take_in_stubs(&mut self) {
        for entry in self.image.entries().unwrap_or_default() {
            let Some(behind) = self.image.behind(entry.insn) else { continue };
            if !behind.contains(&entry.landing) {
                continue;
            }
            let mut end = entry.landing;
            while behind.contains(&end) {
                let bytes = self.image.at(end).unwrap_or_default();
                let Some(insn) = (self.isa.decode)(bytes, end) else { break };
                end = insn.end();
                if !insn.falls_through() {
                    break;
                }
            }
            let start = self.image.function_of(entry.insn).map_or(end, |function| function.range.start);
            self.image.extend(start, end.min(behind.end));
        }
    }

    /// What stands between user memory and a plain access.
    pub fn guard(&self) -> Guard {
        if self.is_kernel { self.isa.window } else { Guard::None }
    }

    /// The function's instructions, one after the other from its start.
    pub fn decode(&self, function: &Function) -> Rc<Code> {
        let start = function.range.start;
        if let Some(code) = self.decoded.borrow().get(&start) {
            return code.clone();
        }
        let code = Rc::new(self.decode_once(function));
        self.decoded.borrow_mut().insert(start, code.clone());
        code
    }

    /// The same for a function that is not looked at again.
    pub fn decode_once(&self, function: &Function) -> Code {
        let start = function.range.start;
        let mut code = Code::new();
        let bytes = self.image.at(start).unwrap_or_default();
        let size = (function.range.end - start) as usize;
        let bytes = &bytes[..size.min(bytes.len())];
        let mut offset = 0;
        while offset < bytes.len() {
            let addr = start + offset as u64;
            let insn = (self.isa.decode)(&bytes[offset..], addr)
                .unwrap_or_else(|| Insn::unknown(addr, self.isa.unit as u8));
            offset += usize::from(insn.len);
            code.insert(addr, insn);
        }
        code
    }

    /// The same program with other bytes.
    pub fn changed(&self, change: impl FnOnce(&mut Image)) -> Self {
        let mut image = self.image.clone();
        change(&mut image);
        let mut decoded = self.decoded.borrow().clone();
        for addr in image.patched() {
            if let Some(function) = image.function_of(*addr) {
                decoded.remove(&function.range.start);
            }
        }
        Self {
            image,
            decoded: RefCell::new(decoded),
            helpers: self.helpers.clone(),
            asking: self.asking.clone(),
            never: self.never.clone(),
            brief: self.brief.clone(),
            ..*self
        }
    }
}
