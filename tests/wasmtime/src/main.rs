// SPDX-License-Identifier: MIT OR Apache-2.0
//! Wasmtime's traps and axptr's faults, from several threads at once and from inside each other. Started by
//! `cargo xtask clients wasmtime`.

mod faults;
mod guest;

use std::{env, process::ExitCode, sync::atomic::Ordering, thread};

use wasmtime::Engine;

use guest::Guest;

/// Of each thread.
const ROUNDS: usize = 400_000;

/// How many threads trap, and how many fault.
const THREADS: usize = 2;

fn main() -> ExitCode {
    let engine = match env::args().nth(1).as_deref() {
        // Ours is behind the engine's, which passes on what is not its own.
        Some("before") => {
            install();
            engine()
        }
        // Ours is in front.
        Some("behind") => {
            let engine = engine();
            install();
            engine
        }
        _ => {
            eprintln!("usage: axptr-wasmtime before | behind");
            return ExitCode::FAILURE;
        }
    };
    thread::scope(|scope| {
        for seed in 0..THREADS as u64 {
            scope.spawn(move || faults::run(seed, ROUNDS));
            let engine = &engine;
            scope.spawn(move || Guest::new(engine).run(seed, ROUNDS));
        }
    });
    let [traps, faults, inside] =
        [&guest::TRAPS, &faults::FAULTS, &guest::FAULTS_INSIDE].map(|count| count.load(Ordering::Relaxed));
    println!("{traps} traps, {faults} faults beside them, {inside} inside of a guest's call, 0 wrong");
    // Where few trap or fault, nothing was tried.
    let most = THREADS * ROUNDS;
    if traps > most / 2 && faults > most / 2 && inside > most / 10 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// An engine that has met a trap: its handlers are there.
fn engine() -> Engine {
    let engine = Engine::default();
    Guest::new(&engine).stop();
    engine
}

fn install() {
    // SAFETY: (1) no Rust object is in the memory that is copied from and to.
    unsafe { axptr::hosted::install() }.expect("the kernel lets us handle SIGSEGV and SIGBUS");
}
