// SPDX-License-Identifier: MIT OR Apache-2.0
//! What happens at the same time: atomics lose nothing, aligned values are never torn, and memory that goes away in
//! the middle of a call, and comes back, ends in an exact fault or in success.
//!
//! Pages go away in two ways. By another thread, at any time: all machines, all operations, all lengths, but what
//! is hit is luck (`any_time.rs`). And at a chosen instruction, for each one: x86_64 is stepped by the trap flag
//! (`each_step.rs`); elsewhere the accesses are done by hand, up to the one that is refused (`each_access.rs`).
//!
//! `AXPTR_RACES=long` does all of it: minutes, in release. The default is a selection.

#![cfg(target_os = "linux")]

mod memory;
mod model;
mod operations;

mod any_time;
#[cfg(not(target_arch = "x86_64"))]
mod each_access;
#[cfg(target_arch = "x86_64")]
mod each_step;
mod values;

use std::sync::{Mutex, MutexGuard, Once, PoisonError};

/// Whether all of it is asked for.
fn is_long() -> bool {
    match std::env::var("AXPTR_RACES").as_deref() {
        Ok("long") => true,
        Ok("short") | Err(_) => false,
        Ok(other) => panic!("AXPTR_RACES={other}: want long or short"),
    }
}

/// The paths of the CPU, which are the process's, for one test at a time.
fn one_test() -> MutexGuard<'static, ()> {
    static ONE_TEST: Mutex<()> = Mutex::new(());
    // A test that failed leaves nothing behind that matters to the next.
    let guard = ONE_TEST.lock().unwrap_or_else(PoisonError::into_inner);
    install();
    guard
}

/// Installs axptr's handler, once: a second time would put it in front of a test's own.
fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: (1) the tests pass addresses of their own mappings only, in which no Rust object is.
        unsafe { axptr::hosted::install() }.expect("the kernel lets us handle SIGSEGV and SIGBUS");
    });
}

/// Numbers that look random, the same ones in each run.
#[derive(Debug)]
struct Numbers(u64);

impl Numbers {
    const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// One below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }
}
