// SPDX-License-Identifier: MIT OR Apache-2.0
//! Typed pointers into user memory.
//!
//! There are two types, because a syscall's signature has directions. [`UserConstPtr`] is for memory that the kernel
//! only reads, [`UserPtr`] for memory that it may write. Neither can be dereferenced, and no method returns a
//! reference to user memory: another thread may change or unmap it at any time.

use core::{fmt, marker::PhantomData, mem::MaybeUninit, ptr};

use crate::access::{
    context::{Context, NoFault, Normal},
    copy,
    error::Fault,
    fixed,
    pod::{AnyBitPattern, NoUninit},
    region::{self, AddrSpaceProvider, AddressSpace},
    single,
};

/// A user address of a `T` that the kernel may read and write.
///
/// Making a pointer checks nothing; each access does. The address may have any alignment. `C` says whether an access
/// may wait for the pager: see [`nofault`](Self::nofault).
///
/// ```
/// # unsafe { axptr::hosted::install() }.unwrap();
/// # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
/// # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
/// use axptr::{UserConstPtr, UserPtr};
///
/// // `page` is 4096 bytes of user memory. No page follows it.
/// let number = UserPtr::<u32>::from(page + 1); // any alignment
/// number.write(7)?;
/// assert_eq!(number.read()?, 7);
///
/// let numbers = UserPtr::<u16>::from(page).add(3);
/// numbers.write_slice(&[1, 2, 3])?;
/// let mut back = [0; 2];
/// UserConstPtr::from(numbers).checked_add(1).unwrap().read_slice(&mut back)?;
/// assert_eq!(back, [2, 3]);
///
/// let fault = UserPtr::<u64>::from(page + 4090).write(u64::MAX).unwrap_err();
/// assert_eq!((fault.done, fault.addr), (6, page + 4096));
/// assert!(UserPtr::<u8>::from(0).nullable().is_none());
/// # Ok::<(), axptr::Fault>(())
/// ```
#[repr(transparent)]
pub struct UserPtr<T, C = Normal> {
    addr: usize,
    pointee: PhantomData<(*mut T, C)>,
}

/// A user address of a `T` that the kernel may only read.
///
/// Making a pointer checks nothing; each access does. The address may have any alignment. `C` says whether an access
/// may wait for the pager: see [`nofault`](Self::nofault).
///
/// ```compile_fail,E0599
/// let ptr = axptr::UserConstPtr::<u32>::from(0x1000);
/// ptr.write(1).unwrap(); // no method named `write`
/// ```
#[repr(transparent)]
pub struct UserConstPtr<T, C = Normal> {
    addr: usize,
    pointee: PhantomData<(*const T, C)>,
}

