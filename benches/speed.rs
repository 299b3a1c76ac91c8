// SPDX-License-Identifier: MIT OR Apache-2.0
//! Times what the crate does beside what others do: `cargo xtask bench` runs it and judges.
//!
//! Prints `scenario,size,candidate,nanoseconds` behind lines that say on what machine. All candidates of a line's
//! scenario run in turn in the same rounds, so their ratios hold where a machine's speed drifts; single times do not.
//! `--only WORDS` leaves out the scenarios whose names do not contain them.

use std::process::ExitCode;

#[cfg(target_arch = "x86_64")]
#[path = "speed/mod.rs"]
mod speed;

fn main() -> ExitCode {
    #[cfg(target_arch = "x86_64")]
    {
        let args: Vec<String> = std::env::args().collect();
        let only = args.iter().skip_while(|arg| *arg != "--only").nth(1).cloned().unwrap_or_default();
        speed::run(args.iter().any(|arg| arg == "--quick"), only.leak());
        ExitCode::SUCCESS
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        eprintln!("only x86_64 is timed: its string instructions are what the others are compared with");
        ExitCode::FAILURE
    }
}
