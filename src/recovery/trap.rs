// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a kernel's fault handler calls.
//!
//! The order is fixed: a fault whose program counter is not in the table is none of ours; one that the pager
//! repairs resumes at the same instruction; any other goes on at the landing.

use core::{fmt, ops::Range};

use crate::{
    extable::cause::{Access, FaultKind},
    extable::{Landing, Table},
};

/// The part of a trap frame that recovery needs.
///
/// # Safety
///
/// Code behind a landing counts on the registers of the instruction that faulted, and safe code on what it counts:
///
/// 1. [`pc`](Self::pc) is the address of the instruction that faulted, not of the one behind it.
/// 2. [`set_pc`](Self::set_pc) makes the interrupted code resume there, and changes nothing else that it can see.
/// 3. [`set_cause`](Self::set_cause) gives it the value in the register [`Landing::REGISTER`], or does nothing. It
///    changes no other register.
/// 4. [`operands`](Self::operands) are those that the registers hold at the fault, or `None`.
pub unsafe trait TrapFrame {
    /// The address of the instruction that faulted.
    fn pc(&self) -> usize;

    /// Sets where execution resumes.
    fn set_pc(&mut self, pc: usize);

    /// Sets the register [`Landing::REGISTER`].
    ///
    /// A frame that cannot does nothing: the copy stays exact and reports [`FaultKind::Unknown`].
    fn set_cause(&mut self, value: usize);

    /// The source and destination addresses of an instruction that reads and writes memory at once
    /// (x86_64 `movs`: `rsi` and `rdi`), if the frame holds them.
    ///
    /// They decide which side has faulted where the machine does not say.
    fn operands(&self) -> Option<Operands> {
        None
    }
}

/// The operand addresses of an instruction that reads and writes memory at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Operands {
    /// Where it reads.
    pub read: usize,
    /// Where it writes.
    pub write: usize,
}

/// What the machine said about a fault.
///
/// What it did not say is as in the default: write `..Report::default()`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The access, if known.
    pub access: Option<Access>,
    /// The class of fault.
    pub kind: FaultKind,
    /// The address, if the machine gave one (x86_64 #GP: none).
    pub addr: Option<usize>,
    /// How many low bits of `addr` say nothing: 0 for an exact one, as page faults have; 12 where a page of damaged
    /// memory is all that is known (a machine check's `MCi_MISC`, Linux's `si_addr_lsb`).
    pub addr_lsb: u8,
}

impl fmt::Debug for Operands {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operands")
            .field("read", &format_args!("{:#x}", self.read))
            .field("write", &format_args!("{:#x}", self.write))
            .finish()
    }
}

impl fmt::Debug for Report {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut report = f.debug_struct("Report");
        report.field("access", &self.access).field("kind", &self.kind);
        match self.addr {
            Some(addr) => report.field("addr", &format_args!("{addr:#x}")),
            None => report.field("addr", &self.addr),
        };
        report.field("addr_lsb", &self.addr_lsb).finish()
    }
}

impl Default for Report {
    fn default() -> Self {
        Self { access: None, kind: FaultKind::Unknown, addr: None, addr_lsb: 0 }
    }
}

/// What became of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a fault that is not ours must go on to the kernel's own handler"]
pub enum Recovery {
    /// Not an access of ours, or one to kernel memory: the kernel's own handler decides, as for any fault.
    NotOurs,
    /// The pager repaired it: resume at the same instruction.
    Repaired,
    /// The frame now resumes at the landing.
    Landed,
}

impl Landing {
    /// Makes `frame` resume at the landing.
    pub fn apply(&self, frame: &mut impl TrapFrame) {
        frame.set_pc(self.pc());
        frame.set_cause(self.cause());
    }
}

/// Decides a fault taken in kernel mode: the pager first, unless the access was made in a no-fault form, then the
/// landing.
///
/// `pager` is asked for page faults of our accesses only. It gets the address and the access and says whether
/// the instruction may be tried again. It must look under its lock whether the access is allowed by now: two
/// CPUs may fault on the same page.
///
/// `report` is what the machine said about this fault. What it did not say is left out: a wrong access hides a fault of
/// the kernel's own memory or leaves one of the user's to the kernel, and a wrong kind makes the count wrong.
pub fn recover<F: TrapFrame>(
    frame: &mut F,
    report: Report,
    pager: impl FnOnce(usize, Access) -> bool,
) -> Recovery {
    let table = Table::image();
    let Some(entry) = table.find(frame.pc()) else {
        return Recovery::NotOurs;
    };
    let access = report.access.or_else(|| side_by_operands(frame.operands()?, &report));
    if !entry.accepts(access) {
        return Recovery::NotOurs;
    }
    let access = access.or(entry.only_access());
    if let (Some(addr), Some(access)) = (report.addr, access)
        && !entry.is_nofault()
        && matches!(report.kind, FaultKind::NotPresent | FaultKind::Permission)
        && pager(addr, access)
    {
        return Recovery::Repaired;
    }
    match table.lookup(frame.pc(), access, report.kind) {
        Some(landing) => {
            landing.apply(frame);
            Recovery::Landed
        }
        None => Recovery::NotOurs,
    }
}

