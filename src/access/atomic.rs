// SPDX-License-Identifier: MIT OR Apache-2.0
//! What atomics of all kinds have in common: their error, and their orderings.

use core::{
    fmt,
    sync::atomic::{Ordering, fence},
};

use crate::{
    access::{errno, error::Fault},
    arch::{inline, shape::order},
};

/// Why an atomic operation was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AtomicError {
    /// The address is not a multiple of the size. Nothing has been accessed.
    Misaligned,
    /// The operation has no such ordering: a load that releases, a store that acquires. Nothing has been accessed.
    Ordering,
    /// Other CPUs wrote to the value too often. Nothing has been changed. A caller that holds no lock may try again.
    Retry,
    /// The value could not be accessed.
    Fault(Fault),
}

impl fmt::Display for AtomicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misaligned => f.write_str("a user atomic is misaligned"),
            Self::Ordering => f.write_str("a user atomic has no such ordering"),
            Self::Retry => f.write_str("a user atomic was changed by others all the time"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for AtomicError {}

impl From<Fault> for AtomicError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl AtomicError {
    /// Returns the error number for a syscall.
    #[must_use]
    pub const fn errno(&self) -> i32 {
        match self {
            Self::Misaligned | Self::Ordering => errno::EINVAL,
            Self::Retry => errno::EAGAIN,
            Self::Fault(fault) => fault.errno(),
        }
    }
}

errno::conversions!(AtomicError);

/// Does a load in an ordering.
///
/// A sequentially consistent one has a full barrier in front, where the machine does not order it behind such stores
/// anyway: whoever did these, and whatever instructions that code has.
#[inline(always)]
pub(crate) fn load_in<R>(
    order: Ordering,
    load: impl FnOnce() -> Result<R, AtomicError>,
) -> Result<R, AtomicError> {
    match order {
        Ordering::Relaxed => return load(),
        Ordering::Acquire => {}
        Ordering::SeqCst if inline::LOADS_FOLLOW_STORES => {}
        Ordering::SeqCst => fence(Ordering::SeqCst),
        _ => return Err(AtomicError::Ordering),
    }
    let value = load()?;
    fence(Ordering::Acquire);
    Ok(value)
}

/// Does a store in an ordering. A sequentially consistent one has a full barrier behind it.
#[inline(always)]
pub(crate) fn store_in(
    order: Ordering,
    store: impl FnOnce() -> Result<(), AtomicError>,
) -> Result<(), AtomicError> {
    match order {
        Ordering::Relaxed => return store(),
        Ordering::Release | Ordering::SeqCst => {}
        _ => return Err(AtomicError::Ordering),
    }
    fence(Ordering::Release);
    store()?;
    if order == Ordering::SeqCst {
        fence(Ordering::SeqCst);
    }
    Ok(())
}

/// The machine's number for the ordering of an operation that reads and writes. What `core` may add is as strict as it
/// gets.
#[inline(always)]
pub(crate) const fn both(order: Ordering) -> u8 {
    match order {
        Ordering::Relaxed => order::RELAXED,
        Ordering::Acquire => order::ACQUIRE,
        Ordering::Release => order::RELEASE,
        _ => order::BOTH,
    }
}

/// The same for a comparison, with an ordering for each way it may end; `None` if it has no such ordering.
#[inline(always)]
pub(crate) const fn either(success: Ordering, failure: Ordering) -> Option<u8> {
    match failure {
        Ordering::Relaxed => Some(both(success)),
        Ordering::Acquire => Some(both(success) | order::ACQUIRE),
        Ordering::SeqCst => Some(order::BOTH),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_as_strict_as_either_way_it_may_end() {
        use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
        for (success, failure, expected) in [
            (Relaxed, Relaxed, Some(order::RELAXED)),
            (Relaxed, Acquire, Some(order::ACQUIRE)),
            (Relaxed, SeqCst, Some(order::BOTH)),
            (Acquire, Relaxed, Some(order::ACQUIRE)),
            (Release, Relaxed, Some(order::RELEASE)),
            (Release, Acquire, Some(order::BOTH)),
            (AcqRel, Relaxed, Some(order::BOTH)),
            (SeqCst, Relaxed, Some(order::BOTH)),
            (SeqCst, Release, None),
            (Relaxed, AcqRel, None),
        ] {
            assert_eq!(either(success, failure), expected, "{success:?}, {failure:?}");
        }
    }

    #[test]
    fn an_ordering_that_an_operation_lacks_does_nothing() {
        for order in [Ordering::Release, Ordering::AcqRel] {
            assert_eq!(load_in::<()>(order, || panic!("a load")), Err(AtomicError::Ordering));
        }
        for order in [Ordering::Acquire, Ordering::AcqRel] {
            assert_eq!(store_in(order, || panic!("a store")), Err(AtomicError::Ordering));
        }
    }
}
