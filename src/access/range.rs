// SPDX-License-Identifier: MIT OR Apache-2.0
//! Byte ranges that are proved to lie in the user half.

use core::fmt;

use crate::{
    arch,
    recovery::{limit::user_limit, tag::untagged},
};

/// A byte range that lies wholly in the user half.
///
/// It says *where* the bytes are. It does not say that they are mapped, or stay mapped. It was checked when it was
/// made; each access checks it again, against the limit at that time.
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
    /// The range without a byte.
    pub const EMPTY: Self = Self { start: 0, len: 0 };

    /// Checks that `start..start + len` does not wrap and ends at or below [`user_limit`].
    ///
    /// Returns `None` if that does not hold. An empty range is accepted at any address: it touches nothing. If user
    /// addresses have tags (`set_tag_bits`), the range is that of the address without its tag.
    #[inline]
    #[must_use]
    pub fn new(start: usize, len: usize) -> Option<Self> {
        let start = untagged(start);
        fits(start, len, user_limit()).then_some(Self { start, len })
    }

    /// Makes the same check and returns the masked start, too, in the fewest instructions. The masked start is the
    /// result of the check.
    ///
    /// Only a masked start of 0 needs a second look. It has three causes: the range was refused, it begins at 0, or
    /// it is empty (and nothing uses its start).
    ///
    /// It returns an `Option`, which callers take apart by `let .. else`. With a `Result` of a
    /// [`Fault`](crate::Fault), the compiler would store the address over the fault's bytes and rebuild it from
    /// pieces.
    #[inline(always)]
    pub(crate) fn confined(start: usize, len: usize) -> Option<(Self, usize)> {
        let start = untagged(start);
        // NOTE: every access gets its address from here. Load the limit once, for the mask and for the check. With
        // two loads, another CPU could raise the limit between them. Then the check would accept an address that the
        // mask has moved to 0.
        let limit = user_limit();
        let confined = arch::confine(start, len, limit);
        if confined == 0 && is_refused(start, len, limit) {
            return None;
        }
        Some((Self { start, len }, confined))
    }

    /// Makes the range of the first bytes at `start`, `most` at most, that lie in the user half. Returns its masked start
    /// and its length, or `None` if it would be empty.
    #[inline(always)]
    pub(crate) fn confined_part(start: usize, most: usize) -> Option<(usize, usize)> {
        let start = untagged(start);
        // One load, as above.
        let limit = user_limit();
        let len = most.min(limit.saturating_sub(start));
        (len > 0).then(|| (arch::confine(start, len, limit), len))
    }

    /// Checks and masks again the range of a batch, which was checked before the window was opened.
    ///
    /// If the limit is lower now, the range is refused here. It makes no call, because the window is open.
    ///
    /// The comparison uses a copy that the compiler knows nothing about. Otherwise the compiler would learn that the
    /// masked and the unmasked address are equal, and use the unmasked one.
    #[inline(always)]
    pub(crate) fn confined_again(start: usize, len: usize) -> Option<(Self, usize)> {
        let start = untagged(start);
        let confined = arch::confine(start, len, user_limit());
        (arch::hidden::hide(confined) == start).then_some((Self { start, len }, confined))
    }

    /// Makes a range without a check, for something that another place checks. No access relies on it: each access
    /// checks again.
    #[inline]
    pub(crate) fn checked_before(start: usize, len: usize) -> Self {
        Self { start: untagged(start), len }
    }

    /// Returns the address of the first byte.
    #[inline]
    #[must_use]
    pub const fn start(&self) -> usize {
        self.start
    }

    /// Returns the number of bytes.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether the range has no byte.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Splits off the first `len` bytes, or all if there are fewer. Returns them and the rest.
    #[must_use]
    pub const fn split_at(&self, len: usize) -> (Self, Self) {
        let len = if len < self.len { len } else { self.len };
        let head = Self { start: self.start, len };
        // No overflow: `start + self.len` did not wrap, or `len` is 0.
        (head, Self { start: self.start + len, len: self.len - len })
    }
}

// Out of line: otherwise the compiler learns that the masked start is 0 here, and uses 0 instead of the masked start.
#[cold]
#[inline(never)]
fn is_refused(start: usize, len: usize, limit: usize) -> bool {
    !fits(start, len, limit)
}

/// Returns whether `start..start + len` does not wrap and ends at or below `limit`, or is empty.
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

    /// A process has one limit: each test sets the same.
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
        // The test's, and the ends of the user halves of all widths.
        let page = 4096;
        let halves = [1 << 38, 1 << 47, (1 << 47) - page, 1 << 48, 1 << 52, 1 << 56, (1 << 56) - page];
        for limit in halves.into_iter().chain([TEST_LIMIT]) {
            let near = [limit - 1, limit, limit + 1];
            let interesting = [0, 1, 2, 1 << 47, 1 << 56, 1 << 63, usize::MAX].into_iter().chain(near);
            for addr in interesting.clone() {
                for len in interesting.clone() {
                    let fits = len <= limit && addr <= limit - len;
                    let expected = if fits { addr } else { 0 };
                    assert_eq!(
                        arch::confine(addr, len, limit),
                        expected,
                        "{addr:#x} + {len:#x} below {limit:#x}"
                    );
                }
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
