// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where CPUs wait for each other inside a job.

use alloc::string::String;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::{FAILED, count, shootdown};

/// A place that none passes before all have come.
#[derive(Debug, Default)]
pub struct Barrier {
    come: AtomicUsize,
}

impl Barrier {
    /// A place where nobody has come yet.
    pub const fn new() -> Self {
        Self { come: AtomicUsize::new(0) }
    }

    /// Waits until all CPUs have come as often as this one; fails if one of them never will.
    pub fn wait(&self) -> Result<(), String> {
        let before = self.come.fetch_add(1, Ordering::AcqRel);
        let all = (before / count() + 1) * count();
        while self.come.load(Ordering::Acquire) < all {
            if FAILED.load(Ordering::Relaxed) {
                return Err("another CPU has failed".into());
            }
            shootdown::poll();
            core::hint::spin_loop();
        }
        Ok(())
    }
}
