// SPDX-License-Identifier: MIT OR Apache-2.0
//! One thread at a time, also in a process that was forked while another thread had its turn.

use core::{
    ffi::c_long,
    sync::atomic::{AtomicI32, Ordering},
};

use libc::pid_t;

/// The thread whose turn it is, or 0.
static OWNER: AtomicI32 = AtomicI32::new(0);

/// A thread's turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn(());

impl Turn {
    /// Waits for the others.
    ///
    /// A child of `fork` has one thread, and perhaps the mark of another that had its turn in the parent. That one will
    /// never end it. So a mark counts only as long as this process has such a thread. What its thread has left half done,
    /// the next does again from the start.
    pub(super) fn take() -> Self {
        // SAFETY: asks only.
        let own = unsafe { libc::gettid() };
        let mut owner = 0;
        loop {
            match OWNER.compare_exchange(owner, own, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Self(()),
                Err(0) => owner = 0,
                Err(other) if other == own || is_gone(other) => owner = other,
                Err(_) => {
                    owner = 0;
                    // SAFETY: yields the processor, and does nothing else.
                    _ = unsafe { libc::sched_yield() };
                }
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        OWNER.store(0, Ordering::Release);
    }
}

/// Whether this process has no such thread.
fn is_gone(thread: pid_t) -> bool {
    // SAFETY: asks only.
    let process = unsafe { libc::getpid() };
    // SAFETY: the signal 0 is none: the call only looks for the thread.
    let status: c_long = unsafe { libc::syscall(libc::SYS_tgkill, process, thread, 0) };
    // SAFETY: no conditions.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the location is this thread's own.
    status != 0 && unsafe { errno.read() } == libc::ESRCH
}

#[cfg(test)]
mod tests {
    use core::{mem, sync::atomic::AtomicUsize};
    use std::thread;

    use super::*;

    #[test]
    fn one_thread_has_its_turn_and_a_mark_that_it_left_is_its_own() {
        static INSIDE: AtomicUsize = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let _turn = Turn::take();
                        assert_eq!(INSIDE.fetch_add(1, Ordering::Relaxed), 0, "two at once");
                        thread::yield_now();
                        INSIDE.fetch_sub(1, Ordering::Relaxed);
                    }
                });
            }
        });
        // As behind a fork: the child's thread has the number of the one that had its turn.
        mem::forget(Turn::take());
        drop(Turn::take());
    }
}
