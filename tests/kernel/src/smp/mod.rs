// SPDX-License-Identifier: MIT OR Apache-2.0
//! The other CPUs: started at boot, idle until a case calls them with [`on_all`].
//!
//! A CPU has a rank: 0 is the one that has booted, the others follow in the order in which they were started.

mod barrier;
mod boot;
pub mod rng;
pub mod shootdown;
pub mod timer;

use alloc::string::String;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use kspin::SpinNoIrq;

pub use barrier::Barrier;
pub use boot::{count, rank, start};

use crate::arch::window;

/// As many as `image/build.rs` has per-CPU areas for.
pub const MOST: usize = 4;

/// What all CPUs do at once; each is told its rank.
type Job<'a> = &'a (dyn Fn(usize) -> Result<(), String> + Sync);

/// The job, as the address of a [`Job`] that lives until all have done it.
static JOB: AtomicPtr<Job<'static>> = AtomicPtr::new(core::ptr::null_mut());
/// How many jobs there were.
static JOBS: AtomicUsize = AtomicUsize::new(0);
/// How many CPUs have not done the job yet.
static AT_WORK: AtomicUsize = AtomicUsize::new(0);
/// A CPU has failed: nobody waits for it.
static FAILED: AtomicBool = AtomicBool::new(false);
static REASON: SpinNoIrq<Option<String>> = SpinNoIrq::new(None);
/// Whether the other CPUs must keep kernel code away from user memory, as this one does.
static ENFORCED: AtomicBool = AtomicBool::new(false);

/// Whether several CPUs work on a job.
pub fn at_work() -> bool {
    AT_WORK.load(Ordering::Relaxed) != 0
}

/// Lets all CPUs do `job` at once, this one included, and returns when all have done it.
pub fn on_all(job: impl Fn(usize) -> Result<(), String> + Sync) -> Result<(), String> {
    assert!(rank() == 0 && !at_work(), "one job at a time, given by the first CPU");
    let job: Job<'_> = &job;
    FAILED.store(false, Ordering::Relaxed);
    ENFORCED.store(window::is_enforced(), Ordering::Relaxed);
    AT_WORK.store(count(), Ordering::Relaxed);
    JOB.store((&raw const job).cast_mut().cast(), Ordering::Relaxed);
    JOBS.fetch_add(1, Ordering::Release);
    work(0, job);
    while at_work() {
        shootdown::poll();
        core::hint::spin_loop();
    }
    // What they have written is to be seen.
    core::sync::atomic::fence(Ordering::Acquire);
    match REASON.lock().take() {
        Some(reason) => Err(reason),
        None => Ok(()),
    }
}

/// Does a job, and counts this CPU out.
fn work(rank: usize, job: Job<'_>) {
    shootdown::join();
    if let Err(reason) = job(rank) {
        FAILED.store(true, Ordering::Relaxed);
        REASON.lock().get_or_insert(alloc::format!("CPU of rank {rank}: {reason}"));
    }
    shootdown::leave();
    AT_WORK.fetch_sub(1, Ordering::Release);
}

/// What the other CPUs do all the time.
fn wait_for_jobs(rank: usize) -> ! {
    let mut done = JOBS.load(Ordering::Acquire);
    loop {
        while JOBS.load(Ordering::Acquire) == done {
            // The next tick of the timer's is never far.
            crate::line::asm::wait_for_irqs();
        }
        done += 1;
        if ENFORCED.load(Ordering::Relaxed) && !window::is_enforced() {
            // SAFETY: the first CPU does, and all are alike.
            unsafe { window::enforce() };
        }
        // SAFETY: stored before the count, and alive until `AT_WORK` is 0.
        let job = unsafe { *JOB.load(Ordering::Relaxed) };
        work(rank, job);
    }
}
