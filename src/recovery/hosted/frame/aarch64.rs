// SPDX-License-Identifier: MIT OR Apache-2.0
//! The signal frame of aarch64 Linux.

use core::{mem::offset_of, ptr};

use libc::{c_int, mcontext_t, siginfo_t, ucontext_t};

use crate::{
    extable::cause::{Access, FaultKind},
    recovery::{
        syndrome::aarch64 as syndrome,
        trap::{Report, TrapFrame},
    },
};

// The exception class of a data abort in user mode (Arm ARM D24.2.40, ESR_EL1).
const EC_SHIFT: u32 = 26;
const EC_DATA_ABORT: u64 = 0x24;

/// si_code of a tag check fault (<asm-generic/siginfo.h>).
const SEGV_MTESERR: c_int = 9;

/// The records after the registers (<asm/sigcontext.h>). Each begins with a magic number and a size; the last has the
/// magic number 0.
const RECORDS: usize = (offset_of!(mcontext_t, pstate) + 8).next_multiple_of(16);
const RECORDS_LEN: usize = 4096;
const RECORD_HEAD: usize = 8;
const ESR_MAGIC: u32 = 0x4553_5201;

const _: () = assert!(RECORDS + RECORDS_LEN <= size_of::<mcontext_t>());

/// How far the context lies above the stack pointer with which the kernel calls a handler: above the siginfo.
pub(crate) const CONTEXT_ABOVE_STACK: usize = size_of::<siginfo_t>();

/// The instructions of a handler: a jump to `handle`, with the stack pointer and the number `link` for a fourth and fifth
/// argument. The first (`bti c`) is for CPUs that check where indirect branches go.
macro_rules! entry {
    () => {
        "hint 34\nmov x3, sp\nmov x4, {link}\nb {handle}"
    };
}
pub(crate) use entry;

/// The interrupted registers, which the kernel restores when the handler returns.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    context: &'a mut mcontext_t,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(context: &'a mut ucontext_t) -> Self {
        Self { context: &mut context.uc_mcontext }
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
        let kind = kind(signal, info.si_code);
        // The kernel reports poison outside the trap that the frame describes. So the record is an old one.
        let access = if kind == FaultKind::Poison { None } else { self.access() };
        Report { access, kind, addr: Some(addr), ..Report::default() }
    }

    /// The direction of the access, if the kernel gave the syndrome. Emulators do not.
    fn access(&self) -> Option<Access> {
        let esr = self.syndrome()?;
        if esr >> EC_SHIFT != EC_DATA_ABORT {
            return None;
        }
        Some(syndrome::access(esr as usize))
    }

    /// ESR_EL1 at the fault.
    fn syndrome(&self) -> Option<u64> {
        let mut at = 0;
        while at + RECORD_HEAD <= RECORDS_LEN {
            let head = self.word(at);
            let (magic, size) = (head as u32, (head >> 32) as usize);
            match magic {
                ESR_MAGIC if at + 2 * RECORD_HEAD <= RECORDS_LEN => return Some(self.word(at + RECORD_HEAD)),
                0 => return None,
                // Sizes are multiples of 16. With any other size, the search would read the wrong places.
                _ if size < RECORD_HEAD || !size.is_multiple_of(16) => return None,
                _ => at += size,
            }
        }
        None
    }

    /// The 8 bytes at this offset of the records.
    fn word(&self, offset: usize) -> u64 {
        assert!(offset + 8 <= RECORDS_LEN);
        let context = ptr::from_ref(self.context).cast::<u8>();
        let word = context.wrapping_add(RECORDS + offset).cast::<u64>();
        // SAFETY: the word lies inside the context, and the kernel wrote every byte of that. It is aligned, because
        // records are.
        unsafe { word.read() }
    }
}

fn kind(signal: c_int, code: c_int) -> FaultKind {
    const SEGV_MAPERR: c_int = 1;
    const SEGV_ACCERR: c_int = 2;
    match (signal, code) {
        (libc::SIGSEGV, SEGV_MAPERR) => FaultKind::NotPresent,
        (libc::SIGSEGV, SEGV_ACCERR) => FaultKind::Permission,
        (libc::SIGSEGV, SEGV_MTESERR) => FaultKind::Tag,
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
        self.context.pc as usize
    }

    fn set_pc(&mut self, pc: usize) {
        self.context.pc = pc as u64;
    }

    fn set_cause(&mut self, value: usize) {
        self.context.regs[1] = value as u64;
    }
}

