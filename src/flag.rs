// SPDX-License-Identifier: MIT OR Apache-2.0
//! The per-CPU flag "this CPU is accessing user memory" of the earlier axptr.
//!
//! Nothing in this crate reads it: whether a fault is recoverable is decided by the table. It is kept for
//! kernels whose page-fault handler asks it first. It belongs to the CPU, so it is exact only while the
//! access cannot be preempted and moved; a kernel that pages in with sleep decides by the table.

#[cfg(feature = "percpu")]
pub use imp::is_accessing_user_memory;

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
