// SPDX-License-Identifier: MIT OR Apache-2.0
//! The flag "this task is accessing user memory" of the earlier axptr, kept per CPU.
//!
//! It is for kernels whose page-fault handler reads it. Nothing in this crate reads it: the exception table decides
//! whether a fault is recoverable.
//!
//! The flag belongs to the task. A kernel may switch tasks during an access, because a pager sleeps or a task is
//! preempted. Such a kernel calls [`switch_accessing_user_memory`] in its task switch. Otherwise the flag is exact only
//! while no task switch happens during an access.

#[cfg(any(feature = "percpu", feature = "ax-percpu"))]
pub use imp::{is_accessing_user_memory, switch_accessing_user_memory};

/// Sets the flag until the guard is dropped. The guard then restores the former value, so nesting is exact.
#[inline]
pub(crate) fn enter() -> imp::Guard {
    imp::Guard::new()
}

/// Where the flag is: in the earlier line's per-CPU areas.
#[cfg(all(feature = "percpu", not(feature = "ax-percpu")))]
mod area {
    #[percpu::def_percpu]
    static ACCESSING_USER_MEM: bool = false;

    pub(super) fn get() -> bool {
        ACCESSING_USER_MEM.read_current()
    }

    /// Returns the former value.
    pub(super) fn set(value: bool) -> bool {
        let before = get();
        ACCESSING_USER_MEM.write_current(value);
        before
    }
}

/// Where the flag is: in the per-CPU areas of today's line, also with both features. A kernel has only one of them.
#[cfg(feature = "ax-percpu")]
mod area {
    use ax_percpu::CpuPin;
    use ax_sync::PreemptGuard;

    #[ax_percpu::def_percpu]
    static ACCESSING_USER_MEM: bool = false;

    pub(super) fn get() -> bool {
        on_this_cpu(|pin| ACCESSING_USER_MEM.read_current(pin))
    }

    /// Returns the former value.
    pub(super) fn set(value: bool) -> bool {
        on_this_cpu(|pin| {
            let before = ACCESSING_USER_MEM.read_current(pin);
            ACCESSING_USER_MEM.write_current(pin, value);
            before
        })
    }

    /// Calls `f` with preemption off: the address of the flag is computed first and used then. Before the CPU has an
    /// area, no handler can ask for the flag, and it stays false.
    fn on_this_cpu(f: impl for<'pin> FnOnce(&CpuPin<'pin>) -> bool) -> bool {
        let _stays_here = PreemptGuard::new();
        // SAFETY: nothing takes the task off this CPU while the guard lives.
        unsafe { ax_percpu::with_cpu_pin(f) }.unwrap_or(false)
    }
}

#[cfg(any(feature = "percpu", feature = "ax-percpu"))]
mod imp {
    use super::area;

    /// Whether this CPU is inside an access to user memory through this crate.
    ///
    /// `percpu` must be initialised on this CPU. `ax-percpu` need not be: until it is, the answer is no.
    #[must_use]
    pub fn is_accessing_user_memory() -> bool {
        area::get()
    }

    /// Switches the flag at a task switch: sets the next task's flag, and returns the flag of the task that leaves.
    ///
    /// Store the returned value with the task that leaves. Pass it here when that task comes back, on any CPU. A new
    /// task starts with `false`. Call this with preemption off, between the two tasks.
    #[must_use = "the task that leaves needs its flag when it comes back"]
    pub fn switch_accessing_user_memory(next: bool) -> bool {
        area::set(next)
    }

    // The former value lies on the task's own stack, so it moves with the task.
    #[derive(Debug)]
    pub(crate) struct Guard {
        outer: bool,
    }

    impl Guard {
        pub(super) fn new() -> Self {
            Self { outer: area::set(true) }
        }
    }

    impl Drop for Guard {
        fn drop(&mut self) {
            area::set(self.outer);
        }
    }
}

#[cfg(not(any(feature = "percpu", feature = "ax-percpu")))]
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
