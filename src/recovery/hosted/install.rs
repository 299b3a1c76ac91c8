// SPDX-License-Identifier: MIT OR Apache-2.0
//! Puts the handler in front of the former ones, once.

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

/// The kernel refused to change the action of a signal.
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

/// Makes faults of this crate's accesses recoverable in this process, and sets the user limit.
///
/// It installs a handler for SIGSEGV and SIGBUS. All other faults go to the former handlers, with the same effect as
/// before. Their mask, their flags (`SA_ONSTACK`, `SA_NODEFER`, `SA_RESTART`, `SA_RESETHAND`) and their form (one
/// argument or three) still hold. The default action still ends the process with the same signal. std still reports a
/// stack overflow. A signal that a process sends is never taken for a fault.
///
/// A thread that blocks these signals cannot recover: the kernel ends the process at the thread's first fault. This
/// includes a former handler while it runs, unless it was installed with `SA_NODEFER`.
///
/// Any thread may call it, any number of times. The first call installs the handler; the others wait for it. If no user
/// limit was set before, the limit becomes [`DEFAULT_USER_LIMIT`](crate::DEFAULT_USER_LIMIT). If the program installs
/// another handler later, that handler must pass on the signals that it does not know.
///
/// See the [module](crate::hosted) for an example.
///
/// # Errors
///
/// The kernel refused. It does so for these signals only in a sandbox. Then nothing is changed, and a later call tries
/// again.
///
/// # Safety
///
/// In a process, all its memory is in the user half. From this call on, safe code can pass any address to this crate,
/// which then reads or writes that memory. So:
///
/// 1. The process passes only addresses of suitable memory: shared mappings, guest memory, foreign pointers. No Rust
///    reference or allocation owns the memory while this crate writes it. The same holds while this crate reads it,
///    unless nothing writes it meanwhile.
pub unsafe fn install() -> Result<(), InstallError> {
    loop {
        match STATE.compare_exchange(ABSENT, INSTALLING, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => break,
            Err(INSTALLED) => return Ok(()),
            // SAFETY: yields the processor, and does nothing else.
            Err(_) => _ = unsafe { libc::sched_yield() },
        }
    }
    let outcome = install_both();
    let state = if outcome.is_ok() { INSTALLED } else { ABSENT };
    if outcome.is_ok() && user_limit() == 0 {
        // SAFETY: (1) our caller answers for every address below the limit.
        unsafe { set_user_limit(DEFAULT_USER_LIMIT) };
    }
    STATE.store(state, Ordering::Release);
    outcome
}

fn install_both() -> Result<(), InstallError> {
    put_in_front(libc::SIGSEGV)?;
    put_in_front(libc::SIGBUS).inspect_err(|_| {
        // A half installation would be worse than none.
        let old = chain::former(libc::SIGSEGV);
        let _ = set_action(libc::SIGSEGV, Some(&old.to_sigaction()));
    })
}

/// Whether [`install`] has succeeded.
pub(crate) fn is_installed() -> bool {
    STATE.load(Ordering::Acquire) == INSTALLED
}

/// Installs the handler for one signal. It stores the former action before the first signal can arrive.
fn put_in_front(signal: c_int) -> Result<(), InstallError> {
    let ours = handler::address();
    let former = set_action(signal, None)?;
    chain::remember(signal, &former, ours);
    let replaced = set_action(signal, Some(&in_front_of(Action::of(&former), ours)))?;
    // Another thread may have changed the action between the two calls.
    chain::remember(signal, &replaced, ours);
    Ok(())
}
