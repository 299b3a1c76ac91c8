// SPDX-License-Identifier: MIT OR Apache-2.0
//! The signal handler. It is async-signal-safe: it reads constant memory and writes only its own frame.

use core::ffi::c_void;

use libc::{c_int, sighandler_t, siginfo_t};

use super::{
    chain::{self, LINKS},
    delivery::Delivery,
    frame::entry,
    tables,
};
use crate::recovery::trap::{self, Recovery, Report};

type Handler = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);

/// The handlers of all links. They differ by their addresses: see `chain`.
const HANDLERS: [Handler; LINKS] =
    [enter::<0>, enter::<1>, enter::<2>, enter::<3>, enter::<4>, enter::<5>, enter::<6>, enter::<7>];

/// The handler of a link as `sigaction` stores it.
pub(super) fn address(link: usize) -> sighandler_t {
    HANDLERS[link] as sighandler_t
}

/// The link whose handler this is.
pub(super) fn link_of(handler: sighandler_t) -> Option<usize> {
    (0..LINKS).find(|&link| address(link) == handler)
}

/// The function that the kernel calls. It hands [`handle`] what Rust cannot see: the stack pointer.
#[unsafe(naked)]
extern "C" fn enter<const LINK: usize>(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    core::arch::naked_asm!(entry!(), link = const LINK, handle = sym handle)
}

extern "C" fn handle(signal: c_int, info: *mut siginfo_t, context: *mut c_void, stack: usize, link: usize) {
    let delivery = Delivery { signal, info, context, stack };
    if !land(&delivery) {
        chain::pass_on(delivery, link, address(link));
    }
}

/// Recovers from a fault of this crate's accesses, in a signal handler of the program's own. Returns whether it was one.
///
/// If so, the handler returns at once, and the access that faulted returns its error. If not, the signal belongs to
/// somebody else, and nothing was changed. A handler that is installed for SIGSEGV or SIGBUS after
/// [`install`](crate::hosted::install) and passes nothing on calls it first; a program with such a handler only needs no
/// `install`, but a user limit ([`set_user_limit`](crate::set_user_limit)).
///
/// It is async-signal-safe, and makes no system call. The handler blocks all signals (`sa_mask`), or those at least
/// whose handlers access user memory: the kernel ends the process at a fault whose signal is blocked.
///
/// # Examples
///
/// ```
/// use std::{ffi::c_void, mem, process, ptr};
///
/// use axptr::{FaultKind, UserConstPtr, hosted};
/// use libc::{c_int, siginfo_t};
///
/// /// Reports a crash. It passes nothing on.
/// extern "C" fn crash(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
///     // SAFETY: (1) these are the handler's arguments.
///     if !unsafe { hosted::try_recover(signal, info, context) } {
///         process::abort();
///     }
/// }
///
/// // SAFETY: (1) this process only reads memory through axptr, and nothing writes that memory meanwhile.
/// unsafe { hosted::install() }?;
/// // Some library comes in front.
/// let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = crash;
/// // SAFETY: all zeroes is an action.
/// let mut action = unsafe { mem::zeroed::<libc::sigaction>() };
/// action.sa_sigaction = handler as libc::sighandler_t;
/// action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
/// // SAFETY: the action's own set.
/// assert_eq!(unsafe { libc::sigfillset(&mut action.sa_mask) }, 0);
/// // SAFETY: the handler is async-signal-safe.
/// assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, &action, ptr::null_mut()) }, 0);
/// assert!(!hosted::is_in_front());
///
/// // Nothing is mapped in the first page of a process.
/// let fault = UserConstPtr::<u32>::from(8).read().unwrap_err();
/// assert_eq!(fault.kind, FaultKind::NotPresent);
/// # Ok::<(), hosted::InstallError>(())
/// ```
///
/// # Safety
///
/// 1. The arguments are those that the kernel has passed to a handler with `SA_SIGINFO`, which has not returned. The
///    context is the kernel's own, no copy: what changes in it has to reach the interrupted code.
pub unsafe fn try_recover(signal: c_int, info: *mut siginfo_t, context: *mut c_void) -> bool {
    matches!(signal, libc::SIGSEGV | libc::SIGBUS) && land(&Delivery { signal, info, context, stack: 0 })
}

/// Makes the interrupted frame resume at its landing, if its instruction has raised the signal and has one.
fn land(delivery: &Delivery) -> bool {
    if !delivery.is_synchronous() {
        return false;
    }
    // SAFETY: the kernel passes a SA_SIGINFO handler a valid siginfo.
    let info = unsafe { &*delivery.info };
    let mut frame = delivery.frame();
    let report = Report { addr_lsb: delivery.addr_lsb(), ..frame.report(delivery.signal, info) };
    // There is no pager: the kernel pages in what it can before it raises the signal.
    let lands = |recovery| matches!(recovery, Recovery::Landed);
    lands(trap::recover(&mut frame, report, |_, _| false))
        || tables::of_other_images()
            .any(|table| lands(trap::recover_in(table, &mut frame, report, |_, _| false)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_link_has_a_handler_of_its_own() {
        for link in 0..LINKS {
            assert_eq!(link_of(address(link)), Some(link));
        }
    }
}
