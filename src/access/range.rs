// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ranges proved to lie in the user half.

use core::fmt;

use crate::{arch, recovery::limit::user_limit};

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
#[derive(Clone, Copy, PartialEq, Eq)]
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

    /// The masked start of a range that a batch has checked before it opened the window, and whose limit may have been lowered
    /// since: then it is refused here. No call is made: the window is open.
    ///
    /// The comparison is made with a copy that the compiler knows nothing of. Else it would learn that both are equal, and
    /// pass the one that is not masked.
    #[inline(always)]
    pub(crate) fn confined_again(start: usize, len: usize) -> Option<(Self, usize)> {
        let confined = arch::confine(start, len, user_limit());
        (arch::hidden::hide(confined) == start).then_some((Self { start, len }, confined))
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

impl fmt::Debug for UserRange {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRange")
            .field("start", &format_args!("{:#x}", self.start))
            .field("len", &self.len)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::limit::set_user_limit;

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
