// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where user memory may be: the user half, and ranges proved to lie in it.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::arch;

/// The end of the user half. A process has none until `hosted::install` says so: all its memory is "user
/// memory" to this crate, and only the installer can answer for that.
static LIMIT: AtomicUsize = AtomicUsize::new(if cfg!(target_os = "none") { arch::USER_LIMIT } else { 0 });

/// The end of the user half: every accepted range ends at or below it.
///
/// In a kernel it starts as [`DEFAULT_USER_LIMIT`]; in a Linux process as 0, until `hosted::install`.
#[inline]
#[must_use]
pub fn user_limit() -> usize {
    LIMIT.load(Ordering::Relaxed)
}

/// The end of the user half unless the kernel sets another, in bytes (x86_64: 2^47 - 4096, so that no
/// string instruction can run into the non-canonical hole; SDM vol. 1, 3.3.7.1).
pub const DEFAULT_USER_LIMIT: usize = arch::USER_LIMIT;

/// Sets the end of the user half, for all CPUs and all later checks.
///
/// # Safety
///
/// 1. No memory below `limit` is the kernel's own: whatever safe code then passes as a user address below it
///    may be read, and overwritten, by this crate.
pub unsafe fn set_user_limit(limit: usize) {
    LIMIT.store(limit, Ordering::Relaxed);
}

/// A byte range that lies wholly in the user half of the address space.
///
/// It says *where* the bytes are, never that they are mapped or stay so.
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
        // NOTE: this and `confined` are the only constructors of a non-empty range; the unsafe code above this layer
        // relies on them.
        let fits = user_limit().checked_sub(len).is_some_and(|last| start <= last);
        (fits || len == 0).then_some(Self { start, len })
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
        let confined = arch::confine(start, len, user_limit());
        if confined == 0 && Self::is_refused(start, len) {
            return None;
        }
        Some((Self { start, len }, confined))
    }

    #[cold]
    fn is_refused(start: usize, len: usize) -> bool {
        Self::new(start, len).is_none()
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

    /// The start, as data that a mispredicted check cannot reach: 0 if the range is not below the limit.
    #[inline(always)]
    pub(crate) fn confined_start(&self) -> usize {
        arch::confine(self.start, self.len, user_limit())
    }
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
