// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where user memory may be: the user half, and ranges proved to lie in it.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::arch;

/// The end of the user half. There is none until somebody has said so who can answer for it: a kernel by
/// [`set_user_limit`], a process by `hosted::install`. A guess would let safe code reach the memory of a kernel that
/// lies below it.
static LIMIT: AtomicUsize = AtomicUsize::new(0);

/// The end of the user half: every accepted range ends at or below it.
///
/// It is 0, and so every access refused, until [`set_user_limit`] (in a process: `hosted::install`) has said where user
/// memory may be.
#[inline]
#[must_use]
pub fn user_limit() -> usize {
    LIMIT.load(Ordering::Relaxed)
}

/// Where the user half ends in most kernels of this machine, in bytes: the argument for [`set_user_limit`] of a kernel
/// that lies above it (x86_64: 2^47 - 4096, so that no string instruction can run into the non-canonical hole; SDM
/// vol. 1, 3.3.7.1).
pub const DEFAULT_USER_LIMIT: usize = arch::USER_LIMIT;

/// States where user memory may be: below `limit`, on all CPUs, from now on.
///
/// Each kernel calls it once at boot, before the first access: until then every access is refused, with
/// [`FaultKind::NotSetUp`](crate::FaultKind::NotSetUp). [`selftest`](crate::selftest()) finds a limit above the
/// kernel's own code, data or stack.
///
/// ```
/// use axptr::{DEFAULT_USER_LIMIT, FaultKind, UserConstPtr};
///
/// let early = UserConstPtr::<u32>::from(0x1000).read().unwrap_err();
/// assert_eq!(early.kind, FaultKind::NotSetUp);
/// // SAFETY: (1) this kernel is linked above the default limit, and maps nothing of its own below it.
/// unsafe { axptr::set_user_limit(DEFAULT_USER_LIMIT) };
/// assert_eq!(axptr::user_limit(), DEFAULT_USER_LIMIT);
/// ```
///
/// # Safety
///
/// 1. No memory below `limit` is the kernel's own: whatever safe code then passes as a user address below it
///    may be read, and overwritten, by this crate.
pub unsafe fn set_user_limit(limit: usize) {
    LIMIT.store(limit, Ordering::Relaxed);
}

/// The first of these addresses of the kernel's own that the limit reaches over. In a process there is none: all of its
/// memory is user memory.
#[inline]
pub(crate) fn first_below_limit(own: &[usize]) -> Option<usize> {
    let is_kernel = cfg!(target_os = "none");
    own.iter().copied().find(|&addr| is_kernel && addr < user_limit())
}

/// Where this crate keeps the limit: an address of the image's data.
pub(crate) fn address_of_limit() -> usize {
    (&raw const LIMIT).addr()
}

/// A byte range that lies wholly in the user half of the address space.
///
/// It says *where* the bytes are, never that they are mapped or stay so. It was true when the range was made: each
/// access asks the limit of its own time again.
///
/// ```
/// # unsafe { axptr::hosted::install() }.unwrap();
/// # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
/// # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
/// use axptr::{UserRange, user_limit};
///
/// let range = UserRange::new(page, 100).unwrap();
/// let (head, tail) = range.split_at(30);
/// assert_eq!((head.len(), tail.start(), tail.len()), (30, page + 30, 70));
/// assert!(UserRange::new(user_limit(), 1).is_none());
/// assert!(UserRange::new(usize::MAX, 2).is_none() && UserRange::new(usize::MAX, 0).is_some());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserRange {
    start: usize,
    len: usize,
}

impl UserRange {
    /// No byte at all.
    pub const EMPTY: Self = Self { start: 0, len: 0 };

    /// Checks that `start..start + len` does not wrap and ends at or below [`user_limit`].
    ///
    /// An empty range is accepted anywhere: it touches nothing.
    #[inline]
    #[must_use]
    pub fn new(start: usize, len: usize) -> Option<Self> {
        fits(start, len, user_limit()).then_some(Self { start, len })
    }

