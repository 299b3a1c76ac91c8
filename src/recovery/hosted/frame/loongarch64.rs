// SPDX-License-Identifier: MIT OR Apache-2.0
//! The signal frame of loongarch64 Linux.

use libc::{c_int, mcontext_t, siginfo_t, ucontext_t};

use crate::{
    arch::{self, width::is_sign_extension},
    extable::cause::{Access, FaultKind},
    recovery::trap::{Report, TrapFrame},
};

/// The register in which a landing expects its cause: a1.
const CAUSE: usize = 5;

// The direction of the last access that the kernel refused (<asm/sigcontext.h>).
const ADDRERR_RD: u32 = 1 << 30;
const ADDRERR_WR: u32 = 1 << 31;

/// How far the context lies above the stack pointer with which the kernel calls a handler: above the siginfo.
pub(crate) const CONTEXT_ABOVE_STACK: usize = size_of::<siginfo_t>();

/// The instructions of a handler: a jump to `handle`, with the stack pointer and the number `link` for a fourth and fifth
/// argument.
macro_rules! entry {
    () => {
        "move $a3, $sp\nli.w $a4, {link}\nb {handle}"
    };
}
pub(crate) use entry;

/// The interrupted registers, which the kernel restores when the handler returns.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    registers: &'a mut mcontext_t,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(context: &'a mut ucontext_t) -> Self {
        Self { registers: &mut context.uc_mcontext }
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
        let kind = match (signal, info.si_code) {
            // An address error comes as either signal. That depends on the address, and on whether Linux or an emulator
            // runs the process.
            (libc::SIGSEGV, SEGV_MAPERR) | (libc::SIGBUS, libc::BUS_ADRERR)
                if !is_sign_extension(addr, arch::address_bits()) =>
            {
                FaultKind::NonCanonical
            }
            (libc::SIGSEGV, SEGV_MAPERR) => FaultKind::NotPresent,
            (libc::SIGSEGV, SEGV_ACCERR) => FaultKind::Permission,
            (libc::SIGBUS, libc::BUS_ADRALN) => FaultKind::Misaligned,
            (libc::SIGBUS, libc::BUS_ADRERR) => FaultKind::Bus,
            (libc::SIGBUS, libc::BUS_MCEERR_AR) => FaultKind::Poison,
            _ => FaultKind::Unknown,
        };
        let access = match kind {
            FaultKind::NotPresent | FaultKind::Permission => self.access(),
            // The kernel sets the flags only for the two kinds above. For the others they may be old.
            _ => None,
        };
        Report { access, kind, addr: Some(addr), ..Report::default() }
    }

    /// The direction, if the frame tells it. That of qemu-user does not.
    fn access(&self) -> Option<Access> {
        match self.registers.__flags & (ADDRERR_RD | ADDRERR_WR) {
            ADDRERR_RD => Some(Access::Read),
            ADDRERR_WR => Some(Access::Write),
            _ => None,
        }
    }
}

// From <asm-generic/siginfo.h>, because the libc crate does not name them.
const SEGV_MAPERR: c_int = 1;
const SEGV_ACCERR: c_int = 2;

// SAFETY: (1) to (4) These are the registers of the signal frame, which the kernel restores. The cause goes into
// `Landing::REGISTER`.
unsafe impl TrapFrame for Frame<'_> {
    fn pc(&self) -> usize {
        self.registers.__pc as usize
    }

    fn set_pc(&mut self, pc: usize) {
        self.registers.__pc = pc as u64;
    }

    fn set_cause(&mut self, value: usize) {
        self.registers.__gregs[CAUSE] = value as u64;
    }
}

#[cfg(test)]
mod tests {
    use core::mem;

    use super::*;

    const ADDR: usize = 0x1234_5678;

    /// The report of a frame with these flags.
    fn report(flags: u32, signal: c_int, code: c_int) -> Report {
        report_of(ADDR, flags, signal, code)
    }

    fn report_of(addr: usize, flags: u32, signal: c_int, code: c_int) -> Report {
        // SAFETY: integers and pointers: all may be zero.
        let mut context = unsafe { mem::zeroed::<ucontext_t>() };
        context.uc_mcontext.__flags = flags;
        // SAFETY: as above.
        let mut info = unsafe { mem::zeroed::<siginfo_t>() };
        info.si_signo = signal;
        info.si_code = code;
        let address = (&raw mut info).wrapping_byte_add(16).cast::<usize>();
        // SAFETY: the address comes after three integers, and is aligned (<asm-generic/siginfo.h>).
        unsafe { address.write(addr) };
        Frame::new(&mut context).report(signal, &info)
    }

    #[test]
    fn the_code_tells_the_kind() {
        for (signal, code, kind) in [
            (libc::SIGSEGV, 1, FaultKind::NotPresent),
            (libc::SIGSEGV, 2, FaultKind::Permission),
            (libc::SIGSEGV, 3, FaultKind::Unknown),
            (libc::SIGSEGV, 128, FaultKind::Unknown),
            (libc::SIGBUS, 1, FaultKind::Misaligned),
            (libc::SIGBUS, 2, FaultKind::Bus),
            (libc::SIGBUS, 3, FaultKind::Unknown),
            (libc::SIGBUS, 4, FaultKind::Poison),
        ] {
            let expected = Report { access: None, kind, addr: Some(ADDR), ..Report::default() };
            assert_eq!(report(0, signal, code), expected, "signal {signal}, code {code}");
        }
    }

    #[test]
    fn an_address_that_cannot_be_translated_is_told_from_a_page_that_is_not_there() {
        for (addr, kind) in [
            ((1 << 47) - 1, [FaultKind::NotPresent, FaultKind::Bus]),
            (1 << 47, [FaultKind::NonCanonical; 2]),
            (0x9000_0000_0020_0000, [FaultKind::NonCanonical; 2]),
            ((-1_isize << 47) as usize, [FaultKind::NotPresent, FaultKind::Bus]),
        ] {
            let signals = [(libc::SIGSEGV, SEGV_MAPERR), (libc::SIGBUS, libc::BUS_ADRERR)];
            let kinds = signals.map(|(signal, code)| report_of(addr, 0, signal, code).kind);
            assert_eq!(kinds, kind, "{addr:#x}");
        }
    }

    #[test]
    fn the_flags_tell_the_access_of_a_page_fault_and_of_nothing_else() {
        const USED_FP: u32 = 1;
        for (flags, access) in [
            (ADDRERR_RD, Some(Access::Read)),
            (ADDRERR_WR | USED_FP, Some(Access::Write)),
            (ADDRERR_RD | ADDRERR_WR, None),
            (USED_FP, None),
        ] {
            for code in [SEGV_MAPERR, SEGV_ACCERR] {
                assert_eq!(report(flags, libc::SIGSEGV, code).access, access, "flags {flags:#x}");
            }
            for code in [libc::BUS_ADRALN, libc::BUS_ADRERR, libc::BUS_MCEERR_AR] {
                assert_eq!(report(flags, libc::SIGBUS, code).access, None, "flags {flags:#x}");
            }
        }
    }

    #[test]
    fn a_landing_gets_its_pc_and_its_cause_and_nothing_else_changes() {
        // SAFETY: integers and pointers: all may be zero.
        let mut context = unsafe { mem::zeroed::<ucontext_t>() };
        let mut frame = Frame::new(&mut context);
        frame.set_pc(0x1000);
        frame.set_cause(0x1_0102);
        assert_eq!(frame.pc(), 0x1000);
        let mut registers = [0; 32];
        registers[CAUSE] = 0x1_0102;
        assert_eq!(context.uc_mcontext.__gregs, registers);
    }
}
