// SPDX-License-Identifier: MIT OR Apache-2.0
//! The flag "this task is accessing user memory" of the earlier axptr, kept per CPU.
//!
//! It is for kernels whose page-fault handler reads it. Nothing in this crate reads it: the exception table decides
//! whether a fault is recoverable.
//!
//! The flag belongs to the task. A kernel may switch tasks during an access, because a pager sleeps or a task is
//! preempted. Such a kernel calls [`switch_accessing_user_memory`] in its task switch. Otherwise the flag is exact only
//! while no task switch happens during an access.

#[cfg(feature = "percpu")]
pub use imp::{is_accessing_user_memory, switch_accessing_user_memory};

/// Sets the flag until the guard is dropped. The guard then restores the former value, so nesting is exact.
#[inline]
pub(crate) fn enter() -> imp::Guard {
    imp::Guard::new()
}

#[cfg(feature = "percpu")]
mod imp {
    #[percpu::def_percpu]
    static ACCESSING_USER_MEM: bool = false;

    /// Whether this CPU is inside an access to user memory through this crate.
    ///
    /// `percpu` must be initialised on this CPU.
    #[must_use]
    pub fn is_accessing_user_memory() -> bool {
        ACCESSING_USER_MEM.read_current()
    }

    /// Switches the flag at a task switch: sets the next task's flag, and returns the flag of the task that leaves.
    ///
    /// Store the returned value with the task that leaves. Pass it here when that task comes back, on any CPU. A new
    /// task starts with `false`. Call this with preemption off, between the two tasks.
    #[must_use = "the task that leaves needs its flag when it comes back"]
    pub fn switch_accessing_user_memory(next: bool) -> bool {
        let leaving = ACCESSING_USER_MEM.read_current();
        ACCESSING_USER_MEM.write_current(next);
        leaving
    }

    // The former value lies on the task's own stack, so it moves with the task.
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
