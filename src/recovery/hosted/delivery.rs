// SPDX-License-Identifier: MIT OR Apache-2.0
//! A signal as the kernel delivers it, and what it tells about the interrupted instruction.

use core::ffi::{c_short, c_void};

use libc::{c_int, siginfo_t, ucontext_t};

use super::frame::{CONTEXT_ABOVE_STACK, Frame};

// From <asm-generic/siginfo.h>, because the libc crate has neither: a code, and the place of an address's granularity.
// Both are the same on all 64-bit machines.
const SEGV_MTEAERR: c_int = 8;
const SI_ADDR_LSB: usize = 24;

/// The arguments that the kernel passes to a signal handler.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    pub(super) signal: c_int,
    pub(super) info: *mut siginfo_t,
    pub(super) context: *mut c_void,
    /// The stack pointer with which our handler was entered.
    pub(super) stack: usize,
}

impl Delivery {
    /// Whether the interrupted instruction raised the signal, so that it would raise it again.
    ///
    /// Other signals interrupt any instruction, also one of this crate, and tell nothing about it. They are the signals
    /// that were sent, and those that the kernel forces on a thread whose stack has no room for another signal frame.
    pub(super) fn is_synchronous(&self) -> bool {
        self.is_forced() && (self.code() != libc::SI_KERNEL || self.frame().may_raise_si_kernel())
    }

    /// Whether the kernel forced the signal on this thread, ignored or not.
    ///
    /// It does not force signals that processes send (`si_code <= 0`). It also does not force two notes: that memory
    /// somewhere is going bad (`BUS_MCEERR_AO`), and that some earlier access had the wrong tag (`SEGV_MTEAERR`).
    pub(super) fn is_forced(&self) -> bool {
        let note = match self.signal {
            libc::SIGBUS => libc::BUS_MCEERR_AO,
            _ => SEGV_MTEAERR,
        };
        self.code() > 0 && self.code() != note
    }

    /// Whether our handler returns to the kernel: then that restores the mask.
    ///
    /// Only a handler that the kernel has called stands on the signal's frame with nothing between them. One that has
    /// jumped to ours without a frame of its own does not come back to life either.
    pub(super) fn returns_to_kernel(&self) -> bool {
        self.context.addr() == self.stack.wrapping_add(CONTEXT_ABOVE_STACK)
    }

    fn code(&self) -> c_int {
        // SAFETY: the kernel passes a SA_SIGINFO handler a valid siginfo.
        unsafe { (*self.info).si_code }
    }

    /// How many low bits of the address have no meaning. The kernel reports this only for damaged memory.
    pub(super) fn addr_lsb(&self) -> u8 {
        if (self.signal, self.code()) != (libc::SIGBUS, libc::BUS_MCEERR_AR) {
            return 0;
        }
        let lsb = self.info.wrapping_byte_add(SI_ADDR_LSB).cast::<c_short>();
        // SAFETY: the field lies inside the siginfo, is aligned, and the kernel fills it for this code.
        let lsb = unsafe { lsb.read() };
        u8::try_from(lsb).unwrap_or(0)
    }

    /// The registers of the interrupted code.
    pub(super) fn frame(&self) -> Frame<'_> {
        let context = self.context.cast::<ucontext_t>();
        // SAFETY: the kernel passes a SA_SIGINFO handler a valid context, and writes it back on return. No other
        // reference to it exists while this one is in use.
        Frame::new(unsafe { &mut *context })
    }
}
