// SPDX-License-Identifier: MIT OR Apache-2.0
//! The flag "this task is accessing user memory" of the earlier axptr, mirrored per CPU.
//!
//! Nothing in this crate reads it: whether a fault is recoverable is decided by the table. It is kept for
//! kernels whose page-fault handler asks it first.
//!
//! It is a property of the task. A kernel whose tasks may be switched during an access (a pager that sleeps,
//! preemption) calls [`switch_accessing_user_memory`] in its task switch; without that, the flag is exact only while
//! no task is switched during an access.

#[cfg(feature = "percpu")]
pub use imp::{is_accessing_user_memory, switch_accessing_user_memory};

/// Sets the flag until the guard is dropped, then restores what was there: nesting is exact.
#[inline]
pub(crate) fn enter() -> imp::Guard {
    imp::Guard::new()
}

#[cfg(feature = "percpu")]
mod imp {
    #[percpu::def_percpu]
    static ACCESSING_USER_MEM: bool = false;

    /// Whether this CPU is inside an access to user memory made through this crate.
    ///
    /// Needs `percpu` to be initialised on this CPU.
    #[must_use]
    pub fn is_accessing_user_memory() -> bool {
        ACCESSING_USER_MEM.read_current()
    }

    /// The hook for the kernel's task switch: gives this CPU the next task's flag and returns the one of the task
    /// that leaves, to be kept with it and passed here when it comes back, on whichever CPU.
    ///
    /// A new task starts with `false`. Call it with preemption off, between the two tasks.
    #[must_use = "the task that leaves needs its flag when it comes back"]
    pub fn switch_accessing_user_memory(next: bool) -> bool {
        let leaving = ACCESSING_USER_MEM.read_current();
        ACCESSING_USER_MEM.write_current(next);
        leaving
    }

    // What was there before lies on the task's own stack, so it moves with the task.
    #[derive(Debug)]
    pub(crate) struct Guard {
        outer: bool,
    }

    impl Guard {
        pub(super) fn new() -> Self {
            let outer = ACCESSING_USER_MEM.read_current();
            ACCESSING_USER_MEM.write_current(true);
            Self { outer }
        }
    }

    impl Drop for Guard {
        fn drop(&mut self) {
            ACCESSING_USER_MEM.write_current(self.outer);
        }
    }
}

#[cfg(not(feature = "percpu"))]
mod imp {
    #[derive(Debug)]
    pub(crate) struct Guard;

    impl Guard {
        #[inline(always)]
        pub(super) const fn new() -> Self {
            Self
        }
    }
}
