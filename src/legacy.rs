// SPDX-License-Identifier: MIT OR Apache-2.0
//! The surface of the earlier axptr, for kernels written against it.
//!
//! What returns a reference to user memory is deprecated, because no such reference can be sound: another thread
//! may write to the memory, or unmap it, while the reference lives. With SMAP on, its use faults besides. The
//! replacements copy.
//!
//! Pages are made present, window by window, before they are touched, and the scans never enter the pager: a caller
//! may hold the address space's lock, as the earlier library allowed.
//!
//! ```
//! # #![allow(deprecated)]
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # static PATH: [u8; 5] = *b"/bin\0";
//! # let addr = PATH.as_ptr().addr();
//! # struct Space;
//! # impl axptr::AddressSpace for Space {
//! #     fn check_region_access(&self, _: axptr::UserRange, _: axptr::Access) -> bool { true }
//! #     fn handle_fault(&mut self, _: usize, _: axptr::Access) -> bool { true }
//! # }
//! # let mut aspace = Space;
//! use axptr::{UserConstPtr, legacy};
//!
//! let path = UserConstPtr::<core::ffi::c_char>::from(addr);
//! assert_eq!(path.get_as_str(&mut aspace), Ok("/bin"));
//! assert_eq!(path.nullable().map(|path| path.address().as_usize()), Some(addr));
//! legacy::set_scan_limit(4);
//! assert_eq!(path.get_as_str(&mut aspace), Err(axerrno::LinuxError::E2BIG));
//! ```

use core::{
    ffi::c_char,
    mem::MaybeUninit,
    ptr::{self, NonNull},
    slice,
    sync::atomic::{AtomicUsize, Ordering},
};

use axerrno::{LinuxError, LinuxResult};
use memory_addr::VirtAddr;
#[cfg(feature = "axmm")]
use page_table_multiarch::MappingFlags;

use crate::{
    cause::Access,
    ptr::{UserConstPtr, UserPtr},
    range::UserRange,
    raw,
    region::{self, AddrSpaceProvider, AddressSpace},
};

/// The bytes that a scan for a terminator looks at, at most; what is longer is `E2BIG`.
static SCAN_LIMIT: AtomicUsize = AtomicUsize::new(DEFAULT_SCAN_LIMIT);

/// The scan limit unless the kernel sets another, in bytes: what Linux allows one argument string.
pub const DEFAULT_SCAN_LIMIT: usize = 128 * 1024;

/// Sets how many bytes `get_as_null_terminated` and `get_as_str` look at, at most, terminator included.
pub fn set_scan_limit(bytes: usize) {
    SCAN_LIMIT.store(bytes, Ordering::Relaxed);
}

/// Implements what both have, for the accesses that each needs.
macro_rules! impl_legacy {
    ($pointer:ident, $raw:ty, $accesses:expr, $flags:expr) => {
        impl<T> $pointer<T> {
            /// What pages must permit, beside `USER`.
            #[cfg(feature = "axmm")]
            pub const ACCESS_FLAGS: MappingFlags = $flags;

            /// The user address.
            #[must_use]
            pub fn address(&self) -> VirtAddr {
                self.addr().into()
            }

            /// The address as a raw pointer.
            ///
            /// # Safety
            ///
            /// 1. It is not dereferenced where a fault has no landing, nor while others write to the memory.
            #[must_use]
            pub unsafe fn as_ptr(&self) -> $raw {
                ptr::with_exposed_provenance_mut::<T>(self.addr())
            }
        }
    };
}

impl_legacy!(UserPtr, *mut T, READ_WRITE, MappingFlags::READ.union(MappingFlags::WRITE));
impl_legacy!(UserConstPtr, *const T, READ_ONLY, MappingFlags::READ);

const READ_WRITE: &[Access] = &[Access::Read, Access::Write];
const READ_ONLY: &[Access] = &[Access::Read];

