// SPDX-License-Identifier: MIT OR Apache-2.0
//! Region mode: asks the address space first, and makes pages present before the copy.
//!
//! The default mode, *range and table*, costs the same for every address space. Region mode also asks the address
//! space, through an [`AddrSpaceProvider`]. Use it if your kernel wants a refusal before the first access, or if its
//! pager cannot run during a copy. The kernel must be able to recover from a page fault in both modes: a page may go
//! away between the check and the copy.
//!
//! A call takes two steps:
//!
//! 1. Under the provider's lock, it asks whether areas permit the access, from user mode, over the whole range.
//! 2. Then it does the range in parts of at most [`WINDOW`] bytes. Under the lock, it makes the pages of a part
//!    present. With the lock released, it copies the part: a page fault may need the lock, and so may another CPU.
//!
//! The check says what *was* true. If another CPU unmaps a page between the check and the copy, the copy ends in a
//! [`Fault`], by the exception table.
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
//! # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
//! use axptr::{Access, AddressSpace, FaultKind, UserPtr, UserRange, region};
//!
//! /// An address space with one area, all of it present.
//! struct Space(core::ops::Range<usize>);
//!
//! impl AddressSpace for Space {
//!     fn check_region_access(&self, range: UserRange, _: Access) -> bool {
//!         self.0.start <= range.start() && range.start() + range.len() <= self.0.end
//!     }
//!     fn handle_fault(&mut self, addr: usize, _: Access) -> bool {
//!         self.0.contains(&addr)
//!     }
//! }
//!
//! let mut space = Space(page..page + 4096);
//! let number = UserPtr::<u32>::from(page);
//! number.write_in(&mut space, 7)?;
//! assert_eq!(number.read_in(&mut space)?, 7);
//! region::copy_to_user(&mut space, page, b"bytes")?;
//! let mut back = [0; 5];
//! region::copy_from_user(&mut space, &mut back, page)?;
//! assert_eq!(&back, b"bytes");
//! // Refused before the first byte, although 4 bytes are there.
//! let fault = region::fill_user(&mut space, page + 4092, 0, 8).unwrap_err();
//! assert_eq!((fault.done, fault.kind), (0, FaultKind::Permission));
//! # Ok::<(), axptr::Fault>(())
//! ```

use crate::{
    access::{context::Normal, copy, error::Fault, range::UserRange},
    extable::cause::{Access, FaultKind},
};

/// The most bytes that are made present at a time, whatever length user space asks for.
pub const WINDOW: usize = 64 * 1024;

pub(crate) const PAGE_SIZE: usize = 4096;

/// An address space, as region mode needs it. With the feature `axmm`, `axmm::AddrSpace` implements it; with `ax-mm`,
/// `ax_mm::AddrSpace`.
pub trait AddressSpace {
    /// Returns whether areas permit `access` from user mode to every byte of `range`. Its pages need not be present.
    fn check_region_access(&self, range: UserRange, access: Access) -> bool;

    /// Makes the page at `addr` accessible if it is not, and returns whether it is accessible now.
    ///
    /// A pager may call it for a fault, too. Ask the page table first. Another CPU may have faulted on the same page,
    /// and a page that is present holds data.
    fn handle_fault(&mut self, addr: usize, access: Access) -> bool;

    /// Makes the pages of `range` accessible, in ascending order. Returns how many bytes of the range are accessible.
    ///
    /// It is never called with more than [`WINDOW`] bytes.
    fn populate_area(&mut self, range: UserRange, access: Access) -> usize {
        let mut ready = 0;
        while ready < range.len() {
            let addr = range.start() + ready;
            if !self.handle_fault(addr, access) {
                break;
            }
            ready += PAGE_SIZE - addr % PAGE_SIZE;
        }
        ready.min(range.len())
    }
}

/// The address space of an [`AddrSpaceProvider`] that names none.
#[cfg(feature = "axmm")]
pub type DefaultSpace = axmm::AddrSpace;

