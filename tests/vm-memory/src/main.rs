// SPDX-License-Identifier: MIT OR Apache-2.0
//! vm-memory with its accesses by axptr: what it answers where a guest's file has shrunk, and how fast it is beside the
//! published one. Started by `cargo xtask clients vm-memory`.

mod guest;
mod shrunk;
mod speed;

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("shrunk") => shrunk::run(),
        Some("speed") => speed::run(),
        _ => {
            eprintln!("usage: axptr-vm-memory shrunk | speed");
            ExitCode::FAILURE
        }
    }
}