impl<T> UserPtr<T> {
    /// A reference to the value, after a check of its alignment, its area and its pages.
    ///
    /// # Errors
    ///
    /// `EFAULT` if it is misaligned or inaccessible.
    #[deprecated = "no reference to user memory is sound: use `read_in` and `write_in`, or `read` and `write`"]
    pub fn get<A: AddressSpace>(&mut self, aspace: impl AddrSpaceProvider<A>) -> LinuxResult<&mut T> {
        let value = make_present(aspace, self.addr(), 1, READ_WRITE)?;
        // SAFETY: aligned, accessible and present a moment ago; that it stays so, and that nobody else writes, is
        // what this method's callers have always had to see to.
        Ok(unsafe { &mut *value })
    }

    /// A reference to `length` values: see [`get`](Self::get).
    ///
    /// # Errors
    ///
    /// `EFAULT` if they are misaligned or inaccessible, or their size overflows.
    #[deprecated = "no reference to user memory is sound: use `read_slice_in` and `write_slice_in`"]
    pub fn get_as_slice<A: AddressSpace>(
        &mut self,
        aspace: impl AddrSpaceProvider<A>,
        length: usize,
    ) -> LinuxResult<&mut [T]> {
        let first = make_present(aspace, self.addr(), length, READ_WRITE)?;
        // SAFETY: as in `get`, for all of them.
        Ok(unsafe { slice::from_raw_parts_mut(first, length) })
    }

    /// A reference to the values in front of the first that equals the default: see [`get`](Self::get).
    ///
    /// # Errors
    ///
    /// `EFAULT` if they are misaligned or inaccessible; `E2BIG` if there is no such value within the limit that
    /// [`set_scan_limit`](crate::legacy::set_scan_limit) sets.
    #[deprecated = "no reference to user memory is sound: read the values one by one"]
    pub fn get_as_null_terminated<A: AddressSpace>(
        &mut self,
        aspace: impl AddrSpaceProvider<A>,
    ) -> LinuxResult<&mut [T]>
    where
        T: Eq + Default,
    {
        let (first, length) = scan(aspace, self.addr(), READ_WRITE)?;
        // SAFETY: as in `get`, for all of them.
        Ok(unsafe { slice::from_raw_parts_mut(first, length) })
    }
}

impl<T> UserConstPtr<T> {
    /// A reference to the value, after a check of its alignment, its area and its pages.
    ///
    /// # Errors
    ///
    /// `EFAULT` if it is misaligned or inaccessible.
    #[deprecated = "no reference to user memory is sound: use `read_in` or `read`"]
    pub fn get<A: AddressSpace>(&self, aspace: impl AddrSpaceProvider<A>) -> LinuxResult<&T> {
        let value = make_present(aspace, self.addr(), 1, READ_ONLY)?;
        // SAFETY: aligned, accessible and present a moment ago; that it stays so, and that nobody writes, is what
        // this method's callers have always had to see to.
        Ok(unsafe { &*value })
    }

    /// A reference to `length` values: see [`get`](Self::get).
    ///
    /// # Errors
    ///
    /// `EFAULT` if they are misaligned or inaccessible, or their size overflows.
    #[deprecated = "no reference to user memory is sound: use `read_slice_in` or `read_slice`"]
    pub fn get_as_slice<A: AddressSpace>(
        &self,
        aspace: impl AddrSpaceProvider<A>,
        length: usize,
    ) -> LinuxResult<&[T]> {
        let first = make_present(aspace, self.addr(), length, READ_ONLY)?;
        // SAFETY: as in `get`, for all of them.
        Ok(unsafe { slice::from_raw_parts(first, length) })
    }

    /// A reference to the values in front of the first that equals the default: see [`get`](Self::get).
    ///
    /// # Errors
    ///
    /// `EFAULT` if they are misaligned or inaccessible; `E2BIG` if there is no such value within the limit that
    /// [`set_scan_limit`](crate::legacy::set_scan_limit) sets.
    #[deprecated = "no reference to user memory is sound: read the values one by one"]
    pub fn get_as_null_terminated<A: AddressSpace>(
        &self,
        aspace: impl AddrSpaceProvider<A>,
    ) -> LinuxResult<&[T]>
    where
        T: Eq + Default,
    {
        let (first, length) = scan(aspace, self.addr(), READ_ONLY)?;
        // SAFETY: as in `get`, for all of them.
        Ok(unsafe { slice::from_raw_parts(first, length) })
    }
}

