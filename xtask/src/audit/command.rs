// SPDX-License-Identifier: MIT OR Apache-2.0
//! Builds programs, has them proved, and says what came out.

use std::{collections::HashSet, path::Path};

use anyhow::{Context, Result, anyhow};

use super::{
    ax_cpu,
    bounded::{self, prove::Proved},
    decode::{all::chosen, isa::Isa},
    learn::open::open,
    linked::{
        assembly::{self, Kind},
        binary::Binary,
        image::Image,
        lines::Lines,
        names::Sources,
    },
    programs::{self, Program},
    proofs::{
        proof::{PROOFS, Proof, Violation},
        prove::{Report, prove, prove_routines},
        vectors,
    },
    seeded::{self, landing::Changes, outcome::Outcomes},
};
use crate::{machine::Machine, run::report::Tally};

/// How far an audit of a program goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// What is claimed.
    Claims,
    /// And whether defects that are put in are found.
    Defects,
    /// And what the execution of each routine answers: minutes.
    Counts,
}

/// The option that asks for [`Depth::Counts`].
const WITH_COUNTS: &str = "--counts";

/// What the execution of the routines claims.
const COUNTS: &str = "each routine answers at each fault what it has done";

/// Builds and audits the programs of the named machines.
pub fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    let (depth, names) = match args.split_first() {
        Some((option, names)) if option == WITH_COUNTS => (Depth::Counts, names),
        _ => (Depth::Defects, args),
    };
    for isa in chosen(names)? {
        let mut shapes = HashSet::new();
        for program in programs::of(isa)? {
            audit(isa, &program, depth, &mut shapes, tally)?;
        }
        ax_cpu::audit(isa, &programs::on_the_living_line(isa)?, tally)?;
    }
    Ok(())
}

/// What is claimed of the programs of processes, and nothing else.
pub fn claims_of_processes(machine: &'static Machine, tally: &mut Tally) -> Result<()> {
    let isa = chosen(&[machine.name.to_owned()])?[0];
    let mut shapes = HashSet::new();
    let programs = programs::of_processes(machine)?;
    programs.iter().try_for_each(|program| audit(isa, program, Depth::Claims, &mut shapes, tally))
}

/// What the execution of their routines claims.
pub fn counts_of_processes(machine: &'static Machine, tally: &mut Tally) -> Result<()> {
    let isa = chosen(&[machine.name.to_owned()])?[0];
    let mut shapes = HashSet::new();
    for program in programs::of_processes(machine)? {
        let name = format!("{} {}", isa.name, program.name);
        let image = Image::read(&program.path, isa.architecture)?;
        let binary = open(image, isa, program.is_kernel).map_err(|unclear| anyhow!("{name}: {unclear}"))?;
        judge_counts(&name, &bounded::prove::prove(&binary, &mut shapes, &mut |_| {}), tally);
    }
    Ok(())
}

/// The same of a test kernel.
pub fn claims_of_kernel(machine: &Machine, kernel: &Path, tally: &mut Tally) -> Result<()> {
    let isa = chosen(&[machine.name.to_owned()])?[0];
    audit(isa, &Program::kernel(kernel.into()), Depth::Claims, &mut HashSet::new(), tally)
}

/// What ax-cpu's tables hold.
pub fn tables_of_ax_cpu(machine: &Machine, tally: &mut Tally) -> Result<()> {
    let isa = chosen(&[machine.name.to_owned()])?[0];
    ax_cpu::audit(isa, &programs::on_the_living_line(isa)?, tally)
}