/// Implements what both pointers have: the address, and reading.
macro_rules! impl_pointer {
    ($pointer:ident) => {
        impl<T> $pointer<T> {
            /// Makes a pointer to user address `addr`. Any value is accepted; each access checks it.
            #[inline]
            #[must_use]
            pub const fn new(addr: usize) -> Self {
                Self::at(addr)
            }
        }

        impl<T, C> $pointer<T, C> {
            pub(crate) const fn at(addr: usize) -> Self {
                Self { addr, pointee: PhantomData }
            }

            /// Returns the same pointer, with accesses that never enter the pager. This holds for everything made
            /// from it, too.
            ///
            /// Use it in interrupts, in NMI context and under spinlocks: a page that is not present is a fault. See
            /// [`context`](crate::context).
            #[inline]
            #[must_use]
            pub const fn nofault(self) -> $pointer<T, NoFault> {
                $pointer::at(self.addr)
            }

            /// Returns the user address.
            #[inline]
            #[must_use]
            pub const fn addr(self) -> usize {
                self.addr
            }

            /// Returns whether the address is 0.
            #[inline]
            #[must_use]
            pub const fn is_null(self) -> bool {
                self.addr == 0
            }

            /// Returns the same address, as a pointer to a `U`.
            #[inline]
            #[must_use]
            pub const fn cast<U>(self) -> $pointer<U, C> {
                $pointer::at(self.addr)
            }

            /// Returns the address `count` elements after this one.
            ///
            /// If there is no such address, the result is the last address of all, which no access accepts. So a
            /// count that user space chose cannot wrap around: the access fails.
            #[inline]
            #[must_use]
            pub const fn add(self, count: usize) -> Self {
                self.byte_add(count.saturating_mul(size_of::<T>()))
            }

            /// Returns the address `bytes` bytes after this one, or the last address of all: see [`add`](Self::add).
            #[inline]
            #[must_use]
            pub const fn byte_add(self, bytes: usize) -> Self {
                Self::at(self.addr.saturating_add(bytes))
            }

            /// Returns the address `bytes` bytes before this one, or 0 if there is none. Use it to get from a member
            /// to its struct.
            #[inline]
            #[must_use]
            pub const fn byte_sub(self, bytes: usize) -> Self {
                Self::at(self.addr.saturating_sub(bytes))
            }

            /// Returns a pointer to a part of the `T`. [`user_field!`](crate::user_field) calls it with matching
            /// arguments.
            #[doc(hidden)]
            #[inline]
            #[must_use]
            pub const fn project<F>(self, offset: usize, _field: fn(T) -> F) -> $pointer<F, C> {
                $pointer::at(self.addr.saturating_add(offset))
            }

            /// Returns the pointer, or `None` if it is null.
            #[inline]
            #[must_use]
            pub const fn nullable(self) -> Option<Self> {
                if self.is_null() { None } else { Some(self) }
            }

            /// Returns the address `count` elements after this one, or `None` if there is no such address.
            #[inline]
            #[must_use]
            pub const fn checked_add(self, count: usize) -> Option<Self> {
                match count.checked_mul(size_of::<T>()) {
                    Some(bytes) => match self.addr.checked_add(bytes) {
                        Some(addr) => Some(Self::at(addr)),
                        None => None,
                    },
                    None => None,
                }
            }
        }

        impl<T: AnyBitPattern, C: Context> $pointer<T, C> {
            /// Reads one value: a single snapshot of its bytes.
            ///
            /// A value of 1, 2, 4 or 8 bytes is one inlined load. If it is aligned, no other CPU's write tears it. A
            /// larger value may be torn if another thread writes to it meanwhile.
            ///
            /// # Errors
            ///
            /// Fails if a byte is not readable, or if the value is not in the user half.
            #[inline(always)]
            #[doc(alias = "copy_from_user")]
            pub fn read(self) -> Result<T, Fault> {
                if single::is_single::<T>() {
                    return single::read::<T, C>(self.addr);
                }
                if fixed::is_returned::<T>() {
                    return fixed::read::<T, C>(self.addr);
                }
                let mut value = MaybeUninit::<T>::uninit();
                let start = value.as_mut_ptr().cast::<u8>();
                // SAFETY: (1) `value` is as large as a `T`.
                unsafe { copy::read_bytes::<C>(start, self.addr, size_of::<T>()) }?;
                // SAFETY: the line above wrote all bytes, and a `T` may be any of them.
                Ok(unsafe { value.assume_init() })
            }

            /// Reads one value into `value`.
            ///
            /// It promises what [`read`](Self::read) promises. It is faster for a value above 16 bytes with an
            /// alignment below 8, such as `[u8; 24]`. Up to 64 bytes, the loads are inlined.
            ///
            /// # Errors
            ///
            /// Fails as [`read`](Self::read) does. Then the first `fault.done` bytes of `value` are new, and the rest
            /// is unchanged.
            #[inline(always)]
            pub fn read_into(self, value: &mut T) -> Result<(), Fault> {
                if single::is_single::<T>() {
                    return single::read_into::<T, C>(self.addr, value);
                }
                if fixed::is_fixed::<T>() {
                    return fixed::read_into::<T, C>(self.addr, value);
                }
                let start = ptr::from_mut(value).cast::<u8>();
                // SAFETY: (1) `value` is as large as a `T`, which may be any bytes.
                unsafe { copy::read_bytes::<C>(start, self.addr, size_of::<T>()) }
            }

            /// Reads `buf.len()` values into `buf`.
            ///
            /// # Errors
            ///
            /// Fails if a byte is not readable, or if the range is not in the user half. Then the first `fault.done`
            /// *bytes* of `buf` hold the bytes before the fault, and the rest is unchanged.
            #[inline]
            pub fn read_slice(self, buf: &mut [T]) -> Result<(), Fault> {
                let start = buf.as_mut_ptr().cast::<u8>();
                // SAFETY: (1) the slice is valid for writes of its bytes, and a `T` may be any of them.
                unsafe { copy::read_bytes::<C>(start, self.addr, size_of_val(buf)) }
            }
        }

        impl<T: AnyBitPattern> $pointer<T> {
            /// Does [`read`](Self::read) in region mode: see [`region`].
            ///
            /// # Errors
            ///
            /// Fails as [`read`](Self::read) does. If an area does not permit the access, nothing has been accessed.
            pub fn read_in<A: AddressSpace>(self, provider: impl AddrSpaceProvider<A>) -> Result<T, Fault> {
                let mut value = MaybeUninit::<T>::uninit();
                let start = value.as_mut_ptr().cast::<u8>();
                // SAFETY: (1) `value` is as large as a `T`.
                unsafe { region::read_bytes(provider, start, self.addr, size_of::<T>()) }?;
                // SAFETY: the line above wrote all bytes, and a `T` may be any of them.
                Ok(unsafe { value.assume_init() })
            }

            /// Does [`read_slice`](Self::read_slice) in region mode: see [`region`].
            ///
            /// # Errors
            ///
            /// Fails as [`read_slice`](Self::read_slice) does. If an area does not permit the access, nothing has
            /// been accessed.
            pub fn read_slice_in<A: AddressSpace>(
                self,
                provider: impl AddrSpaceProvider<A>,
                buf: &mut [T],
            ) -> Result<(), Fault> {
                let start = buf.as_mut_ptr().cast::<u8>();
                // SAFETY: (1) the slice is valid for writes of its bytes, and a `T` may be any of them.
                unsafe { region::read_bytes(provider, start, self.addr, size_of_val(buf)) }
            }
        }

        // By hand: derives would demand the traits of `T`, too.
        impl<T, C> Clone for $pointer<T, C> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T, C> Copy for $pointer<T, C> {}

        impl<T, C> PartialEq for $pointer<T, C> {
            fn eq(&self, other: &Self) -> bool {
                self.addr == other.addr
            }
        }

        impl<T, C> Eq for $pointer<T, C> {}

        impl<T, C> fmt::Debug for $pointer<T, C> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($pointer), "({:#x})"), self.addr)
            }
        }

        /// The null pointer.
        impl<T, C> Default for $pointer<T, C> {
            fn default() -> Self {
                Self::at(0)
            }
        }

        impl<T> From<usize> for $pointer<T> {
            fn from(addr: usize) -> Self {
                Self::new(addr)
            }
        }

        #[cfg(feature = "memory_addr")]
        impl<T> From<memory_addr::VirtAddr> for $pointer<T> {
            fn from(addr: memory_addr::VirtAddr) -> Self {
                Self::new(addr.as_usize())
            }
        }

        #[cfg(feature = "ax-memory-addr")]
        impl<T> From<ax_memory_addr::VirtAddr> for $pointer<T> {
            fn from(addr: ax_memory_addr::VirtAddr) -> Self {
                Self::new(addr.as_usize())
            }
        }

        // SAFETY: it is a number, and gives no access to a `T` of the kernel's.
        unsafe impl<T, C> Send for $pointer<T, C> {}
        // SAFETY: as above.
        unsafe impl<T, C> Sync for $pointer<T, C> {}
    };
}