/// The address space of an [`AddrSpaceProvider`] that names none.
#[cfg(all(feature = "ax-mm", not(feature = "axmm")))]
pub type DefaultSpace = ax_mm::AddrSpace;

/// The address space of an [`AddrSpaceProvider`] that names none. Without the features `axmm` and `ax-mm`, there is no
/// such address space.
#[cfg(not(any(feature = "axmm", feature = "ax-mm")))]
pub type DefaultSpace = core::convert::Infallible;

/// Gives access to an address space. A task that locks its own address space may implement it.
pub trait AddrSpaceProvider<A = DefaultSpace> {
    /// Calls `f` with the address space.
    ///
    /// If this takes a lock, it must release it before it returns. So no lock is held while memory is accessed.
    fn with_addr_space<R>(&mut self, f: impl FnOnce(&mut A) -> R) -> R;
}

impl<A: AddressSpace> AddrSpaceProvider<A> for &mut A {
    fn with_addr_space<R>(&mut self, f: impl FnOnce(&mut A) -> R) -> R {
        f(self)
    }
}

/// Does [`copy_from_user`](crate::copy_from_user) in region mode.
///
/// # Errors
///
/// Returns [`FaultKind::Permission`] with `done` 0 if an area does not permit the access. Then nothing has been
/// accessed. Else it fails as [`copy_from_user`](crate::copy_from_user) does.
pub fn copy_from_user<A: AddressSpace>(
    provider: impl AddrSpaceProvider<A>,
    dst: &mut [u8],
    src: usize,
) -> Result<(), Fault> {
    // SAFETY: (1) the slice is valid for writes of its length.
    unsafe { read_bytes(provider, dst.as_mut_ptr(), src, dst.len()) }
}

/// Does [`copy_to_user`](crate::copy_to_user) in region mode.
///
/// # Errors
///
/// Returns [`FaultKind::Permission`] with `done` 0 if an area does not permit the access. Then nothing has been
/// accessed. Else it fails as [`copy_to_user`](crate::copy_to_user) does.
pub fn copy_to_user<A: AddressSpace>(
    mut provider: impl AddrSpaceProvider<A>,
    dst: usize,
    src: &[u8],
) -> Result<(), Fault> {
    windows(&mut provider, dst, src.len(), Access::Write, |window, done| {
        copy::copy_to_user(window.start(), &src[done..done + window.len()])
    })
}

/// Does [`fill_user`](crate::fill_user) in region mode.
///
/// # Errors
///
/// Returns [`FaultKind::Permission`] with `done` 0 if an area does not permit the access. Then nothing has been
/// accessed. Else it fails as [`fill_user`](crate::fill_user) does.
pub fn fill_user<A: AddressSpace>(
    mut provider: impl AddrSpaceProvider<A>,
    dst: usize,
    byte: u8,
    len: usize,
) -> Result<(), Fault> {
    windows(&mut provider, dst, len, Access::Write, |window, _| {
        copy::fill_user(window.start(), byte, window.len())
    })
}

/// Copies `len` bytes from user address `src` to `dst`.
///
/// # Safety
///
/// 1. `dst` is valid for writes of `len` bytes.
pub(crate) unsafe fn read_bytes<A: AddressSpace>(
    mut provider: impl AddrSpaceProvider<A>,
    dst: *mut u8,
    src: usize,
    len: usize,
) -> Result<(), Fault> {
    windows(&mut provider, src, len, Access::Read, |window, done| {
        // `done + window.len()` is at most `len`.
        let dst = dst.wrapping_add(done);
        // SAFETY: (1) `done..done + window.len()` is a part of what ours covers.
        unsafe { copy::read_bytes::<Normal>(dst, window.start(), window.len()) }
    })
}

/// Checks the whole range and makes its pages present, in parts of at most [`WINDOW`] bytes.
#[cfg(feature = "legacy")]
pub(crate) fn make_present<A: AddressSpace>(
    provider: &mut impl AddrSpaceProvider<A>,
    start: usize,
    len: usize,
    access: Access,
) -> Result<(), Fault> {
    windows(provider, start, len, access, |_, _| Ok(()))
}

