// SPDX-License-Identifier: MIT OR Apache-2.0
//! The signal frame of x86_64 Linux.

use libc::{REG_ERR, REG_RDI, REG_RDX, REG_RIP, REG_RSI, REG_TRAPNO, c_int, siginfo_t, ucontext_t};

use crate::{
    extable::cause::FaultKind,
    recovery::trap::{Operands, Report, TrapFrame},
};

// Exception vectors (SDM vol. 3, 6.3.1).
const TRAP_SS: i64 = 12;
const TRAP_GP: i64 = 13;
const TRAP_PF: i64 = 14;
const TRAP_AC: i64 = 17;

/// A protection key forbids the access (sigaction(2)). The error code may not tell: the kernel also checks the key of a
/// page that is not present.
const SEGV_PKUERR: c_int = 4;

// No mapping, and a mapping that forbids the access. The error code describes the page alone. A page that was never
// touched is not present, whatever its mapping permits. And the kernel reports all its own addresses as present.
const SEGV_MAPERR: c_int = 1;
const SEGV_ACCERR: c_int = 2;

/// How far the context lies above the stack pointer with which the kernel calls a handler: above the address that the
/// handler returns to.
pub(crate) const CONTEXT_ABOVE_STACK: usize = 8;

/// The instructions of a handler: a jump to `handle`, with the stack pointer and the number `link` for a fourth and fifth
/// argument. The first is for CPUs that check where indirect branches go.
macro_rules! entry {
    () => {
        "endbr64\nmov rcx, rsp\nmov r8d, {link}\njmp {handle}"
    };
}
pub(crate) use entry;

/// The interrupted registers, which the kernel restores when the handler returns.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    registers: &'a mut [i64; 23],
}

impl<'a> Frame<'a> {
    pub(crate) fn new(context: &'a mut ucontext_t) -> Self {
        Self { registers: &mut context.uc_mcontext.gregs }
    }

    fn get(&self, register: c_int) -> i64 {
        self.registers[register as usize]
    }

    fn set(&mut self, register: c_int, value: usize) {
        self.registers[register as usize] = value as i64;
    }

    /// Whether SI_KERNEL may report an access of the interrupted instruction: an access to a non-canonical address.
    ///
    /// The frame stores the thread's last trap that raised a signal. If it is another trap, the answer is no. If the
    /// thread has used a non-canonical address before, the two cases cannot be told apart.
    pub(crate) fn may_raise_si_kernel(&self) -> bool {
        matches!(self.get(REG_TRAPNO), TRAP_SS | TRAP_GP)
    }

    /// What the machine reported about this signal.
    pub(crate) fn report(&self, signal: c_int, info: &siginfo_t) -> Report {
        // SAFETY: SIGSEGV and SIGBUS from the kernel carry an address.
        let addr = unsafe { info.si_addr() }.addr();
        let trap = self.get(REG_TRAPNO);
        let poisoned = signal == libc::SIGBUS && info.si_code == libc::BUS_MCEERR_AR;
        if poisoned {
            // The kernel reports poison outside the trap that the frame describes. So the error code is an old one.
            return Report { kind: FaultKind::Poison, addr: Some(addr), ..Report::default() };
        }
        match trap {
            TRAP_PF => {
                let error_code = self.get(REG_ERR) as usize;
                // A fetch is no access of ours: no entry is at its instruction.
                let report = Report::x86_64_page_fault(error_code, addr).unwrap_or_default();
                Report { kind: page_fault_kind(signal, info.si_code, report.kind), ..report }
            }
            TRAP_GP => Report::x86_64_protection_fault(),
            TRAP_AC => Report::x86_64_alignment_check(),
            _ => Report { addr: Some(addr), ..Report::default() },
        }
    }
}

/// The signal's code tells more than the error code of the CPU, which `by_cpu` is from.
fn page_fault_kind(signal: c_int, code: c_int, by_cpu: FaultKind) -> FaultKind {
    match (signal, code) {
        (libc::SIGBUS, _) => FaultKind::Bus,
        (_, SEGV_PKUERR) => FaultKind::ProtectionKey,
        _ if by_cpu == FaultKind::ProtectionKey => by_cpu,
        (_, SEGV_MAPERR) => FaultKind::NotPresent,
        (_, SEGV_ACCERR) => FaultKind::Permission,
        _ => by_cpu,
    }
}

