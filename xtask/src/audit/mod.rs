// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask audit`: reads linked programs, and proves of each routine, each entry of the exception table
//! and each call what the tests can only try.

mod aarch64;
mod binary;
mod edge;
mod flow;
pub mod image;
mod inline;
pub mod insn;
mod lines;
mod loongarch64;
pub mod machine;
mod mask;
mod never;
mod programs;
mod riscv64;
mod routine;
mod seeded;
mod table;
mod value;
mod x86_64;

use std::{collections::BTreeSet, fmt};

use anyhow::{Context, Result, bail};

use self::{
    binary::Binary,
    inline::Inlined,
    lines::Lines,
    machine::Isa,
    mask::{Calls, Sources},
    programs::Program,
};
use crate::{root::root, run::report::Tally};

/// What is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// Each load and store of a routine has one entry if it accesses user memory, and none if it does not.
    Coverage,
    /// The table is strictly ascending.
    Order,
    /// Each entry lies on a memory instruction, and its flags say what that does.
    Direction,
    /// Each landing lies on an instruction of the same function.
    Landing,
    /// User addresses come out of the mask.
    Mask,
    /// A landing does bytes up to the edge of a page only where those are fewer than what is left.
    Edge,
    /// The window is open where it must be, and as it was at each end.
    Window,
}

const PROOFS: &[(Proof, &str)] = &[
    (Proof::Coverage, "each access to user memory has one entry, and nothing else has any"),
    (Proof::Order, "the table is strictly ascending"),
    (Proof::Direction, "each entry says what its instruction does"),
    (Proof::Landing, "each landing lies in its own function"),
    (Proof::Mask, "each user address comes out of the mask"),
    (Proof::Edge, "no landing does more bytes than are left"),
    (Proof::Window, "the window is open where it must be, and left as it was"),
];

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    pub proof: Proof,
    pub addr: u64,
    pub at: String,
    pub what: String,
}

