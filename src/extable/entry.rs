// SPDX-License-Identifier: MIT OR Apache-2.0
//! One entry of the exception table, in the layout that the assembler emits.

use core::fmt;

use crate::{
    arch::entry::{ECHO, INLINED, NOFAULT, QUIET, READ, REHEARSED, STRICT, WRITE},
    extable::cause::Access,
};

/// One entry of the exception table: an instruction that may fault, and its landing.
///
/// The `axptr_access` macro of the assembly sources and [`ex_entry!`](crate::ex_entry) emit entries. An entry holds the
/// instruction relative to itself, the landing relative to the instruction, and flags.
#[repr(C)]
pub struct Entry {
    insn: i32,
    landing: i16,
    flags: u16,
}

/// The linker fragment and the macros rely on this size.
pub(super) const ENTRY_SIZE: usize = 8;
const _: () = assert!(size_of::<Entry>() == ENTRY_SIZE);
const _: () = assert!(align_of::<Entry>() == 4);

impl Entry {
    /// The address of the instruction that may fault.
    #[inline]
    pub fn insn(&self) -> usize {
        (&raw const *self).addr().wrapping_add_signed(self.insn as isize)
    }

    /// The address of the landing: execution goes on here after the fault.
    #[inline]
    pub fn landing(&self) -> usize {
        self.insn().wrapping_add_signed(self.landing as isize)
    }

    /// Whether a fault of this access can come from the user side of the instruction.
    ///
    /// Most instructions access user memory only. For them the program counter decides, and the answer is always true.
    /// A few instructions access kernel memory too. Their faults are accepted only if `access` is known and is the
    /// access of the user side.
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

    /// Whether a fault must go straight to the landing, without the pager. The access was made in a no-fault form.
    #[inline]
    pub fn is_nofault(&self) -> bool {
        self.flags & NOFAULT != 0
    }

    /// Whether the compiler inlined the instruction, so that it belongs to no routine. For tests.
    #[doc(hidden)]
    #[inline]
    pub fn is_inlined(&self) -> bool {
        self.flags & INLINED != 0
    }

    /// Whether the instruction belongs to the self test of trap handlers.
    pub(crate) const fn is_rehearsed(&self) -> bool {
        self.flags & REHEARSED != 0
    }

    /// Whether a landing of the self test gets no cause.
    pub(crate) const fn is_quiet(&self) -> bool {
        self.flags & QUIET != 0
    }

    /// Whether a landing of the self test gets the address of the report instead of a cause.
    pub(crate) const fn is_echo(&self) -> bool {
        self.flags & ECHO != 0
    }

    /// Whether two entries for one instruction are equal, so that a lookup may return either.
    pub(super) const fn says_the_same_as(&self, other: &Self) -> bool {
        self.landing == other.landing && self.flags == other.flags
    }

    /// The access of the user side, if the flags name only one.
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
