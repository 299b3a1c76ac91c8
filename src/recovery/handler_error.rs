// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the self test of a trap handler finds wrong.

use core::fmt;

use crate::{
    arch::CAUSE_REGISTER,
    extable::cause::{Access, FaultKind},
};

/// The defect of a trap handler that [`trap::selftest`](crate::trap::selftest) has found.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandlerError {
    /// 64 bytes at the address do not lie in the user half, or nothing has set the user limit yet (0). No fault was taken.
    NotUserMemory {
        /// The address that the kernel named.
        addr: usize,
        /// The user limit.
        limit: usize,
    },
    /// An access to the address did not fault in the end: something is mapped there, or the pager has mapped it.
    Accessible {
        /// The address that the kernel named.
        addr: usize,
    },
    /// The cause went into another register than [`Landing::REGISTER`](crate::extable::Landing::REGISTER).
    WrongRegister {
        /// The register that has the cause.
        register: &'static str,
    },
    /// A register came back changed. The handler does not save it, or does not restore it.
    Clobbered {
        /// Its name.
        register: &'static str,
    },
    /// The window came back changed: the handler left it open, or took it from the code that it interrupted.
    Window {
        /// Whether it was open at the fault.
        was_open: bool,
    },
    /// Interrupts came back changed.
    Interrupts {
        /// Whether they were on at the fault.
        were_on: bool,
    },
    /// The report says the other access.
    WrongAccess {
        /// The access that was made.
        made: Access,
    },
    /// The report says another kind than [`NotPresent`](FaultKind::NotPresent).
    WrongKind {
        /// The kind in the report.
        told: FaultKind,
    },
    /// The report has another page's address, or none. A pager would be asked for that one.
    WrongAddress {
        /// The address in the report; `usize::MAX` if it has none.
        told: usize,
        /// The address of the access.
        made: usize,
    },
    /// A routine counted bytes at an address where nothing is: registers were lost on the way to its landing.
    WrongCount {
        /// What the routine does to user memory.
        access: Access,
        /// The number of bytes that it left.
        left: usize,
        /// The number of bytes that there were.
        of: usize,
    },
    /// A fault that is not in the table did not reach the kernel's own handler, by the word of the caller's function.
    OwnFaultLost,
    /// A fault of user mode went on at a landing.
    UserFaultTaken,
}

impl fmt::Debug for HandlerError {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUserMemory { addr, limit } => f
                .debug_struct("NotUserMemory")
                .field("addr", &format_args!("{addr:#x}"))
                .field("limit", &format_args!("{limit:#x}"))
                .finish(),
            Self::Accessible { addr } => {
                f.debug_struct("Accessible").field("addr", &format_args!("{addr:#x}")).finish()
            }
            Self::WrongRegister { register } => {
                f.debug_struct("WrongRegister").field("register", register).finish()
            }
            Self::Clobbered { register } => f.debug_struct("Clobbered").field("register", register).finish(),
            Self::Window { was_open } => f.debug_struct("Window").field("was_open", was_open).finish(),
            Self::Interrupts { were_on } => f.debug_struct("Interrupts").field("were_on", were_on).finish(),
            Self::WrongAccess { made } => f.debug_struct("WrongAccess").field("made", made).finish(),
            Self::WrongKind { told } => f.debug_struct("WrongKind").field("told", told).finish(),
            Self::WrongAddress { told, made } => f
                .debug_struct("WrongAddress")
                .field("told", &format_args!("{told:#x}"))
                .field("made", &format_args!("{made:#x}"))
                .finish(),
            Self::WrongCount { access, left, of } => f
                .debug_struct("WrongCount")
                .field("access", access)
                .field("left", left)
                .field("of", of)
                .finish(),
            Self::OwnFaultLost => f.write_str("OwnFaultLost"),
            Self::UserFaultTaken => f.write_str("UserFaultTaken"),
        }
    }
}

impl fmt::Display for HandlerError {
    // Inline, because a program prints it in one place at most.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUserMemory { addr, limit } => write!(
                f,
                "64 bytes at {addr:#x} do not lie in the user half, which ends at {limit:#x}: name an address with nothing \
                 mapped at it, after `set_user_limit`"
            ),
            Self::Accessible { addr } => {
                write!(f, "something is mapped at {addr:#x}, or the pager maps it: name an address without a page")
            }
            Self::WrongRegister { register } => write!(
                f,
                "`TrapFrame::set_cause` sets {register}: the cause belongs into {CAUSE_REGISTER}, or nowhere"
            ),
            Self::Clobbered { register } => {
                write!(f, "the trap handler changes {register}: save it at the entry, and restore it from the frame")
            }
            Self::Window { was_open: false } => {
                f.write_str("the trap handler leaves the window open: it must return with the state that it has found")
            }
            Self::Window { was_open: true } => f.write_str(
                "the trap handler returns with the window closed that was open at the fault: restore it with the frame",
            ),
            Self::Interrupts { were_on } => write!(
                f,
                "interrupts were {} at the fault, and are not afterwards: restore their state with the frame",
                if *were_on { "on" } else { "off" }
            ),
            Self::WrongAccess { made } => {
                write!(f, "the report of a {made:?} says the other access: look at how the fault code is decoded")
            }
            Self::WrongKind { told } => {
                write!(f, "the report of an absent page says {told:?}: look at how the fault code is decoded, and that no page is there")
            }
            Self::WrongAddress { told, made } => write!(
                f,
                "the report of an access at {made:#x} says {told:#x} (all bits set: no address): look at which register is read for it"
            ),
            Self::WrongCount { access, left, of } => write!(
                f,
                "a routine says that {left} of {of} bytes are left of a {access:?} at an absent page: \
                 registers are lost between the fault and the landing"
            ),
            Self::OwnFaultLost => f.write_str(
                "a fault outside of the table does not reach the kernel's own handler: pass it on if `recover` says `NotOurs`, to \
                 `OwnFault::step_over` there",
            ),
            Self::UserFaultTaken => f.write_str(
                "a fault of user mode goes on at a landing: ask `recover` for faults of kernel mode only",
            ),
        }
    }
}

impl core::error::Error for HandlerError {}