/// Checks the whole range, then does it in parts of at most [`WINDOW`] bytes. It makes the pages of a part present
/// and calls `step` with the part and the number of bytes done before it.
fn windows<A: AddressSpace>(
    provider: &mut impl AddrSpaceProvider<A>,
    start: usize,
    len: usize,
    access: Access,
    mut step: impl FnMut(UserRange, usize) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut rest = Fault::range(start, len, access)?;
    let start = rest.start();
    if rest.is_empty() {
        return Ok(());
    }
    if !provider.with_addr_space(|space| space.check_region_access(rest, access)) {
        return Err(Fault::new(start, 0, access, FaultKind::Permission));
    }
    let mut done = 0;
    while !rest.is_empty() {
        let (window, behind) = rest.split_at(WINDOW - rest.start() % WINDOW);
        let ready = provider.with_addr_space(|space| space.populate_area(window, access));
        let (present, absent) = window.split_at(ready);
        step(present, done).map_err(|fault| fault.after(done))?;
        done += present.len();
        if !absent.is_empty() {
            return Err(Fault::new(start, done, access, FaultKind::NotPresent));
        }
        rest = behind;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::limit::set_user_limit;

    /// An address space without memory. It shows what region mode does before it touches anything.
    struct Paper {
        permitted: bool,
        pages_left: usize,
        populated: usize,
        largest: usize,
    }

    impl AddressSpace for Paper {
        fn check_region_access(&self, _: UserRange, _: Access) -> bool {
            self.permitted
        }

        fn handle_fault(&mut self, _: usize, _: Access) -> bool {
            if self.pages_left == 0 {
                return false;
            }
            self.pages_left -= 1;
            self.populated += 1;
            true
        }

        fn populate_area(&mut self, range: UserRange, access: Access) -> usize {
            self.largest = self.largest.max(range.len());
            let mut ready = 0;
            while ready < range.len() && self.handle_fault(range.start() + ready, access) {
                ready += PAGE_SIZE;
            }
            ready.min(range.len())
        }
    }

    const LIMIT: usize = 0x8000;

    fn paper(permitted: bool, pages_left: usize) -> Paper {
        // SAFETY: (1) nothing here reaches memory: the ranges are empty, refused, or have no page.
        unsafe { set_user_limit(LIMIT) };
        Paper { permitted, pages_left, populated: 0, largest: 0 }
    }

    #[test]
    fn nothing_is_populated_where_an_area_refuses() {
        let mut space = paper(false, 99);
        let fault = fill_user(&mut space, 0x1000, 0, 0x2000).unwrap_err();
        assert_eq!((fault.done, fault.addr, fault.kind), (0, 0x1000, FaultKind::Permission));
        assert_eq!(space.populated, 0);
    }

    #[test]
    fn a_wrapping_range_is_refused_before_the_address_space_is_asked() {
        let mut space = paper(true, 99);
        for (start, len) in [(1, usize::MAX), (usize::MAX, 2), (LIMIT, 1), (0, LIMIT + 1)] {
            let fault = fill_user(&mut space, start, 0, len).unwrap_err();
            assert_eq!((fault.done, fault.kind), (0, FaultKind::OutOfRange));
        }
        assert_eq!((space.populated, space.largest), (0, 0));
    }

    #[test]
    fn an_empty_range_asks_nobody() {
        let mut space = paper(false, 0);
        assert_eq!(fill_user(&mut space, usize::MAX, 0, 0), Ok(()));
        assert_eq!(copy_from_user(&mut space, &mut [], 0), Ok(()));
        assert_eq!(copy_to_user(&mut space, 0x1000, &[]), Ok(()));
    }

    #[test]
    fn a_page_that_cannot_be_made_present_ends_the_copy_in_front_of_it() {
        let mut space = paper(true, 0);
        let fault = fill_user(&mut space, 0x1234, 0, 0x100).unwrap_err();
        assert_eq!((fault.done, fault.addr, fault.kind), (0, 0x1234, FaultKind::NotPresent));
        assert!(space.largest <= WINDOW);
    }
}
