// SPDX-License-Identifier: MIT OR Apache-2.0
//! The surface of the earlier axptr, for kernels written for it (feature `legacy`).
//!
//! **What this feature gives up.** These methods are safe to call, as they always were, and return references to user
//! memory. No such reference is sound:
//!
//! - Another thread may write to the memory, or unmap it, while the reference lives.
//! - User space chooses the bytes, and nothing checks that they are a valid `T`. They may be a `bool` of 2, or a
//!   `&'static [u8]` that points anywhere.
//! - `get_as_null_terminated` runs `T`'s own `==` on such bytes.
//! - With SMAP on, the use of a reference faults, too.
//!
//! So a kernel that enables the feature must see to three things at each call: any bytes are a valid `T`; nothing
//! else writes or unmaps the memory; the window is open. Without the feature, no safe function of this crate makes a
//! reference to user memory.
//!
//! | instead of | call |
//! |---|---|
//! | `get` | `read`, `write`, `read_in(aspace)`, `write_in(aspace, value)` |
//! | `get_as_slice` | `slice(length)?.read_into(&mut buf)`, `to_vec`, `read_slice_in(aspace, &mut buf)` |
//! | `get_as_null_terminated` | `read_until_zero(&mut buf)`, `to_vec_until_zero(limit)` |
//! | `get_as_str` | `as_cstr().read_str(&mut buf)`, `to_string(limit)` |
//! | `address`, `as_ptr` | `addr` |
//!
//! The methods make pages present before they touch them, in parts of at most [`WINDOW`](crate::region::WINDOW)
//! bytes. The scans never enter the pager. So a caller may hold the address space's lock, as with the earlier
//! library.
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
//! legacy::set_string_limit(4);
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
    access::{
        context::NoFault,
        copy,
        region::{self, AddrSpaceProvider, AddressSpace},
    },
    extable::cause::Access,
    recovery::{limit::user_limit, tag::untagged},
    typed::ptr::{UserConstPtr, UserPtr},
};

/// The most bytes in which a scan looks for a terminator. If it finds none, the method returns `E2BIG`.
static STRING_LIMIT: AtomicUsize = AtomicUsize::new(DEFAULT_STRING_LIMIT);
static ARRAY_LIMIT: AtomicUsize = AtomicUsize::new(DEFAULT_ARRAY_LIMIT);

/// The most bytes that `get_as_str` looks at unless the kernel sets another number. Linux allows as many for one
/// argument string.
pub const DEFAULT_STRING_LIMIT: usize = 128 * 1024;

/// The most bytes that `get_as_null_terminated` looks at unless the kernel sets another number. Linux allows as many
/// for `argv` and `envp` together: three quarters of a stack of 8 MiB (execve(2)).
pub const DEFAULT_ARRAY_LIMIT: usize = 6 * 1024 * 1024;

/// Sets the most bytes that `get_as_str` looks at, including the terminator.
pub fn set_string_limit(bytes: usize) {
    STRING_LIMIT.store(bytes, Ordering::Relaxed);
}

/// Sets the most bytes that `get_as_null_terminated` looks at, including the terminator.
pub fn set_array_limit(bytes: usize) {
    ARRAY_LIMIT.store(bytes, Ordering::Relaxed);
}