#[cfg(test)]
mod tests {
    use core::mem;

    use super::*;

    const ADDR: usize = 0x1234_5678;
    const FPSIMD_MAGIC: u64 = 0x4650_8001;
    const FPSIMD_SIZE: u64 = 528;

    /// The report of a frame with these records.
    fn report(records: &[(usize, u64)], signal: c_int, code: c_int) -> Report {
        // SAFETY: integers and pointers: all may be zero.
        let mut context = unsafe { mem::zeroed::<ucontext_t>() };
        for (offset, word) in records {
            let mcontext = (&raw mut context.uc_mcontext).cast::<u8>();
            let at = mcontext.wrapping_add(RECORDS + offset).cast::<u64>();
            // SAFETY: one of the words after the registers.
            unsafe { at.write(*word) };
        }
        // SAFETY: as above.
        let mut info = unsafe { mem::zeroed::<siginfo_t>() };
        info.si_signo = signal;
        info.si_code = code;
        let address = (&raw mut info).wrapping_byte_add(16).cast::<usize>();
        // SAFETY: the address comes after three integers, and is aligned (<asm-generic/siginfo.h>).
        unsafe { address.write(ADDR) };
        Frame::new(&mut context).report(signal, &info)
    }

    /// A record of the syndrome at this offset.
    fn syndrome(at: usize, esr: u64) -> [(usize, u64); 2] {
        [(at, u64::from(ESR_MAGIC) | 16 << 32), (at + 8, esr)]
    }

    #[test]
    fn the_signals_code_tells_the_kind() {
        let (segv, bus) = (libc::SIGSEGV, libc::SIGBUS);
        for (signal, code, kind) in [
            (segv, 1, FaultKind::NotPresent),
            (segv, 2, FaultKind::Permission),
            (segv, 9, FaultKind::Tag),
            (segv, 8, FaultKind::Unknown),
            (segv, 128, FaultKind::Unknown),
            (bus, libc::BUS_ADRALN, FaultKind::Misaligned),
            (bus, libc::BUS_ADRERR, FaultKind::Bus),
            (bus, libc::BUS_MCEERR_AR, FaultKind::Poison),
            (bus, libc::BUS_OBJERR, FaultKind::Unknown),
        ] {
            let expected = Report { access: None, kind, addr: Some(ADDR), ..Report::default() };
            assert_eq!(report(&[], signal, code), expected, "signal {signal}, code {code}");
        }
    }

    #[test]
    fn a_syndrome_tells_the_access_wherever_its_record_is() {
        let fpsimd = (0, FPSIMD_MAGIC | FPSIMD_SIZE << 32);
        for at in [0, FPSIMD_SIZE as usize] {
            for (esr, access) in [
                (0x9200_0006, Some(Access::Read)),
                (0x9200_0046, Some(Access::Write)),
                // Cache maintenance reports a read as a write.
                (0x9200_0146, Some(Access::Read)),
                // An instruction abort.
                (0x8200_0046, None),
            ] {
                let [head, value] = syndrome(at, esr);
                let records: &[_] = if at == 0 { &[head, value] } else { &[fpsimd, head, value] };
                assert_eq!(report(records, libc::SIGSEGV, 1).access, access, "{esr:#x} at {at}");
            }
        }
    }

    #[test]
    fn an_old_syndrome_says_nothing_about_poison() {
        let told = report(&syndrome(0, 0x9200_0046), libc::SIGBUS, libc::BUS_MCEERR_AR);
        assert_eq!(
            told,
            Report { access: None, kind: FaultKind::Poison, addr: Some(ADDR), ..Report::default() }
        );
    }

    #[test]
    fn records_that_make_no_sense_end_the_search() {
        let first = |size: u64| (0, FPSIMD_MAGIC | size << 32);
        let [head, value] = syndrome(16, 0x9200_0046);
        for size in [0, 8, 15, 4096, u64::from(u32::MAX)] {
            let told = report(&[first(size), head, value], libc::SIGSEGV, 1);
            assert_eq!(told.access, None, "a first record of {size} bytes");
        }
        // There is room for a syndrome at the last place.
        let [head, value] = syndrome(RECORDS_LEN - 16, 0x9200_0046);
        assert_eq!(report(&[first(4080), head, value], libc::SIGSEGV, 1).access, Some(Access::Write));
    }
}