    /// The same check with the masked start beside it, in the fewest instructions: the mask's answer is the verdict.
    ///
    /// Only where that is 0 is there more to ask: for a range that was refused, one that begins at 0, and an empty
    /// one, whose start nobody uses.
    ///
    /// Callers take it apart by `let .. else`: as a `Result` with a [`Fault`](crate::Fault) the compiler would lay the
    /// address over the fault's bytes, and put it together again from pieces.
    #[inline(always)]
    pub(crate) fn confined(start: usize, len: usize) -> Option<(Self, usize)> {
        // NOTE: every access gets its address from here. One load of the limit answers for the mask and for the verdict:
        // with two, a limit that was raised in between would let a masked address pass.
        let limit = user_limit();
        let confined = arch::confine(start, len, limit);
        if confined == 0 && is_refused(start, len, limit) {
            return None;
        }
        Some((Self { start, len }, confined))
    }

    /// The range of something that was checked when it was made. No access relies on it: each checks again.
    #[inline]
    pub(crate) const fn checked_before(start: usize, len: usize) -> Self {
        Self { start, len }
    }

    /// The first byte's address.
    #[inline]
    #[must_use]
    pub const fn start(&self) -> usize {
        self.start
    }

    /// The number of bytes.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no byte in it.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first `len` bytes, or all if there are fewer, and the rest.
    #[must_use]
    pub const fn split_at(&self, len: usize) -> (Self, Self) {
        let len = if len < self.len { len } else { self.len };
        let head = Self { start: self.start, len };
        // No overflow: `start + self.len` did not wrap, or `len` is 0.
        (head, Self { start: self.start + len, len: self.len - len })
    }
}

// Out of line: else the compiler learns that the mask's answer is 0 there, and passes that and not the answer.
#[cold]
#[inline(never)]
fn is_refused(start: usize, len: usize, limit: usize) -> bool {
    !fits(start, len, limit)
}

/// Whether `start..start + len` does not wrap and ends at or below `limit`, or has no byte at all.
#[inline]
fn fits(start: usize, len: usize, limit: usize) -> bool {
    len == 0 || limit.checked_sub(len).is_some_and(|last| start <= last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limit is one for the process: each test sets the same.
    const TEST_LIMIT: usize = 0x8000;

    fn with_limit() {
        // SAFETY: (1) these tests only compute with addresses.
        unsafe { set_user_limit(TEST_LIMIT) };
    }

    #[test]
    fn a_range_ends_at_the_limit_or_below_it() {
        with_limit();
        for (start, len, accepted) in [
            (0, 1, true),
            (TEST_LIMIT - 1, 1, true),
            (TEST_LIMIT, 1, false),
            (TEST_LIMIT - 1, 2, false),
            (0, TEST_LIMIT, true),
            (0, TEST_LIMIT + 1, false),
            (1, usize::MAX, false),
            (usize::MAX, 1, false),
            (usize::MAX, usize::MAX, false),
            (usize::MAX, 0, true),
            (TEST_LIMIT, 0, true),
        ] {
            assert_eq!(UserRange::new(start, len).is_some(), accepted, "{start:#x} + {len:#x}");
        }
    }

    #[test]
    fn the_mask_agrees_with_the_check() {
        let interesting = [0, 1, 2, 0x7fff, 0x8000, 0x8001, 1 << 47, 1 << 63, usize::MAX];
        for addr in interesting {
            for len in interesting {
                let fits = len <= TEST_LIMIT && addr <= TEST_LIMIT - len;
                let expected = if fits { addr } else { 0 };
                assert_eq!(arch::confine(addr, len, TEST_LIMIT), expected, "{addr:#x} + {len:#x}");
            }
        }
    }

    #[test]
    fn splitting_stays_inside() {
        with_limit();
        let range = UserRange::new(0x100, 0x20).unwrap();
        let (head, tail) = range.split_at(8);
        assert_eq!((head.start(), head.len()), (0x100, 8));
        assert_eq!((tail.start(), tail.len()), (0x108, 0x18));
        let (all, nothing) = range.split_at(usize::MAX);
        assert_eq!(all, range);
        assert_eq!((nothing.start(), nothing.is_empty()), (0x120, true));
    }
}
