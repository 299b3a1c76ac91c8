// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a kernel's fault handler calls.
//!
//! The order is fixed: a fault whose program counter is not in the table is none of ours; one that the pager
//! repairs resumes at the same instruction; any other goes on at the landing.

use core::ops::Range;

use crate::{
    cause::{Access, FaultKind},
    extable::{Landing, Table},
};

/// The part of a trap frame that recovery needs.
pub trait TrapFrame {
    /// The address of the instruction that faulted.
    fn pc(&self) -> usize;

    /// Sets where execution resumes.
    fn set_pc(&mut self, pc: usize);

    /// Sets the register [`Landing::REGISTER`].
    ///
    /// A frame that cannot may do nothing: the copy stays exact and reports [`FaultKind::Unknown`].
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operands {
    /// Where it reads.
    pub read: usize,
    /// Where it writes.
    pub write: usize,
}

/// What the machine said about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The access, if known.
    pub access: Option<Access>,
    /// The class of fault.
    pub kind: FaultKind,
    /// The address, if the machine gave one (x86_64 #GP: none).
    pub addr: Option<usize>,
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
pub fn recover<F: TrapFrame>(
    frame: &mut F,
    report: Report,
    pager: impl FnOnce(usize, Access) -> bool,
) -> Recovery {
    let table = Table::image();
    let Some(entry) = table.find(frame.pc()) else {
        return Recovery::NotOurs;
    };
    let access = report.access.or_else(|| side_by_operands(frame.operands()?, report.addr));
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
/// With a fault address: the side whose current word holds it. Without one: the side whose address cannot be
/// translated at all, if there is exactly one.
fn side_by_operands(operands: Operands, addr: Option<usize>) -> Option<Access> {
    const WIDEST: usize = 8;
    let holds = |start: usize| match addr {
        Some(addr) => addr.wrapping_sub(start) < WIDEST,
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
            assert_eq!(side_by_operands(Operands { read, write }, None), expected);
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
            assert_eq!(side_by_operands(operands, Some(addr)), expected, "{addr:#x}");
        }
        let same = Operands { read: 0x5000, write: 0x5001 };
        assert_eq!(side_by_operands(same, Some(0x5002)), None);
    }
}
