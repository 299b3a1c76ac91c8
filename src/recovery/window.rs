// SPDX-License-Identifier: MIT OR Apache-2.0
//! Closes the window to user memory at a task switch, and opens it for accesses of the kernel's own.
//!
//! For kernels only (`target_os = "none"`, or `--cfg axptr_kernel`): a process has no window.
//!
//! The window is a state of the CPU: whether kernel code may access user memory (x86_64 `RFLAGS.AC`, riscv64
//! `sstatus.SUM`, aarch64 `PSTATE.PAN`). It belongs to the task that opened it, but few kernels save it with the task.
//! If an interrupt stops a copy and the scheduler switches to another task, that task runs with the window open.
//!
//! | machine | what closes the window before an interrupt handler runs |
//! |---|---|
//! | x86_64 | `vector::install`, or a `clac` at the start of each trap entry of the kernel |
//! | riscv64 | a trap entry of the kernel that saves `sstatus` and clears `SUM`; the CPU does not do it |
//! | aarch64 | the CPU, with `SCTLR_EL1.SPAN` = 0; otherwise a trap entry that sets `PAN`. Only atomics open the window |
//! | loongarch64 | nothing: there is no window |
//!
//! If an interrupt handler of the kernel may find the window open, the kernel calls [`suspend`] in its task switch:
//!
//! ```text
//! let window = axptr::window::suspend();
//! leaving.switch_to(coming);      // returns when this task runs again, on any CPU
//! window.resume();
//! ```

use core::marker::PhantomData;

use crate::arch::{inline, window};

/// Opens the window, until the value is dropped, for instructions of the kernel's own that access user memory and have
/// entries in the table ([`ex_entry!`](crate::ex_entry)). All accesses of this crate open it themselves.
///
/// If it is open already, or the machine has none, nothing happens, also at the drop. So guards may be nested.
///
/// Hold it for these instructions only, with no call in between that may sleep: a task switch leaves it open for the next
/// task, unless the switch calls [`suspend`]. [`recover`](crate::trap::recover) closes it while the pager runs.
///
/// ```no_run
/// # #[cfg(target_os = "none")]
/// fn load_or(addr: usize, default: u64) -> u64 {
///     let _window = axptr::window::open();
///     // asm!("2: mov {value}, qword ptr [{addr}]", "3:", axptr::ex_entry!("2b", "3b", read), ..)
///     # let _ = addr;
///     default
/// }
/// ```
#[inline]
pub fn open() -> Opened {
    Opened { window: inline::open_window(), of_one_task: PhantomData }
}

/// The window, open: see [`open`].
#[derive(Debug)]
#[must_use = "the window closes when this is dropped"]
pub struct Opened {
    window: inline::Window,
    /// This makes the type neither `Send` nor `Sync`.
    of_one_task: PhantomData<*const ()>,
}

impl Drop for Opened {
    #[inline]
    fn drop(&mut self) {
        inline::close_window(self.window);
    }
}

/// Closes the window for the task that leaves, and returns its state.
///
/// The returned value stays on the stack of that task until the task comes back. So every task starts with the window
/// closed, also a new one. In a kernel that keeps the window open all the time, a new task must open it.
///
/// Call it with preemption off.
pub fn suspend() -> Suspended {
    Suspended { was_open: window::close(), of_one_task: PhantomData }
}

/// The state of a task's window, to be restored when the task goes on.
///
/// It must stay with its task. If another task resumed it, user memory would stay open there.
#[derive(Debug)]
#[must_use = "the task has to get its window back"]
pub struct Suspended {
    was_open: bool,
    /// This makes the type neither `Send` nor `Sync`.
    of_one_task: PhantomData<*const ()>,
}

impl Suspended {
    /// Opens the window again if it was open before [`suspend`].
    pub fn resume(self) {
        if self.was_open {
            window::reopen();
        }
    }
}