/// Which side of an instruction with two memory operands has faulted, judged by their addresses.
///
/// With a fault address: the side whose current word touches it, or the block of memory that it stands for. Without
/// one: the side whose address cannot be translated at all, if there is exactly one.
fn side_by_operands(operands: Operands, report: &Report) -> Option<Access> {
    const WIDEST: usize = 8;
    /// A string instruction fetches ahead of what its registers say, by a cache line. Its page faults are precise, but
    /// what is told by blocks is no page fault.
    const LINE: usize = 64;
    let holds = |start: usize| match report.addr {
        Some(addr) => {
            let block = usize::MAX.checked_shl(report.addr_lsb.into()).unwrap_or(0);
            let reach = if report.addr_lsb == 0 { WIDEST } else { LINE };
            start & block == addr & block || (addr & block).wrapping_sub(start) < reach
        }
        None => UNTRANSLATABLE.contains(&start) || UNTRANSLATABLE.contains(&start.wrapping_add(WIDEST - 1)),
    };
    match (holds(operands.read), holds(operands.write)) {
        (true, false) => Some(Access::Read),
        (false, true) => Some(Access::Write),
        _ => None,
    }
}

/// Addresses that no page table of this machine can map.
const UNTRANSLATABLE: Range<usize> = crate::arch::UNTRANSLATABLE;

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: usize = 0x1000;
    const BAD: usize = UNTRANSLATABLE.start;

    #[test]
    fn without_an_address_the_untranslatable_operand_is_the_faulting_side() {
        for (read, write, expected) in [
            (BAD, GOOD, Some(Access::Read)),
            (GOOD, BAD, Some(Access::Write)),
            (BAD - 7, GOOD, Some(Access::Read)),
            (BAD - 8, GOOD, None),
            (UNTRANSLATABLE.end, GOOD, None),
            (BAD, BAD, None),
            (GOOD, GOOD, None),
            (usize::MAX, GOOD, None),
        ] {
            assert_eq!(side_by_operands(Operands { read, write }, &Report::default()), expected);
        }
    }

    #[test]
    fn with_an_address_the_operand_that_holds_it_is_the_faulting_side() {
        let operands = Operands { read: 0x1ffe, write: 0x5000 };
        for (addr, expected) in [
            (0x1ffe, Some(Access::Read)),
            (0x2000, Some(Access::Read)),
            (0x5007, Some(Access::Write)),
            (0x5008, None),
            (0x9000, None),
        ] {
            assert_eq!(side_by_operands(operands, &at(addr, 0)), expected, "{addr:#x}");
        }
        let same = Operands { read: 0x5000, write: 0x5001 };
        assert_eq!(side_by_operands(same, &at(0x5002, 0)), None);
    }

    fn at(addr: usize, addr_lsb: u8) -> Report {
        Report { addr: Some(addr), addr_lsb, ..Report::default() }
    }

    #[test]
    fn a_coarse_address_stands_for_its_block() {
        for (read, write, addr, lsb, expected) in [
            // The whole page, wherever in it the copy has come to, and whatever the low bits are.
            (0x1000, 0x5000, 0x1000, 12, Some(Access::Read)),
            (0x1fff, 0x5000, 0x1000, 12, Some(Access::Read)),
            (0x1000, 0x5000, 0x1fff, 12, Some(Access::Read)),
            (0x1000, 0x5fff, 0x5000, 12, Some(Access::Write)),
            // The next page, as far as a line reaches.
            (0x1fc1, 0x5000, 0x2000, 12, Some(Access::Read)),
            (0x1fc0, 0x5000, 0x2000, 12, None),
            (0x3000, 0x5000, 0x2000, 12, None),
            // Both sides in one page: nobody knows.
            (0x1000, 0x1800, 0x1000, 12, None),
            // Finer, where the machine tells: a line of both sides' page.
            (0x1000, 0x1800, 0x1000, 6, Some(Access::Read)),
            (0x1000, 0x1830, 0x1800, 6, Some(Access::Write)),
            // A huge page, and numbers that make no sense.
            (0x12_3456, 0x40_0000, 0, 21, Some(Access::Read)),
            (0x12_3456, usize::MAX, usize::MAX, 63, Some(Access::Write)),
            (0x1000, usize::MAX, 0x1000, 64, None),
            (0x1000, 0x5000, 0x1000, 255, None),
        ] {
            let side = side_by_operands(Operands { read, write }, &at(addr, lsb));
            assert_eq!(side, expected, "{read:#x} to {write:#x}, {addr:#x} of {lsb} bits");
        }
    }
}
