// SPDX-License-Identifier: MIT OR Apache-2.0
//! Putting the handler in front of the one that is there, once.

use core::{
    fmt,
    sync::atomic::{AtomicU8, Ordering},
};

use libc::c_int;

use super::{
    action::{Action, Errno, in_front_of, set_action},
    chain, handler,
};
use crate::recovery::limit::{DEFAULT_USER_LIMIT, set_user_limit, user_limit};

/// The kernel refused to change a signal's disposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstallError {
    /// The `errno` of `sigaction`.
    pub errno: i32,
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot install the fault handler: errno {}", self.errno)
    }
}

impl core::error::Error for InstallError {}

impl From<Errno> for InstallError {
    fn from(Errno(errno): Errno) -> Self {
        Self { errno }
    }
}

static STATE: AtomicU8 = AtomicU8::new(ABSENT);
const ABSENT: u8 = 0;
const INSTALLING: u8 = 1;
const INSTALLED: u8 = 2;

/// Makes faults of this crate's instructions recoverable in this process, and opens the user half.
///
/// Installs a handler for SIGSEGV and SIGBUS. What is not a fault of ours goes to the handlers that were there:
/// their mask, flags (`SA_ONSTACK`, `SA_NODEFER`, `SA_RESTART`, `SA_RESETHAND`) and one- or three-argument form hold
/// as before; the default action ends the process by the same signal; std's report of a stack overflow still
/// appears. Signals sent by processes are never taken for faults.
///
/// A thread that has these signals blocked cannot recover: the kernel ends the process at its first fault. The old
/// handler is such a place, unless it was installed with `SA_NODEFER`.
///
/// May be called any number of times, from any thread: the first call does it, the others wait for it. If no
/// user limit was set before, it becomes [`DEFAULT_USER_LIMIT`](crate::DEFAULT_USER_LIMIT). A handler that the
/// program installs later must pass on what it does not know.
///
/// # Errors
///
/// The kernel refused (which it does not for these signals, outside of a sandbox). Nothing is changed then, and a
/// later call tries again.
///
/// # Safety
///
/// In a process the user half is all of its memory. From this call on, safe code may
/// read, and write, what it passes to this crate as a user address:
///
/// 1. The process passes only addresses of memory that no Rust reference or allocation owns while it is
///    written, nor, unless it is only read, while it is read: shared mappings, guest memory, foreign pointers.
pub unsafe fn install() -> Result<(), InstallError> {
    loop {
        match STATE.compare_exchange(ABSENT, INSTALLING, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => break,
            Err(INSTALLED) => return Ok(()),
            // SAFETY: yields the processor, nothing else.
            Err(_) => _ = unsafe { libc::sched_yield() },
        }
    }
    let outcome = install_both();
    let state = if outcome.is_ok() { INSTALLED } else { ABSENT };
    if outcome.is_ok() && user_limit() == 0 {
        // SAFETY: (1) our caller answers for every address below it.
        unsafe { set_user_limit(DEFAULT_USER_LIMIT) };
    }
    STATE.store(state, Ordering::Release);
    outcome
}

fn install_both() -> Result<(), InstallError> {
    put_in_front(libc::SIGSEGV)?;
    put_in_front(libc::SIGBUS).inspect_err(|_| {
        // Half an installation would be worse than none.
        let old = chain::former(libc::SIGSEGV);
        let _ = set_action(libc::SIGSEGV, Some(&old.to_sigaction()));
    })
}

/// Installs the handler for one signal. What it replaces is known before the first signal can arrive.
fn put_in_front(signal: c_int) -> Result<(), InstallError> {
    let ours = handler::address();
    let former = set_action(signal, None)?;
    chain::remember(signal, &former, ours);
    let replaced = set_action(signal, Some(&in_front_of(Action::of(&former), ours)))?;
    // Another thread may have changed it between the two lines.
    chain::remember(signal, &replaced, ours);
    Ok(())
}
