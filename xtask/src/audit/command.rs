// SPDX-License-Identifier: MIT OR Apache-2.0
//! Builds programs, has them proved, and says what came out.

use anyhow::{Context, Result};

use super::{
    ax_cpu,
    decode::{all::chosen, isa::Isa},
    learn::open::open,
    linked::{image::Image, lines::Lines, names::Sources},
    programs::{self, Program},
    proofs::{
        proof::{PROOFS, Proof},
        prove::prove,
    },
    seeded,
};
use crate::run::report::Tally;

/// Builds and audits the programs of the named machines.
pub fn run(names: &[String], tally: &mut Tally) -> Result<()> {
    for isa in chosen(names)? {
        for program in programs::of(isa)? {
            audit(isa, &program, tally)?;
        }
        ax_cpu::audit(isa, &programs::on_the_living_line(isa)?, tally)?;
    }
    Ok(())
}

fn audit(isa: &'static Isa, program: &Program, tally: &mut Tally) -> Result<()> {
    let image = Image::read(&program.path, isa.architecture)?;
    let name = format!("{} {}", isa.name, program.name);
    let binary = match open(image, isa, program.is_kernel) {
        Ok(binary) => binary,
        Err(unclear) => {
            tally.check(&name, Err(unclear.to_string()));
            return Ok(());
        }
    };
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
    seeded::run::run(&name, &binary, &report, &lines, &sources, tally);
    Ok(())
}
