// SPDX-License-Identifier: MIT OR Apache-2.0
//! The run of the program in `program.S`, and what it has counted.

use core::{
    arch::asm,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use crate::{console, cpu, memory::USER, println};

/// What it touches at its end, as in `program.S`.
const HOLE: usize = USER + 0xb000;

static PASSED: AtomicUsize = AtomicUsize::new(0);
static FAILED: AtomicUsize = AtomicUsize::new(0);

/// Enters user mode where the program begins.
pub fn run() -> ! {
    // SAFETY: the program needs no registers; of the flags only the bit is set that always is.
    unsafe { asm!("sysretq", in("rcx") USER, in("r11") 2, options(noreturn)) }
}

/// What the program has counted. The next that it does is to touch a hole.
pub fn counts(passed: usize, failed: usize) {
    cpu::assert_harmless_flags();
    PASSED.store(passed, Relaxed);
    FAILED.store(failed, Relaxed);
}

/// For a fault that the program has made itself, at this address: with its last instruction it touches a hole.
pub fn end(addr: Option<usize>) -> ! {
    cpu::assert_harmless_flags();
    assert_eq!(addr, Some(HOLE), "the program has not come to its end");
    let (passed, failed) = (PASSED.load(Relaxed), FAILED.load(Relaxed));
    println!("case a_touch_of_the_hole_ends_the_program ... ok");
    println!("axptr-kernel: {} passed, {failed} failed", passed + 1);
    console::power_off()
}
