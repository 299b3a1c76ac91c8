// SPDX-License-Identifier: MIT OR Apache-2.0
//! The signal handler: async-signal-safe, because it reads constant memory and writes its own frame only.

use core::ffi::c_void;

use libc::{c_int, siginfo_t, ucontext_t};

use super::chain;
use crate::{
    arch::linux::Frame,
    trap::{self, Recovery},
};

/// A signal's delivery, as the kernel hands it over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    pub(super) signal: c_int,
    pub(super) info: *mut siginfo_t,
    pub(super) context: *mut c_void,
}

impl Delivery {
    /// Whether the instruction that the frame points to has raised it, so that it would again.
    ///
    /// Signals that processes send (`si_code <= 0`), and the note that memory is going bad somewhere
    /// (`BUS_MCEERR_AO`), interrupt any instruction, one of ours included: they say nothing about it.
    pub(super) fn is_synchronous(&self) -> bool {
        // SAFETY: the kernel hands a SA_SIGINFO handler a valid siginfo.
        let code = unsafe { (*self.info).si_code };
        code > 0 && !(self.signal == libc::SIGBUS && code == libc::BUS_MCEERR_AO)
    }
}

/// What `install` gives to the kernel.
pub(super) extern "C" fn handle(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let delivery = Delivery { signal, info, context };
    if delivery.is_synchronous() && land(&delivery) {
        return;
    }
    chain::pass_on(delivery);
}

/// Sends the interrupted frame to its landing, if its instruction has one.
fn land(delivery: &Delivery) -> bool {
    let context = delivery.context.cast::<ucontext_t>();
    // SAFETY: the kernel hands a SA_SIGINFO handler a valid context, and writes it back on return; nobody else
    // has a reference to it meanwhile.
    let context = unsafe { &mut *context };
    // SAFETY: as above.
    let info = unsafe { &*delivery.info };
    let mut frame = Frame::new(context);
    let report = frame.report(delivery.signal, info);
    // There is no pager: the kernel has paged in what it could before it raised the signal.
    matches!(trap::recover(&mut frame, report, |_, _| false), Recovery::Landed)
}
