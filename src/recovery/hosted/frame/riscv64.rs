// SPDX-License-Identifier: MIT OR Apache-2.0
//! The signal frame of riscv64 Linux.
//!
//! It holds the registers and nothing of the trap: `scause` stays in the kernel. So the access comes from the
//! instruction, and the kind from `si_code`.

use libc::{REG_A0, c_int, c_ulong, siginfo_t, ucontext_t};

use crate::{
    extable::cause::FaultKind,
    recovery::trap::{Report, TrapFrame},
};

// Indices in the frame. The pc stands in the place of x0 (<asm/ptrace.h>).
const REG_PC: usize = 0;
const REG_A1: usize = REG_A0 + 1;

/// How far the context lies above the stack pointer with which the kernel calls a handler: above the siginfo.
pub(crate) const CONTEXT_ABOVE_STACK: usize = size_of::<siginfo_t>();

/// The instructions of a handler: a jump to `handle`, with the stack pointer and the number `link` for a fourth and fifth
/// argument.
macro_rules! entry {
    () => {
        "mv a3, sp\nli a4, {link}\ntail {handle}"
    };
}
pub(crate) use entry;

/// The interrupted registers, which the kernel restores when the handler returns.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    registers: &'a mut [c_ulong; 32],
}

impl<'a> Frame<'a> {
    pub(crate) fn new(context: &'a mut ucontext_t) -> Self {
        Self { registers: &mut context.uc_mcontext.__gregs }
    }

    /// Whether SI_KERNEL may report an access of the interrupted instruction. Never here: this machine's faults have
    /// codes of their own.
    pub(crate) fn may_raise_si_kernel(&self) -> bool {
        false
    }

    /// What the machine reported about this signal.
    pub(crate) fn report(&self, signal: c_int, info: &siginfo_t) -> Report {
        // SAFETY: SIGSEGV and SIGBUS from the kernel carry an address.
        let addr = unsafe { info.si_addr() }.addr();
        Report { access: None, kind: kind(signal, info.si_code), addr: Some(addr), ..Report::default() }
    }
}

fn kind(signal: c_int, code: c_int) -> FaultKind {
    // From <asm-generic/siginfo.h>, because `libc` does not have them for this target.
    const SEGV_MAPERR: c_int = 1;
    const SEGV_ACCERR: c_int = 2;
    match (signal, code) {
        (libc::SIGSEGV, SEGV_MAPERR) => FaultKind::NotPresent,
        (libc::SIGSEGV, SEGV_ACCERR) => FaultKind::Permission,
        (libc::SIGBUS, libc::BUS_ADRALN) => FaultKind::Misaligned,
        (libc::SIGBUS, libc::BUS_ADRERR) => FaultKind::Bus,
        (libc::SIGBUS, libc::BUS_MCEERR_AR) => FaultKind::Poison,
        _ => FaultKind::Unknown,
    }
}

// SAFETY: (1) to (4) These are the registers of the signal frame, which the kernel restores. The cause goes into
// `Landing::REGISTER`.
unsafe impl TrapFrame for Frame<'_> {
    fn pc(&self) -> usize {
        self.registers[REG_PC] as usize
    }

    fn set_pc(&mut self, pc: usize) {
        self.registers[REG_PC] = pc as c_ulong;
    }

    fn set_cause(&mut self, value: usize) {
        self.registers[REG_A1] = value as c_ulong;
    }
}

#[cfg(test)]
mod tests {
    use core::mem;

    use super::*;

    const ADDR: usize = 0x1234_5678;

    fn context() -> ucontext_t {
        // SAFETY: integers and pointers: all may be zero.
        unsafe { mem::zeroed::<ucontext_t>() }
    }

    #[test]
    fn a_signal_tells_the_kind_and_not_the_access() {
        let (segv, bus) = (libc::SIGSEGV, libc::SIGBUS);
        for (signal, code, kind) in [
            (segv, 1, FaultKind::NotPresent),
            (segv, 2, FaultKind::Permission),
            (segv, 3, FaultKind::Unknown),
            (segv, 0x80, FaultKind::Unknown),
            (bus, 1, FaultKind::Misaligned),
            (bus, 2, FaultKind::Bus),
            (bus, 3, FaultKind::Unknown),
            (bus, 4, FaultKind::Poison),
            (libc::SIGILL, 1, FaultKind::Unknown),
        ] {
            // SAFETY: integers: all may be zero.
            let mut info = unsafe { mem::zeroed::<siginfo_t>() };
            info.si_signo = signal;
            info.si_code = code;
            let address = (&raw mut info).wrapping_byte_add(16).cast::<usize>();
            // SAFETY: the address comes after three integers, and is aligned (<asm-generic/siginfo.h>).
            unsafe { address.write(ADDR) };
            let expected = Report { access: None, kind, addr: Some(ADDR), ..Report::default() };
            assert_eq!(Frame::new(&mut context()).report(signal, &info), expected, "{signal} {code}");
        }
    }

    #[test]
    fn a_frame_has_the_pc_first_and_the_cause_in_a1() {
        let mut context = context();
        context.uc_mcontext.__gregs[0] = 0x1000;
        let mut frame = Frame::new(&mut context);
        assert_eq!(frame.pc(), 0x1000);
        frame.set_pc(0x2000);
        frame.set_cause(7);
        assert_eq!(frame.operands(), None);
        let mut expected = [0; 32];
        (expected[0], expected[11]) = (0x2000, 7);
        assert_eq!(context.uc_mcontext.__gregs, expected);
    }
}
