// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why an access failed, in the form that travels through a landing's register.

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
/// While nothing changes, kinds below 0x80 end at a page boundary. Those from 0x80 on may end inside a page, so the
/// routines finish such a copy bytewise. Where another CPU takes pages away in the middle of a call, or gives them back,
/// any kind may end anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum FaultKind {
    /// The trap handler did not say, because it can only set the program counter.
    Unknown = 0,
    /// The range is not in the user half: refused before any access.
    OutOfRange = 1,
    /// No page is mapped there, and the pager provided none.
    ///
    /// In a kernel on riscv64, whose page faults do not tell, also [`Permission`](Self::Permission).
    NotPresent = 2,
    /// The page does not permit the access.
    Permission = 3,
    /// A protection key forbids the access.
    ProtectionKey = 4,
    /// The address is none that the machine can translate (x86_64: non-canonical, #GP).
    NonCanonical = 5,
    /// The page exists, its memory does not: a file mapping behind the end of the file.
    Bus = 6,
    /// Nobody has said yet where user memory may be: refused before any access.
    ///
    /// A kernel says it by [`set_user_limit`](crate::set_user_limit), a process by `hosted::install`.
    NotSetUp = 7,
    /// The access must be aligned and was not.
    Misaligned = 0x80,
    /// The memory itself is damaged, and the machine noticed.
    Poison = 0x81,
    /// The pointer's tag is not the memory's (aarch64 MTE).
    Tag = 0x82,
    /// The page is mapped, but what is behind its physical address refuses the access: nothing answers there, or machine
    /// mode forbids it in steps smaller than a page.
    ///
    /// An access fault of riscv64 (PMP, PMA), a synchronous external abort of aarch64. Where a machine reports damaged
    /// memory by the same way, as aarch64 may, it is this kind too.
    Physical = 0x83,
}

impl FaultKind {
    /// Whether the range was refused before any access.
    pub(crate) const fn is_refusal(self) -> bool {
        matches!(self, Self::OutOfRange | Self::NotSetUp)
    }

    /// Whether the bytes that can be accessed may end inside a page.
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

/// The value of a landing's register: kind in bits 0..8, access in bits 8..16, and bit 16 set,
/// so that it is never the 0 which the routine put there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cause(usize);

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

    pub(crate) const fn access(self) -> Option<Access> {
        Access::from_bits(self.0 >> 8 & 0xff)
    }

    pub(crate) const fn kind(self) -> FaultKind {
        FaultKind::from_bits(self.0 & 0xff)
    }
}

// What a landing that was not told finds behind an inlined access.
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

    /// The routines decide by bit 7, and do such a rest bytewise.
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
