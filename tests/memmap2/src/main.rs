// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files that are mapped by memmap2 and cut off, before and while axptr reads and writes the mapping. Started by
//! `cargo xtask clients memmap2`.

mod cut;
mod mapped;
mod racing;

use std::process::ExitCode;

fn main() -> ExitCode {
    // SAFETY: (1) no Rust object is in the mapped files.
    unsafe { axptr::hosted::install() }.expect("the kernel lets us handle SIGSEGV and SIGBUS");
    match std::env::args().nth(1).as_deref() {
        Some("cut") => cut::run(),
        Some("racing") => racing::run(),
        _ => {
            eprintln!("usage: axptr-memmap2 cut | racing");
            ExitCode::FAILURE
        }
    }
}
