// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why an access failed: the public types, and the one word that carries them to a landing.

use core::fmt;

use crate::arch::shape::UNTOLD;

/// The direction of an access to user memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Access {
    /// The kernel reads user memory.
    Read = 1,
    /// The kernel writes user memory.
    Write = 2,
}

impl Access {
    const fn from_bits(bits: usize) -> Option<Self> {
        match bits {
            1 => Some(Self::Read),
            2 => Some(Self::Write),
            _ => None,
        }
    }
}

/// What stopped an access.
///
/// The kind tells where the accessible bytes can end, as long as no other CPU changes the pages. Kinds below 0x80 end
/// at a page boundary. Kinds from 0x80 on may end inside a page, so the routines finish such a copy byte by byte. If
/// another CPU unmaps or maps pages during the call, any kind may end anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum FaultKind {
    /// The trap handler did not tell the kind. A trap handler that can only set the program counter never does.
    Unknown = 0,
    /// The range is not in the user half. The call was refused before any access.
    OutOfRange = 1,
    /// No page is mapped there, and the pager provided none.
    ///
    /// In a kernel on riscv64 it can also mean [`Permission`](Self::Permission): a page fault of that machine does not
    /// tell the two apart.
    NotPresent = 2,
    /// The page does not permit the access.
    Permission = 3,
    /// A protection key forbids the access.
    ProtectionKey = 4,
    /// The machine cannot translate the address (x86_64: a non-canonical address, #GP).
    NonCanonical = 5,
    /// The page is mapped, but there is no memory for it: a file mapping beyond the end of its file.
    Bus = 6,
    /// Nothing has set the user limit yet. The call was refused before any access.
    ///
    /// A kernel sets it with [`set_user_limit`](crate::set_user_limit), a process with `hosted::install`.
    NotSetUp = 7,
    /// The machine requires an aligned access here, and the address was not aligned.
    Misaligned = 0x80,
    /// The memory is damaged, and the machine noticed it.
    Poison = 0x81,
    /// The tag of the pointer differs from the tag of the memory (aarch64 MTE).
    Tag = 0x82,
    /// The page is mapped, but its physical address refuses the access. Either nothing answers there, or machine mode
    /// forbids the access in steps smaller than a page.
    ///
    /// It is an access fault on riscv64 (PMP, PMA), and a synchronous external abort on aarch64. Some machines report
    /// damaged memory in the same way, aarch64 among them. Damaged memory is of this kind there.
    Physical = 0x83,
}

impl FaultKind {
    /// Whether the call was refused before any access.
    pub(crate) const fn is_refusal(self) -> bool {
        matches!(self, Self::OutOfRange | Self::NotSetUp)
    }

    /// Whether the accessible bytes may end inside a page.
    pub(crate) const fn ends_anywhere(self) -> bool {
        self as u8 >= 0x80
    }

    const fn from_bits(bits: usize) -> Self {
        const KNOWN: [FaultKind; 11] = [
            FaultKind::OutOfRange,
            FaultKind::NotSetUp,
            FaultKind::NotPresent,
            FaultKind::Permission,
            FaultKind::ProtectionKey,
            FaultKind::NonCanonical,
            FaultKind::Bus,
            FaultKind::Misaligned,
            FaultKind::Poison,
            FaultKind::Tag,
            FaultKind::Physical,
        ];
        let mut i = 0;
        while i < KNOWN.len() {
            if KNOWN[i] as usize == bits {
                return KNOWN[i];
            }
            i += 1;
        }
        Self::Unknown
    }
}

/// The value of the cause register at a landing: the kind in bits 0..8, the access in bits 8..16, and bit 16 set.
///
/// Bit 16 makes the value different from 0. The routine presets the register to 0, so 0 means that no handler wrote it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cause(usize);

impl fmt::Debug for Cause {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cause({:#x})", self.0)
    }
}

impl Cause {
    const REPORTED: usize = 1 << 16;

    pub(crate) const fn new(access: Option<Access>, kind: FaultKind) -> Self {
        let access = match access {
            Some(access) => access as usize,
            None => 0,
        };
        Self(Self::REPORTED | access << 8 | kind as usize)
    }

    pub(crate) const fn from_register(value: usize) -> Self {
        Self(value)
    }

    pub(crate) const fn to_register(self) -> usize {
        self.0
    }

    #[inline]
    pub(crate) const fn access(self) -> Option<Access> {
        Access::from_bits(self.0 >> 8 & 0xff)
    }

    #[inline]
    pub(crate) const fn kind(self) -> FaultKind {
        FaultKind::from_bits(self.0 & 0xff)
    }

    /// Whether [`new`](Self::new) makes this value: a register that holds anything else has no cause.
    #[inline]
    pub(crate) const fn is_whole(self) -> bool {
        self.0 == Self::new(self.access(), self.kind()).0
    }
}

// An inlined access presets this value. Its landing finds it if the trap handler did not write a cause.
const _: () = assert!(Cause::new(None, FaultKind::Unknown).0 == UNTOLD);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_survives_its_register_and_is_never_zero() {
        let kinds = [
            FaultKind::Unknown,
            FaultKind::OutOfRange,
            FaultKind::NotPresent,
            FaultKind::Permission,
            FaultKind::ProtectionKey,
            FaultKind::NonCanonical,
            FaultKind::Bus,
            FaultKind::NotSetUp,
            FaultKind::Misaligned,
            FaultKind::Poison,
            FaultKind::Tag,
            FaultKind::Physical,
        ];
        for kind in kinds {
            for access in [None, Some(Access::Read), Some(Access::Write)] {
                let value = Cause::new(access, kind).to_register();
                assert_ne!(value, 0);
                let cause = Cause::from_register(value);
                assert_eq!((cause.access(), cause.kind()), (access, kind));
            }
        }
    }

    /// For a cause with bit 7 set, the routines finish the copy byte by byte.
    #[test]
    fn causes_that_may_end_inside_a_page_have_bit_7() {
        let within = [FaultKind::Misaligned, FaultKind::Poison, FaultKind::Tag, FaultKind::Physical];
        let at_pages =
            [FaultKind::NotPresent, FaultKind::Permission, FaultKind::NonCanonical, FaultKind::Bus];
        assert_eq!(within.map(FaultKind::ends_anywhere), [true; 4]);
        assert_eq!(at_pages.map(FaultKind::ends_anywhere), [false; 4]);
    }

    #[test]
    fn a_register_nobody_wrote_reads_as_unknown() {
        let cause = Cause::from_register(0);
        assert_eq!((cause.access(), cause.kind()), (None, FaultKind::Unknown));
    }
}