impl UserConstPtr<c_char> {
    /// The string in front of the terminator, as a reference to user memory.
    ///
    /// # Errors
    ///
    /// `EFAULT` if it is inaccessible, `E2BIG` if it has no end within the limit, `EILSEQ` if it is no UTF-8.
    #[deprecated = "no reference to user memory is sound: copy the string"]
    pub fn get_as_str<A: AddressSpace>(
        &self,
        aspace: impl AddrSpaceProvider<A>,
    ) -> LinuxResult<&'static str> {
        let (first, length) = scan::<c_char, A>(aspace, self.addr(), READ_ONLY)?;
        // SAFETY: as in `get`, for all of them; a `c_char` is a byte.
        let bytes = unsafe { slice::from_raw_parts(first.cast::<u8>(), length) };
        str::from_utf8(bytes).map_err(|_| LinuxError::EILSEQ)
    }
}

/// Checks `count` values at `addr` and makes their pages present. Returns a pointer to the first.
fn make_present<T, A: AddressSpace>(
    mut aspace: impl AddrSpaceProvider<A>,
    addr: usize,
    count: usize,
    accesses: &[Access],
) -> LinuxResult<*mut T> {
    let first = aligned(addr)?;
    let bytes = count.checked_mul(size_of::<T>()).ok_or(LinuxError::EFAULT)?;
    for &access in accesses {
        region::make_present(&mut aspace, addr, bytes, access)?;
    }
    Ok(first)
}

/// Counts the values in front of the first that equals the default. Returns a pointer to the first as well.
///
/// Each is copied out and compared there. No page is made present, or touched, behind the one in which the
/// terminator ends.
fn scan<T: Eq + Default, A: AddressSpace>(
    mut aspace: impl AddrSpaceProvider<A>,
    addr: usize,
    accesses: &[Access],
) -> LinuxResult<(*mut T, usize)> {
    let first = aligned(addr)?;
    if size_of::<T>() == 0 {
        return Ok((first, 0));
    }
    let limit = SCAN_LIMIT.load(Ordering::Relaxed) / size_of::<T>();
    let terminator = T::default();
    let mut present_to = addr;
    for index in 0..limit {
        let element = index.checked_mul(size_of::<T>()).and_then(|offset| addr.checked_add(offset));
        let element = element.ok_or(LinuxError::EFAULT)?;
        let end = element.checked_add(size_of::<T>()).ok_or(LinuxError::EFAULT)?;
        if end > present_to {
            for &access in accesses {
                region::make_present(&mut aspace, element, size_of::<T>(), access)?;
            }
            present_to = end.next_multiple_of(region::PAGE_SIZE);
        }
        let range = UserRange::new(element, size_of::<T>()).ok_or(LinuxError::EFAULT)?;
        let mut value = MaybeUninit::<T>::uninit();
        let room = value.as_mut_ptr().cast();
        // SAFETY: (1) `value` has room for a `T`; (2) the range lies in the user half.
        let outcome = unsafe { raw::nofault::copy_from_user(room, range.confined_start(), range.len()) };
        if outcome.left() != 0 {
            return Err(LinuxError::EFAULT);
        }
        // SAFETY: all bytes were written; that they are a `T` is what the caller says of this memory by asking for
        // references into it.
        if unsafe { value.assume_init_ref() } == &terminator {
            return Ok((first, index));
        }
    }
    Err(LinuxError::E2BIG)
}

/// A pointer that a reference can be made of, at least to no value at all.
fn aligned<T>(addr: usize) -> LinuxResult<*mut T> {
    if !addr.is_multiple_of(align_of::<T>()) {
        return Err(LinuxError::EFAULT);
    }
    let pointer = ptr::with_exposed_provenance_mut(addr);
    Ok(if addr == 0 { NonNull::dangling().as_ptr() } else { pointer })
}
