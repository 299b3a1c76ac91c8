// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kernel says on its console; `cargo xtask kernel` reads these lines.

use alloc::{boxed::Box, string::String};
use core::{
    fmt::{Arguments, Write},
    panic::PanicInfo,
};

/// A claim and its proof: `Err` says why it failed.
pub type Case = (String, Box<dyn Fn() -> Result<(), String>>);

/// Leaves the case with a formatted reason unless the condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($reason:tt)+) => {
        if !$condition {
            return Err(alloc::format!($($reason)+));
        }
    };
}

/// Prints one line at once.
#[macro_export]
macro_rules! say {
    ($($arg:tt)*) => { $crate::report::line(format_args!($($arg)*)) };
}

/// Runs all cases and prints the sum.
pub fn run(cases: &[Case]) {
    let mut failed = 0;
    for (name, case) in cases {
        match case() {
            Ok(()) => say!("case {name} ... ok"),
            Err(reason) => {
                failed += 1;
                say!("case {name} ... FAILED: {reason}");
            }
        }
    }
    say!("axptr-kernel: {} passed, {failed} failed", cases.len() - failed);
}

/// Announces that the next panic is wanted, and what it will say.
pub fn expect_panic(text: &str) {
    say!("axptr-kernel: EXPECT: {text}");
}

/// Prints a panic on one line, as far as its message has none of its own.
pub fn panicked(info: &PanicInfo<'_>) {
    match info.location() {
        Some(place) => say!("axptr-kernel: PANIC: {} ({place})", info.message()),
        None => say!("axptr-kernel: PANIC: {}", info.message()),
    }
}

/// Prints one line without any lock that a panic may have left closed.
pub fn line(text: Arguments<'_>) {
    let _ = writeln!(Console, "{text}");
}

struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        axplat::console::write_bytes(text.as_bytes());
        Ok(())
    }
}
