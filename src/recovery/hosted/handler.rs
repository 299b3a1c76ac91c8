// SPDX-License-Identifier: MIT OR Apache-2.0
//! The signal handler. It is async-signal-safe: it reads constant memory and writes only its own frame.

use core::ffi::c_void;

use libc::{c_int, sighandler_t, siginfo_t};

use super::{chain, delivery::Delivery};
use crate::recovery::trap::{self, Recovery, Report};

/// The handler as `sigaction` stores it.
pub(super) fn address() -> sighandler_t {
    let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = handle;
    handler as sighandler_t
}

/// The function that the kernel calls.
extern "C" fn handle(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let delivery = Delivery { signal, info, context };
    if delivery.is_synchronous() && land(&delivery) {
        return;
    }
    chain::pass_on(delivery, address());
}

/// Makes the interrupted frame resume at its landing, if its instruction has one.
fn land(delivery: &Delivery) -> bool {
    // SAFETY: the kernel passes a SA_SIGINFO handler a valid siginfo.
    let info = unsafe { &*delivery.info };
    let mut frame = delivery.frame();
    let report = Report { addr_lsb: delivery.addr_lsb(), ..frame.report(delivery.signal, info) };
    // There is no pager: the kernel pages in what it can before it raises the signal.
    matches!(trap::recover(&mut frame, report, |_, _| false), Recovery::Landed)
}
