// SPDX-License-Identifier: MIT OR Apache-2.0
//! The proof: each routine of a program, in every case of the bound.

use std::collections::{BTreeSet, HashSet};

use super::{
    bound,
    contract::Contract,
    sample::Sample,
    text::Text,
    trial::{Registers, Trial, Wrong},
    ways::{self, Machinery},
};
use crate::audit::{
    linked::{assembly, binary::Binary, image::Function},
    proofs::proof::{Proof, Violation},
};

/// How much is executed: set it to `all` for the whole bound.
const VARIABLE: &str = "AXPTR_BOUNDED";

/// What one program comes to.
#[derive(Debug, Default)]
pub struct Proved {
    pub routines: usize,
    /// Those that are like one that has been executed.
    pub alike: usize,
    pub cases: u64,
    pub violations: Vec<Violation>,
}

/// A routine whose cases have been executed, for defects that are put into it.
#[derive(Debug)]
pub struct Executed<'a> {
    pub binary: &'a Binary,
    pub text: Text,
    pub contract: Contract,
    pub machinery: &'a Machinery,
    /// The entry points.
    pub starts: Vec<u32>,
    /// Which steps are reached behind a fault only.
    pub landings: BTreeSet<u32>,
    /// By step: some of the cases that come through it behind a fault; and of those that fault there.
    pub through: Vec<Sample>,
    pub faulting: Vec<Sample>,
}

/// Executes each routine. `then` gets those that are executed, and found to be right.
pub fn prove(binary: &Binary, shapes: &mut HashSet<String>, then: &mut dyn FnMut(&Executed)) -> Proved {
    let mut proved = Proved::default();
    let Some(machinery) = ways::of(binary) else { return proved };
    let entries = binary.image.entries().unwrap_or_default();
    for function in binary.image.functions() {
        let Some(Ok(kind)) = assembly::kind(&function.name) else { continue };
        let Some(contract) = Contract::of(&function.name, kind) else { continue };
        let text = Text::of(binary, function, &entries, machinery.translate);
        let shape = format!("{contract:?} {}", text.shape(binary.cpu.unwrap_or(1)));
        if !shapes.insert(shape) {
            proved.alike += 1;
            continue;
        }
        proved.routines += 1;
        let (executed, cases, wrong) = execute(binary, function, text, contract, &machinery);
        proved.cases += cases;
        if wrong.is_empty() {
            then(&executed);
        }
        proved.violations.extend(wrong.into_iter().map(|wrong| violation(binary, &wrong)));
    }
    proved
}

pub fn violation(binary: &Binary, wrong: &Wrong) -> Violation {
    Violation::new(binary, Proof::Count, wrong.addr, &wrong.what)
}

pub fn is_all() -> bool {
    std::env::var(VARIABLE).is_ok_and(|value| value == "all")
}

/// How many violations of one routine are looked for.
const MOST_WRONG: usize = 3;

fn execute<'a>(
    binary: &'a Binary,
    function: &Function,
    text: Text,
    contract: Contract,
    machinery: &'a Machinery,
) -> (Executed<'a>, u64, Vec<Wrong>) {
    let entry_points = [function.range.start].into_iter().chain(function.other_entries.iter().copied());
    let starts: Vec<u32> = entry_points.filter_map(|addr| text.step_at(addr)).collect();
    let mut trial = trial(binary, contract, machinery);
    trial.machine.trace.before = Some(vec![false; text.steps.len()]);
    let samples = || (0..text.steps.len()).map(|_| Sample::default()).collect::<Vec<_>>();
    let (mut through, mut faulting) = (samples(), samples());
    let (mut cases, mut wrong) = (0, Vec::new());
    each(machinery, contract, starts.len(), is_all(), &mut |case| {
        if wrong.len() >= MOST_WRONG {
            return false;
        }
        cases += 1;
        if let Err(what) = trial.run(&text, starts[usize::from(case.entry)], case) {
            wrong.push(what);
        }
        let trace = &trial.machine.trace;
        for step in &trace.behind_fault {
            through[*step as usize].add(case);
        }
        for step in &trace.faults {
            faulting[*step as usize].add(case);
        }
        !trace.faults.is_empty()
    });
    if wrong.is_empty() {
        for (step, sample) in text.steps.iter().zip(&faulting) {
            if step.landing.is_some() && sample.is_empty() {
                wrong.push(Wrong { addr: step.addr, what: "has an entry that no case reaches".into() });
            }
        }
    }
    let before = trial.machine.trace.before.take().unwrap_or_default();
    let landings = (0..text.steps.len())
        .filter(|at| !before[*at] && !through[*at].is_empty())
        .map(|at| at as u32)
        .collect();
    (Executed { binary, text, contract, machinery, starts, landings, through, faulting }, cases, wrong)
}

fn each(machinery: &Machinery, contract: Contract, entries: usize, all: bool, try_case: &mut bound::Try) {
    bound::each(&machinery.bound, contract, (&machinery.ways, entries), all, try_case);
}

fn trial<'a>(binary: &Binary, contract: Contract, machinery: &'a Machinery) -> Trial<'a> {
    let registers = Registers { arguments: binary.isa.arguments, result: binary.isa.result() };
    let memory = (binary.cpu.unwrap_or(1), machinery.partial);
    Trial::new(contract, &machinery.ways, machinery.model, registers, memory)
}

impl Executed<'_> {
    /// What a defect shows in some of the cases.
    pub fn find(&self, broken: &Text, cases: &Sample) -> Option<Wrong> {
        let mut trial = trial(self.binary, self.contract, self.machinery);
        let mut wrong =
            cases.cases().iter().map(|case| trial.run(broken, self.starts[usize::from(case.entry)], case));
        wrong.find_map(Result::err)
    }

    /// What it shows in any of them.
    pub fn find_anywhere(&self, broken: &Text) -> Option<Wrong> {
        let mut trial = trial(self.binary, self.contract, self.machinery);
        let mut found = None;
        each(self.machinery, self.contract, self.starts.len(), is_all(), &mut |case| {
            if found.is_none() {
                found = trial.run(broken, self.starts[usize::from(case.entry)], case).err();
            }
            found.is_none() && !trial.machine.trace.faults.is_empty()
        });
        found
    }
}
