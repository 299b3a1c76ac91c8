// SPDX-License-Identifier: MIT OR Apache-2.0
//! A signal as the kernel delivers it, and what it says of the instruction that it has interrupted.

use core::ffi::{c_short, c_void};

use libc::{c_int, siginfo_t, ucontext_t};

use super::frame::Frame;

// <asm-generic/siginfo.h>; the libc crate does not have them: a code, and where the granularity of an address stands,
// the same on all 64-bit machines.
const SEGV_MTEAERR: c_int = 8;
const SI_ADDR_LSB: usize = 24;

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
    /// Other signals interrupt any instruction, one of ours included: they say nothing about it. Those are what was
    /// sent, and what the kernel forces on a thread whose stack has no room for another signal's frame.
    pub(super) fn is_synchronous(&self) -> bool {
        self.is_forced() && (self.code() != libc::SI_KERNEL || self.frame().may_raise_si_kernel())
    }

    /// Whether the kernel has forced it on this thread, ignored or not.
    ///
    /// It does not force what processes send (`si_code <= 0`), and the notes that memory is going bad somewhere
    /// (`BUS_MCEERR_AO`) and that some access since the last one had the wrong tag (`SEGV_MTEAERR`).
    pub(super) fn is_forced(&self) -> bool {
        let note = match self.signal {
            libc::SIGBUS => libc::BUS_MCEERR_AO,
            _ => SEGV_MTEAERR,
        };
        self.code() > 0 && self.code() != note
    }

    fn code(&self) -> c_int {
        // SAFETY: the kernel hands a SA_SIGINFO handler a valid siginfo.
        unsafe { (*self.info).si_code }
    }

    /// How many low bits of the address say nothing: the kernel tells it of damaged memory only.
    pub(super) fn addr_lsb(&self) -> u8 {
        if (self.signal, self.code()) != (libc::SIGBUS, libc::BUS_MCEERR_AR) {
            return 0;
        }
        let lsb = self.info.wrapping_byte_add(SI_ADDR_LSB).cast::<c_short>();
        // SAFETY: inside of the siginfo, aligned, and filled by the kernel for this code.
        let lsb = unsafe { lsb.read() };
        u8::try_from(lsb).unwrap_or(0)
    }

    /// The registers of what the signal has interrupted.
    pub(super) fn frame(&self) -> Frame<'_> {
        let context = self.context.cast::<ucontext_t>();
        // SAFETY: the kernel hands a SA_SIGINFO handler a valid context, and writes it back on return; nobody else
        // has a reference to it while this one is in use.
        Frame::new(unsafe { &mut *context })
    }
}
