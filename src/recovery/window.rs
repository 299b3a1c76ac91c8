// SPDX-License-Identifier: MIT OR Apache-2.0
//! The window to user memory, where tasks are switched.
//!
//! Whether kernel code may touch user memory (x86_64 `RFLAGS.AC`, riscv64 `sstatus.SUM`, aarch64 `PSTATE.PAN`)
//! is a state of the CPU. It belongs to the task that has opened it, and few kernels save it with a task: if an
//! interrupt stops a copy and the scheduler goes on with another task, that one runs with the window open.
//!
//! | machine | what closes it in front of an interrupt's handler |
//! |---|---|
//! | x86_64 | `vector::install`, or a `clac` that begins each trap entry of the kernel's own |
//! | riscv64 | nothing in the machine; a trap entry of the kernel's own that saves `sstatus` and clears `SUM` |
//! | aarch64 | the CPU, with `SCTLR_EL1.SPAN` = 0; else a trap entry that sets `PAN`. Only atomics open it |
//! | loongarch64 | nothing has to: there is no window |
//!
//! A kernel in which an interrupt's handler may find the window open calls [`suspend`] in its task switch:
//!
//! ```ignore
//! let window = axptr::window::suspend();
//! leaving.switch_to(coming);      // comes back when this task is switched to again, on whichever CPU
//! window.resume();
//! ```

use core::marker::PhantomData;

use crate::arch::window;

/// Closes the window of the task that leaves.
///
/// What it returns stays on that task's stack until it comes back. So every task that is switched to finds the
/// window closed, a new one as well. In a kernel that keeps the window open all the time, a new task has to open it.
///
/// Call it with preemption off.
pub fn suspend() -> Suspended {
    Suspended { was_open: window::close(), of_one_task: PhantomData }
}

/// A window that is to be as it was when its task goes on.
///
/// It stays with that task: resumed by another one, it would leave user memory open there.
#[derive(Debug)]
#[must_use = "the task has to get its window back"]
pub struct Suspended {
    was_open: bool,
    /// Neither `Send` nor `Sync`.
    of_one_task: PhantomData<*const ()>,
}

impl Suspended {
    /// Opens the window again if it was open.
    pub fn resume(self) {
        if self.was_open {
            window::reopen();
        }
    }
}
