// SPDX-License-Identifier: MIT OR Apache-2.0
//! The error of the typed API.

use core::fmt;

use crate::{
    access::{errno, outcome::Outcome, range::UserRange},
    extable::cause::{Access, FaultKind},
    recovery::{limit::user_limit, tag::untagged},
};

/// An access to user memory that stopped before its last byte.
///
/// Every byte before [`addr`](Self::addr) was done, and no byte from `addr` on. This holds even if other CPUs change
/// the pages during the call. `done` is never too large. `docs/operations.md` names three rare cases in which it may be too
/// small.
///
/// The fault describes the moment of the access. If another CPU gives a page back, the byte at `addr` may be
/// accessible again when you look at the fault.
///
/// A `Fault` is `Copy`, and as large as three words.
///
/// ```
/// # unsafe { axptr::hosted::install() }.unwrap();
/// # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
/// # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
/// # fn report_damaged_memory(_: usize) {}
/// use axptr::{Access, FaultKind, copy_to_user};
///
/// /// read(2): returns the number of bytes that the program got, or an error number.
/// fn sys_read(file: &[u8], buf: usize) -> isize {
///     let Err(fault) = copy_to_user(buf, file) else { return file.len() as isize };
///     if fault.kind == FaultKind::Poison {
///         report_damaged_memory(fault.addr);
///     }
///     if fault.done > 0 { fault.done as isize } else { -(fault.errno() as isize) }
/// }
///
/// // `page` is 4096 bytes of user memory. No page follows it.
/// assert_eq!(sys_read(b"hello", page), 5);
/// assert_eq!(sys_read(b"hello", page + 4093), 3);
/// assert_eq!(sys_read(b"hello", page + 4096), -14); // EFAULT
///
/// let fault = copy_to_user(page + 4093, b"hello").unwrap_err();
/// assert_eq!((fault.done, fault.addr), (3, page + 4096));
/// assert_eq!((fault.access, fault.kind), (Access::Write, FaultKind::NotPresent));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The number of bytes that were done: copied, filled, compared or scanned.
    pub done: usize,
    /// The user address of the first byte that was not done: the start of the operation plus `done`.
    pub addr: usize,
    /// Whether the kernel tried to read or to write that byte.
    pub access: Access,
    /// Why that byte could not be accessed. If pages go away during the call, it may be why a byte in front of it could no
    /// longer be: one that was done, and met again by an access that overlaps.
    pub kind: FaultKind,
}

impl Fault {
    /// Makes the fault of an operation that began at user address `start` and stopped after `done` bytes.
    ///
    /// For code on top of [`raw`](crate::raw) that does an operation in pieces and reports it as a whole.
    #[must_use]
    pub const fn new(start: usize, done: usize, access: Access, kind: FaultKind) -> Self {
        Self { done, addr: start.wrapping_add(done), access, kind }
    }

    /// Returns the error number for a syscall: EFAULT, on every architecture.
    #[must_use]
    pub const fn errno(&self) -> i32 {
        errno::EFAULT
    }

    /// Makes the fault of a range that was refused before any access.
    ///
    /// It is inlined, so that the compiler makes it in registers. If it were made in memory, a value that is returned
    /// beside it would go through memory, too.
    #[inline(always)]
    pub(crate) fn out_of_range(addr: usize, access: Access) -> Self {
        Self::new(untagged(addr), 0, access, refusal())
    }

    /// Does the same as [`out_of_range`](Self::out_of_range), by a call. It is for a batch: that has many such
    /// places, and returns no value beside the fault.
    #[cold]
    #[inline(never)]
    pub(crate) fn refused(addr: usize, access: Access) -> Self {
        Self::out_of_range(addr, access)
    }

    /// Calls [`UserRange::new`], and turns a refusal into a fault.
    #[inline(always)]
    pub(crate) fn range(start: usize, len: usize, access: Access) -> Result<UserRange, Self> {
        let Some(range) = UserRange::new(start, len) else { return Err(Self::out_of_range(start, access)) };
        Ok(range)
    }

    /// Turns the outcome of an operation of `len` bytes at user address `start` into a `Result`.
    #[inline]
    pub(crate) fn check(outcome: Outcome, start: usize, len: usize, access: Access) -> Result<(), Self> {
        if outcome.left() == 0 {
            return Ok(());
        }
        Err(Self::stopped(outcome, start, len, access))
    }

    #[cold]
    fn stopped(outcome: Outcome, start: usize, len: usize, access: Access) -> Self {
        // A trap frame that restores the wrong register may leave any count. Safe code must not see more than `len`.
        let done = len.saturating_sub(outcome.left());
        Self::new(untagged(start), done, access, outcome.kind())
    }

    /// Returns the same fault, seen from a longer operation that had done `before` bytes already.
    ///
    /// The sum saturates, because a step that the kernel provides may report any count.
    pub(crate) const fn after(self, before: usize) -> Self {
        Self { done: before.saturating_add(self.done), ..self }
    }
}

/// Returns why a range was refused.
#[cold]
#[inline(never)]
fn refusal() -> FaultKind {
    if user_limit() == 0 { FaultKind::NotSetUp } else { FaultKind::OutOfRange }
}

impl fmt::Debug for Fault {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("done", &self.done)
            .field("addr", &format_args!("{:#x}", self.addr))
            .field("access", &self.access)
            .field("kind", &self.kind)
            .finish()
    }
}

impl fmt::Display for Fault {
    // Five error types contain a `Fault`. Inlining this into each of them costs 0.9 KiB.
    #[inline(never)]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.access {
            Access::Read => "read",
            Access::Write => "write",
        };
        let Self { addr, done, kind, .. } = self;
        write!(f, "user {access} fault at {addr:#x} after {done} bytes ({kind:?})")?;
        if *kind == FaultKind::NotSetUp {
            f.write_str(": call `axptr::set_user_limit` at boot, in a process `axptr::hosted::install`")?;
        }
        Ok(())
    }
}

impl core::error::Error for Fault {}

errno::conversions!(Fault);

const _: () = assert!(size_of::<Fault>() == 3 * size_of::<usize>());