/// Audits one program. `shapes` is what has been executed of the programs before.
fn audit(
    isa: &'static Isa,
    program: &Program,
    depth: Depth,
    shapes: &mut HashSet<String>,
    tally: &mut Tally,
) -> Result<()> {
    let image = Image::read(&program.path, isa.architecture)?;
    let name = format!("{} {}", isa.name, program.name);
    let mut binary = match open(image, isa, program.is_kernel) {
        Ok(binary) => binary,
        Err(unclear) => {
            tally.check(&name, Err(unclear.to_string()));
            return Ok(());
        }
    };
    binary.saves_vectors = program.saves_vectors;
    if depth == Depth::Counts {
        audit_counts(&name, &binary, shapes, tally);
    }
    if program.saves_vectors {
        audit_routines(&name, &binary, tally);
        return Ok(());
    }
    let lines = Lines::read(binary.image.file()).with_context(|| name.clone())?;
    let sources = Sources::new();
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
        "{name}: inlined in {} functions: {} accesses of user memory, {} by the word of who calls `raw`, {} probes \
         of kernel memory; {} calls of the crate's own in open windows",
        inlined.functions.len(),
        inlined.masked,
        inlined.on_word,
        inlined.probes,
        inlined.inside,
    );
    // These answer for their addresses themselves.
    for (file, times) in &report.calls.direct {
        println!("{name}: {file} calls `raw` itself, at {times} places");
    }
    judge(&name, &binary, &report, &[], tally);
    let nothing = report.routines == 0 || report.user_accesses == 0 || report.calls.masked == 0;
    let something = if nothing { Err("nothing was there to prove".to_owned()) } else { Ok(()) };
    tally.check(&format!("{name}: there are routines, accesses and calls"), something);
    if depth != Depth::Claims {
        seeded::run::run(&name, &binary, &report, &lines, &sources, tally);
    }
    Ok(())
}

/// Executes each routine that no program before had, and each with defects.
fn audit_counts(name: &str, binary: &Binary, shapes: &mut HashSet<String>, tally: &mut Tally) {
    let (mut outcomes, mut changes) = (Outcomes::default(), Changes::default());
    let proved = bounded::prove::prove(binary, shapes, &mut |executed| {
        seeded::landing::seed(executed, &mut outcomes, &mut changes);
    });
    judge_counts(name, &proved, tally);
    if proved.routines > 0 {
        println!("{name}: {} of {} changes of landings change an answer", changes.shown, changes.made);
    }
    outcomes.report(name, tally);
}

fn judge_counts(name: &str, proved: &Proved, tally: &mut Tally) {
    println!(
        "{name}: {} routines executed in {} cases, {} texts like one that was executed",
        proved.routines, proved.cases, proved.alike
    );
    if proved.routines > 0 {
        let outcome = verdict(&proved.violations.iter().collect::<Vec<_>>());
        tally.check(&format!("{name}: {COUNTS}"), outcome);
    }
}

/// Prints what is wrong.
fn verdict(wrong: &[&Violation]) -> Result<(), String> {
    for violation in wrong {
        println!("  {violation}");
    }
    match wrong.first() {
        None => Ok(()),
        Some(first) => Err(format!("{} places, first {first}", wrong.len())),
    }
}

/// Where only the routines differ from those of another program, whose callers are the same.
fn audit_routines(name: &str, binary: &Binary, tally: &mut Tally) {
    let report = prove_routines(binary, None);
    println!(
        "{name}: {} routines, {} instructions, {} of them access user memory; {} entries",
        report.routines, report.instructions, report.user_accesses, report.entries,
    );
    judge(name, binary, &report, &[Proof::Mask, Proof::Vectors], tally);
    let vectors = binary.image.functions().iter().filter(|function| {
        matches!(assembly::kind(&function.name), Some(Ok(Kind::Routine(_))))
            && binary.decode(function).values().any(|insn| insn.vectors != 0)
    });
    let some = if vectors.count() == 0 { Err("none does".to_owned()) } else { Ok(()) };
    tally.check(&format!("{name}: the routines use vector registers"), some);
}

/// Each claim is one test, but for those that are none of this program's.
fn judge(name: &str, binary: &Binary, report: &Report, not_here: &[Proof], tally: &mut Tally) {
    for (proof, claim) in PROOFS {
        let nothing_to_claim = match proof {
            Proof::Edge => binary.isa.edge.is_none(),
            Proof::Vectors => vectors::forbidden(binary) == 0,
            _ => false,
        };
        if nothing_to_claim || not_here.contains(proof) {
            continue;
        }
        let wrong: Vec<_> = report.violations.iter().filter(|it| it.proof == *proof).collect();
        let outcome = verdict(&wrong);
        tally.check(&format!("{name}: {claim}"), outcome);
    }
}