/// Implements what both pointers have, with the accesses that each needs.
macro_rules! impl_legacy {
    ($pointer:ident, $raw:ty, $accesses:expr, $flags:expr) => {
        impl<T> $pointer<T> {
            /// The flags that pages must permit, besides `USER`.
            #[cfg(feature = "axmm")]
            pub const ACCESS_FLAGS: MappingFlags = $flags;

            /// Returns the user address.
            #[must_use]
            pub fn address(&self) -> VirtAddr {
                self.addr().into()
            }

            /// Returns the address as a raw pointer.
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
    /// Returns a reference to the value, after a check of its alignment, its area and its pages.
    ///
    /// # Errors
    ///
    /// Returns `EFAULT` if the value is misaligned or inaccessible.
    #[deprecated = "no reference to user memory is sound: use `read_in` and `write_in`, or `read` and `write`"]
    pub fn get<A: AddressSpace>(&mut self, aspace: impl AddrSpaceProvider<A>) -> LinuxResult<&mut T> {
        let value = make_present(aspace, self.addr(), 1, READ_WRITE)?;
        // SAFETY: the value was aligned, accessible and present a moment ago. The callers of this method have always
        // had to make sure that it stays so, and that nobody else writes.
        Ok(unsafe { &mut *value })
    }

    /// Returns a reference to `length` values: see [`get`](Self::get).
    ///
    /// # Errors
    ///
    /// Returns `EFAULT` if the values are misaligned or inaccessible, or if their size overflows.
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

    /// Returns a reference to the values before the first that equals the default: see [`get`](Self::get).
    ///
    /// # Errors
    ///
    /// Returns `EFAULT` if the values are misaligned or inaccessible. Returns `E2BIG` if none of them equals the
    /// default within the limit that [`set_array_limit`](crate::legacy::set_array_limit) sets.
    #[deprecated = "no reference to user memory is sound: read the values one by one"]
    pub fn get_as_null_terminated<A: AddressSpace>(
        &mut self,
        aspace: impl AddrSpaceProvider<A>,
    ) -> LinuxResult<&mut [T]>
    where
        T: Eq + Default,
    {
        let (first, length) = scan(aspace, self.addr(), READ_WRITE, &ARRAY_LIMIT)?;
        // SAFETY: as in `get`, for all of them.
        Ok(unsafe { slice::from_raw_parts_mut(first, length) })
    }
}

impl<T> UserConstPtr<T> {
    /// Returns a reference to the value, after a check of its alignment, its area and its pages.
    ///
    /// # Errors
    ///
    /// Returns `EFAULT` if the value is misaligned or inaccessible.
    #[deprecated = "no reference to user memory is sound: use `read_in` or `read`"]
    pub fn get<A: AddressSpace>(&self, aspace: impl AddrSpaceProvider<A>) -> LinuxResult<&T> {
        let value = make_present(aspace, self.addr(), 1, READ_ONLY)?;
        // SAFETY: the value was aligned, accessible and present a moment ago. The callers of this method have always
        // had to make sure that it stays so, and that nobody writes.
        Ok(unsafe { &*value })
    }

    /// Returns a reference to `length` values: see [`get`](Self::get).
    ///
    /// # Errors
    ///
    /// Returns `EFAULT` if the values are misaligned or inaccessible, or if their size overflows.
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

    /// Returns a reference to the values before the first that equals the default: see [`get`](Self::get).
    ///
    /// # Errors
    ///
    /// Returns `EFAULT` if the values are misaligned or inaccessible. Returns `E2BIG` if none of them equals the
    /// default within the limit that [`set_array_limit`](crate::legacy::set_array_limit) sets.
    #[deprecated = "no reference to user memory is sound: read the values one by one"]
    pub fn get_as_null_terminated<A: AddressSpace>(
        &self,
        aspace: impl AddrSpaceProvider<A>,
    ) -> LinuxResult<&[T]>
    where
        T: Eq + Default,
    {
        let (first, length) = scan(aspace, self.addr(), READ_ONLY, &ARRAY_LIMIT)?;
        // SAFETY: as in `get`, for all of them.
        Ok(unsafe { slice::from_raw_parts(first, length) })
    }
}

impl UserConstPtr<c_char> {
    /// Returns the string before the terminator, as a reference to user memory.
    ///
    /// # Errors
    ///
    /// Returns `EFAULT` if the string is inaccessible, `E2BIG` if it has no terminator within the limit, and `EILSEQ`
    /// if it is not UTF-8.
    #[deprecated = "no reference to user memory is sound: copy the string"]
    pub fn get_as_str<A: AddressSpace>(
        &self,
        aspace: impl AddrSpaceProvider<A>,
    ) -> LinuxResult<&'static str> {
        let (first, length) = scan::<c_char, A>(aspace, self.addr(), READ_ONLY, &STRING_LIMIT)?;
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
    let addr = untagged(addr);
    let first = aligned(addr)?;
    let bytes = count.checked_mul(size_of::<T>()).ok_or(LinuxError::EFAULT)?;
    refuse_null(addr, bytes)?;
    for &access in accesses {
        region::make_present(&mut aspace, addr, bytes, access)?;
    }
    Ok(first)
}

/// Counts the values before the first that equals the default. Also returns a pointer to the first value.
///
/// It copies out as many values as a buffer holds and compares them there. It makes no page present, and touches
/// none, after the one in which the terminator ends.
fn scan<T: Eq + Default, A: AddressSpace>(
    mut aspace: impl AddrSpaceProvider<A>,
    addr: usize,
    accesses: &[Access],
    limit: &AtomicUsize,
) -> LinuxResult<(*mut T, usize)> {
    let size = size_of::<T>();
    let addr = untagged(addr);
    let first = aligned(addr)?;
    if size == 0 {
        return Ok((first, 0));
    }
    let most = limit.load(Ordering::Relaxed) / size;
    let mut buffer = Buffer::<T>::new();
    let terminator = T::default();
    let mut seen = 0;
    let mut present_to = addr;
    while seen < most {
        let start =
            seen.checked_mul(size).and_then(|offset| addr.checked_add(offset)).ok_or(LinuxError::EFAULT)?;
        let end = start.checked_add(size).ok_or(LinuxError::EFAULT)?;
        if end > present_to {
            for &access in accesses {
                region::make_present(&mut aspace, start, size, access)?;
            }
            present_to = end.checked_next_multiple_of(region::PAGE_SIZE).unwrap_or(usize::MAX);
            present_to = present_to.min(user_limit());
        }
        let there = (present_to.saturating_sub(start) / size).max(1);
        let count = there.min(most - seen);
        let values = buffer.fill(start, count)?;
        if let Some(index) = values.iter().position(|value| *value == terminator) {
            refuse_null(addr, (seen + index) * size)?;
            return Ok((first, seen + index));
        }
        seen += values.len();
    }
    Err(LinuxError::E2BIG)
}

/// The buffer in which a scan looks at values: as many as fit, or one.
struct Buffer<T> {
    one: MaybeUninit<T>,
    many: [MaybeUninit<u128>; 32],
}

impl<T> Buffer<T> {
    /// It is evaluated for types of size 0, too, but a scan never looks at one of those.
    const MANY: usize = match size_of::<[u128; 32]>().checked_div(size_of::<T>()) {
        Some(many) if align_of::<T>() <= align_of::<u128>() => many,
        _ => 0,
    };

    const fn new() -> Self {
        Self { one: MaybeUninit::uninit(), many: [MaybeUninit::uninit(); 32] }
    }

    /// Copies up to `count` values from user address `start`. If it cannot copy one whole value, it returns `EFAULT`.
    fn fill(&mut self, start: usize, count: usize) -> LinuxResult<&[T]> {
        let (room, count) = match Self::MANY {
            0 | 1 => (self.one.as_mut_ptr(), 1),
            many => (self.many.as_mut_ptr().cast::<T>(), count.min(many)),
        };
        // SAFETY: (1) the room has at least as many bytes.
        let outcome = unsafe { copy::read_bytes::<NoFault>(room.cast(), start, count * size_of::<T>()) };
        let whole = match outcome {
            Ok(()) => count,
            Err(fault) => fault.done / size_of::<T>(),
        };
        if whole == 0 {
            return Err(LinuxError::EFAULT);
        }
        // SAFETY: the bytes of `whole` values were written, and the room is aligned. By asking for references into
        // this memory, the caller promises that its bytes are a `T`.
        Ok(unsafe { slice::from_raw_parts(room, whole) })
    }
}

/// Refuses values at address 0: no reference can point there, whatever is mapped.
fn refuse_null(addr: usize, bytes: usize) -> LinuxResult<()> {
    if addr == 0 && bytes > 0 { Err(LinuxError::EFAULT) } else { Ok(()) }
}

/// Returns a pointer from which a reference can be made, at least to no value at all.
fn aligned<T>(addr: usize) -> LinuxResult<*mut T> {
    if !addr.is_multiple_of(align_of::<T>()) {
        return Err(LinuxError::EFAULT);
    }
    let pointer = ptr::with_exposed_provenance_mut(addr);
    Ok(if addr == 0 { NonNull::dangling().as_ptr() } else { pointer })
}