impl_pointer!(UserPtr);
impl_pointer!(UserConstPtr);

impl<T: NoUninit, C: Context> UserPtr<T, C> {
    /// Writes one value.
    ///
    /// A value of 1, 2, 4 or 8 bytes is one inlined store. If it is aligned, no other CPU sees half of it.
    ///
    /// # Errors
    ///
    /// Fails if a byte is not writable, or if the value is not in the user half. Then the first `fault.done` bytes
    /// have been written, and no byte after them.
    #[inline(always)]
    #[doc(alias = "copy_to_user")]
    pub fn write(self, value: T) -> Result<(), Fault> {
        if single::is_single::<T>() {
            return single::write::<T, C>(self.addr, value);
        }
        if fixed::is_fixed::<T>() {
            return fixed::write::<T, C>(self.addr, &value);
        }
        copy::write_bytes::<C>(self.addr, bytemuck::bytes_of(&value))
    }

    /// Writes all of `values`.
    ///
    /// # Errors
    ///
    /// Fails if a byte is not writable, or if the range is not in the user half. Then the first `fault.done` *bytes*
    /// have been written, and no byte after them.
    #[inline]
    pub fn write_slice(self, values: &[T]) -> Result<(), Fault> {
        copy::write_bytes::<C>(self.addr, bytemuck::cast_slice(values))
    }
}

impl<T: NoUninit> UserPtr<T> {
    /// Does [`write`](Self::write) in region mode: see [`region`].
    ///
    /// # Errors
    ///
    /// Fails as [`write`](Self::write) does. If an area does not permit the access, nothing has been accessed.
    pub fn write_in<A: AddressSpace>(
        self,
        provider: impl AddrSpaceProvider<A>,
        value: T,
    ) -> Result<(), Fault> {
        region::copy_to_user(provider, self.addr, bytemuck::bytes_of(&value))
    }

    /// Does [`write_slice`](Self::write_slice) in region mode: see [`region`].
    ///
    /// # Errors
    ///
    /// Fails as [`write_slice`](Self::write_slice) does. If an area does not permit the access, nothing has been
    /// accessed.
    pub fn write_slice_in<A: AddressSpace>(
        self,
        provider: impl AddrSpaceProvider<A>,
        values: &[T],
    ) -> Result<(), Fault> {
        region::copy_to_user(provider, self.addr, bytemuck::cast_slice(values))
    }
}

impl<T, C> From<UserPtr<T, C>> for UserConstPtr<T, C> {
    fn from(ptr: UserPtr<T, C>) -> Self {
        Self::at(ptr.addr)
    }
}

/// Makes a pointer to a field from a pointer to its struct: `user_field!(ptr, Struct, field)`.
///
/// ```
/// use axptr::{UserPtr, user_field};
///
/// #[repr(C)]
/// struct TimeSpec {
///     seconds: i64,
///     nanoseconds: i64,
/// }
///
/// let time = UserPtr::<TimeSpec>::from(0x1000);
/// let nanoseconds: UserPtr<i64> = user_field!(time, TimeSpec, nanoseconds);
/// assert_eq!(nanoseconds.addr(), 0x1008);
/// ```
///
/// ```compile_fail,E0609
/// # struct TimeSpec { seconds: i64 }
/// axptr::user_field!(axptr::UserPtr::<TimeSpec>::from(0x1000), TimeSpec, days);
/// ```
#[macro_export]
macro_rules! user_field {
    ($pointer:expr, $struct:ty, $field:ident) => {
        $pointer.project(::core::mem::offset_of!($struct, $field), |it: $struct| it.$field)
    };
}