impl Violation {
    fn new(binary: &Binary, proof: Proof, addr: u64, what: &str) -> Self {
        Self { proof, addr, at: binary.image.describe(addr), what: what.to_owned() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

/// Builds and audits the programs of the named machines.
pub fn run(names: &[String], tally: &mut Tally) -> Result<()> {
    for isa in chosen(names)? {
        for program in programs::of(isa)? {
            audit(isa, &program, tally)?;
        }
    }
    Ok(())
}

/// The machines of these names; without a name, all.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Isa>> {
    for name in names {
        if !machine::ALL.iter().any(|isa| isa.name == name) {
            let known: Vec<_> = machine::ALL.iter().map(|isa| isa.name).collect();
            bail!("no audit for {name:?}; there is one for {}", known.join(", "));
        }
    }
    let wanted = |isa: &&Isa| names.is_empty() || names.iter().any(|name| name == isa.name);
    Ok(machine::ALL.iter().filter(wanted).collect())
}

/// What one program comes to.
#[derive(Debug, Default)]
pub struct Report {
    routines: usize,
    instructions: usize,
    entries: usize,
    user_accesses: usize,
    calls: Calls,
    inlined: Inlined,
    violations: Vec<Violation>,
}

fn audit(isa: &'static Isa, program: &Program, tally: &mut Tally) -> Result<()> {
    let image = image::Image::read(&program.path, isa.architecture)?;
    let name = format!("{} {}", isa.name, program.name);
    let binary = match Binary::new(image, isa, program.is_kernel) {
        Ok(binary) => binary,
        Err(violation) => {
            tally.check(&name, Err(violation.to_string()));
            return Ok(());
        }
    };
    let lines = Lines::read(binary.image.file()).with_context(|| name.clone())?;
    let sources = sources();
    let report = prove(&binary, &lines, &sources);
    println!(
        "{name}: {} routines, {} instructions, {} of them access user memory; {} entries; {} addresses out \
         of the mask, {} through wrappers",
        report.routines,
        report.instructions,
        report.user_accesses,
        report.entries,
        report.calls.masked,
        report.calls.passed_on,
    );
    let inlined = &report.inlined;
    println!(
        "{name}: inlined in {} functions: {} accesses of user memory, {} probes of kernel memory; {} calls of \
         the crate's own in open windows",
        inlined.functions.len(),
        inlined.masked,
        inlined.probes,
        inlined.inside,
    );
    // These answer for their addresses themselves.
    for (file, times) in &report.calls.direct {
        println!("{name}: {file} calls `raw` itself, at {times} places");
    }
    for (proof, claim) in PROOFS {
        if *proof == Proof::Edge && isa.edge.is_none() {
            continue;
        }
        let wrong: Vec<_> = report.violations.iter().filter(|it| it.proof == *proof).collect();
        for violation in &wrong {
            println!("  {violation}");
        }
        let outcome = match wrong.first() {
            None => Ok(()),
            Some(first) => Err(format!("{} places, first {first}", wrong.len())),
        };
        tally.check(&format!("{name}: {claim}"), outcome);
    }
    let nothing = report.routines == 0 || report.user_accesses == 0 || report.calls.masked == 0;
    let something = if nothing { Err("nothing was there to prove".to_owned()) } else { Ok(()) };
    tally.check(&format!("{name}: there are routines, accesses and calls"), something);
    seeded::run(&name, &binary, &report, &lines, &sources, tally);
    Ok(())
}

/// The crate's sources as debug information names them.
fn sources() -> Sources {
    let folder = root().join("src");
    Sources {
        root: format!("{}/", root().display()),
        raw: folder.join("raw.rs").display().to_string(),
        folder: format!("{}/", folder.display()),
    }
}

/// Runs all proofs.
fn prove(binary: &Binary, lines: &Lines, sources: &Sources) -> Report {
    let mut report = prove_routines(binary, None);
    report.calls = mask::audit(binary, lines, sources);
    report.violations.append(&mut report.calls.violations);
    if let Ok(entries) = binary.image.entries() {
        report.inlined = inline::audit(binary, &entries, lines, sources);
        report.violations.append(&mut report.inlined.violations);
    }
    report
}

/// All proofs but the one about callers; of the named routine only, if there is a name.
fn prove_routines(binary: &Binary, only: Option<&str>) -> Report {
    let mut report = Report::default();
    let entries = match binary.image.entries() {
        Ok(entries) => entries,
        Err(what) => {
            report.violations.push(Violation { proof: Proof::Order, addr: 0, at: "table".into(), what });
            return report;
        }
    };
    report.entries = entries.len();
    report.violations = table::audit(binary, &entries);
    for function in binary.image.functions() {
        if only.is_some_and(|only| only != function.name) {
            continue;
        }
        match routine::kind(&function.name) {
            None => {}
            Some(Err(what)) => {
                let violation = Violation::new(binary, Proof::Coverage, function.range.start, &what);
                report.violations.push(violation);
            }
            Some(Ok(kind @ (routine::Kind::Routine(_) | routine::Kind::Sentinel(_)))) => {
                let findings = routine::audit(binary, function, kind, &entries);
                report.routines += 1;
                report.instructions += findings.instructions;
                report.user_accesses += findings.user_accesses();
                report.violations.extend(findings.violations);
                report.violations.extend(edge::audit(binary, function));
            }
            // They have no user side.
            Some(Ok(routine::Kind::Helper | routine::Kind::Vector)) => {
                let inside = entries.iter().filter(|entry| function.range.contains(&entry.insn));
                for entry in inside {
                    let what = "has an entry but accesses no user memory";
                    report.violations.push(Violation::new(binary, Proof::Coverage, entry.insn, what));
                }
            }
        }
    }
    let places: BTreeSet<_> = report.violations.drain(..).collect();
    report.violations = places.into_iter().collect();
    report
}