// SAFETY: (1) to (4) These are the registers of the signal frame, which the kernel restores. The cause goes into
// `Landing::REGISTER`.
unsafe impl TrapFrame for Frame<'_> {
    fn pc(&self) -> usize {
        self.get(REG_RIP) as usize
    }

    fn set_pc(&mut self, pc: usize) {
        self.set(REG_RIP, pc);
    }

    fn set_cause(&mut self, value: usize) {
        self.set(REG_RDX, value);
    }

    fn operands(&self) -> Option<Operands> {
        Some(Operands { read: self.get(REG_RSI) as usize, write: self.get(REG_RDI) as usize })
    }
}

#[cfg(test)]
mod tests {
    use core::mem;

    use super::*;
    use crate::extable::cause::Access;

    const ADDR: usize = 0x1234_5678;

    /// The report of a frame with this trap and error code.
    fn report(trap: i64, error: i64, signal: c_int, code: c_int) -> Report {
        // SAFETY: integers and pointers: all may be zero.
        let mut context = unsafe { mem::zeroed::<ucontext_t>() };
        context.uc_mcontext.gregs[REG_TRAPNO as usize] = trap;
        context.uc_mcontext.gregs[REG_ERR as usize] = error;
        // SAFETY: as above.
        let mut info = unsafe { mem::zeroed::<siginfo_t>() };
        info.si_signo = signal;
        info.si_code = code;
        let address = (&raw mut info).wrapping_byte_add(16).cast::<usize>();
        // SAFETY: the address comes after three integers, and is aligned (<asm-generic/siginfo.h>).
        unsafe { address.write(ADDR) };
        Frame::new(&mut context).report(signal, &info)
    }

    /// The test needs no CPU with protection keys: it uses what the kernel would report on one.
    #[test]
    fn an_error_code_tells_the_access_and_the_kind() {
        let (segv, bus) = (libc::SIGSEGV, libc::SIGBUS);
        for (error, signal, code, access, kind) in [
            (0x04, segv, 1, Access::Read, FaultKind::NotPresent),
            (0x06, segv, 1, Access::Write, FaultKind::NotPresent),
            (0x05, segv, 2, Access::Read, FaultKind::Permission),
            (0x07, segv, 2, Access::Write, FaultKind::Permission),
            // A page that was never touched, in a mapping that forbids the access.
            (0x04, segv, 2, Access::Read, FaultKind::Permission),
            (0x06, segv, 2, Access::Write, FaultKind::Permission),
            // Addresses of the kernel's own.
            (0x05, segv, 1, Access::Read, FaultKind::NotPresent),
            (0x07, segv, 1, Access::Write, FaultKind::NotPresent),
            // Another code tells nothing.
            (0x04, segv, 128, Access::Read, FaultKind::NotPresent),
            (0x07, segv, 128, Access::Write, FaultKind::Permission),
            (0x25, segv, SEGV_PKUERR, Access::Read, FaultKind::ProtectionKey),
            (0x27, segv, SEGV_PKUERR, Access::Write, FaultKind::ProtectionKey),
            (0x04, segv, SEGV_PKUERR, Access::Read, FaultKind::ProtectionKey),
            (0x06, segv, SEGV_PKUERR, Access::Write, FaultKind::ProtectionKey),
            (0x04, bus, 2, Access::Read, FaultKind::Bus),
            (0x06, bus, 2, Access::Write, FaultKind::Bus),
        ] {
            let expected = Report { access: Some(access), kind, addr: Some(ADDR), ..Report::default() };
            assert_eq!(report(TRAP_PF, error, signal, code), expected, "error code {error:#x}, {code}");
        }
    }

    #[test]
    fn other_traps_do_not_tell_the_access() {
        let poison = Report { access: None, kind: FaultKind::Poison, addr: Some(ADDR), ..Report::default() };
        // The error code is an old one here.
        assert_eq!(report(TRAP_PF, 0x27, libc::SIGBUS, libc::BUS_MCEERR_AR), poison);
        for (trap, kind, addr) in [
            (TRAP_GP, FaultKind::NonCanonical, None),
            (TRAP_AC, FaultKind::Misaligned, None),
            (18, FaultKind::Unknown, Some(ADDR)),
        ] {
            assert_eq!(
                report(trap, 0, libc::SIGSEGV, 128),
                Report { access: None, kind, addr, ..Report::default() }
            );
        }
    }
}
