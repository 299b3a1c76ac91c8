// SPDX-License-Identifier: MIT OR Apache-2.0
//! One entry, as the assembler lays it out.

use core::fmt;

use crate::{
    arch::entry::{INLINED, NOFAULT, READ, STRICT, WRITE},
    extable::cause::Access,
};

/// One instruction that may fault, and where to go on when it does.
///
/// The `axptr_access` macro of the assembly sources and [`ex_entry!`](crate::ex_entry) emit it: the
/// instruction relative to the entry, the landing relative to the instruction, the flags.
#[repr(C)]
pub struct Entry {
    insn: i32,
    landing: i16,
    flags: u16,
}

/// The size that the linker fragment and the macros count on.
pub(super) const ENTRY_SIZE: usize = 8;
const _: () = assert!(size_of::<Entry>() == ENTRY_SIZE);
const _: () = assert!(align_of::<Entry>() == 4);

impl Entry {
    /// The address of the instruction that may fault.
    #[inline]
    pub fn insn(&self) -> usize {
        (&raw const *self).addr().wrapping_add_signed(self.insn as isize)
    }

    /// The address at which execution goes on.
    #[inline]
    pub fn landing(&self) -> usize {
        self.insn().wrapping_add_signed(self.landing as isize)
    }

    /// Whether a fault of this access is one of the instruction's user side.
    ///
    /// Most instructions touch one side only, so that the program counter decides. The few that touch
    /// both need the access to be known, and to be the user side's.
    #[inline]
    pub fn accepts(&self, access: Option<Access>) -> bool {
        if self.flags & STRICT == 0 {
            return true;
        }
        match access {
            Some(Access::Read) => self.flags & READ != 0,
            Some(Access::Write) => self.flags & WRITE != 0,
            None => false,
        }
    }

    /// Whether a fault must go straight to the landing: the routine was called where the pager must not run.
    #[inline]
    pub fn is_nofault(&self) -> bool {
        self.flags & NOFAULT != 0
    }

    /// Whether the compiler has put the instruction where it is used, so that it belongs to no routine. For tests.
    #[doc(hidden)]
    #[inline]
    pub fn is_inlined(&self) -> bool {
        self.flags & INLINED != 0
    }

    /// Whether two entries for one instruction are as good as one.
    pub(super) const fn says_the_same_as(&self, other: &Self) -> bool {
        self.landing == other.landing && self.flags == other.flags
    }

    /// The access of the user side, where there is only one.
    pub(crate) fn only_access(&self) -> Option<Access> {
        match self.flags & (READ | WRITE) {
            READ => Some(Access::Read),
            WRITE => Some(Access::Write),
            _ => None,
        }
    }
}

impl fmt::Debug for Entry {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("insn", &format_args!("{:#x}", self.insn()))
            .field("landing", &format_args!("{:#x}", self.landing()))
            .field("flags", &format_args!("{:#x}", self.flags))
            .finish()
    }
}
