// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask COMMAND`: the project's own commands.

mod adapters;
mod audit;
mod bench;
mod campaign;
mod clients;
mod count;
mod env;
mod examples;
mod fuzz;
mod hosted;
mod images;
mod kernel;
mod machine;
mod mutate;
mod report;
mod root;
mod run;
mod size;
mod test;

use std::process::ExitCode;

use anyhow::{Result, bail};

use self::{
    env::{setup, zig},
    run::report::Tally,
};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup            says what is missing and installs it (Debian/Ubuntu as root)
  test             everything that CI runs; installs what is missing
  hosted [ARCH..]  the tests in a Linux process: here in each build that the table must survive,
                   for other machines under qemu-user
  kernel [examples|living] [ARCH..]
                   builds and boots the test kernel in QEMU, on both lines of ArceOS crates, and the
                   kernels of examples/kernels; with the word `examples` those only, with `living`
                   the test kernel on the living line only
  count [ARCH..]   instructions, accesses and windows of each operation in the test kernel, from the
                   emulator, held against benches/counts.csv
  audit [--counts] [ARCH..]
                   proves of linked programs what tests can only try: table, mask, window; --counts executes
                   the routines' machine code at every edge, too, AXPTR_BOUNDED=all in all cases of the bound
  campaign [--seed S] [--minutes M] [ARCH..]
                   random operations of every public family against a model, in processes and kernels:
                   until 10 million faults here and 100,000 in each kernel, or for M minutes in each;
                   with 0 minutes what begins with seed S alone: a round in a process, a boot of rounds
  fuzz [--seconds N] [TARGET..]
                   the targets of tests/fuzz, each for N seconds (60), with inputs that libFuzzer chooses:
                   arrays, cursors, futex, iovec, ranges, reports, strings, structs, tables
  mutate [--seed S] [--count N] [--quick | --slow | --by JUDGE] [--go-on] [ARCH..]
                   N changes (50) of each machine's assembly and trap side, drawn by a seed: each is
                   caught by a test or by the audit, or proved to change nothing; hours, no part of
                   `test`; --go-on keeps what the committed list of an earlier run says; --quick asks
                   only who takes minutes, and leaves more that nothing has caught; --slow the others;
                   --by the one of that name in the list, as in --by 'unit tests'; a seed but 1
                   has its lists below target/mutate
  bench [--check] [--store] [--plot]
                   times everything beside what others do; --check holds it against benches/goals.csv,
                   --store keeps the run, --plot draws what is kept
  size             bytes of the library per architecture
  clients [memmap2 | wasmtime | vm-memory | starry [ARCH..]]
                   other people's programs, libraries and kernels from the registry, as published and
                   with axptr inside, side by side; without a name all of them; no part of `test`
  report [--kept | STEP..]
                   runs `test`, `audit --counts`, `campaign`, the clients and `mutate`, and draws docs/proof.md from what they
                   say; with STEPs (a client's name is one) those only, with --kept none: the others' last
                   words are kept";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(verdict) => verdict,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A command that tests ends with its sum; the sum is the exit status.
fn dispatch(args: &[String]) -> Result<ExitCode> {
    let Some((command, args)) = args.split_first() else {
        bail!("{USAGE}");
    };
    let mut tally = Tally::default();
    match command.as_str() {
        "setup" => {
            setup::run()?;
            return Ok(ExitCode::SUCCESS);
        }
        "size" => {
            size::run()?;
            return Ok(ExitCode::SUCCESS);
        }
        "bench" => bench::run(args, &mut tally)?,
        "test" => test::run(&mut tally)?,
        "hosted" => hosted::run(args, &mut tally)?,
        "kernel" => kernel::run(args, &mut tally)?,
        "count" => count::run(args, &mut tally)?,
        "audit" => audit::run(args, &mut tally)?,
        "campaign" => campaign::run(args, &mut tally)?,
        "fuzz" => fuzz::run(args, &mut tally)?,
        "mutate" => match mutate::judge(args) {
            Some(verdict) => return Ok(verdict),
            None => mutate::run(args, &mut tally)?,
        },
        "clients" => clients::run(args, &mut tally)?,
        "report" => report::run(args, &mut tally)?,
        // Not a user's: the linker's script calls it.
        zig::COMMAND => return zig::link(args),
        "help" | "-h" | "--help" => {
            println!("{USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
        other => bail!("no command {other:?}\n{USAGE}"),
    }
    Ok(tally.finish())
}
