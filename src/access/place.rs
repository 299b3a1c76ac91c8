// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two ways to say where user memory is: by its address, and by a pointer.

use core::{
    ffi::c_void,
    ptr::{self, NonNull},
};

/// Where user memory is that is read: an address (`usize`), or a pointer to its first byte (`*const u8`, `*mut u8`,
/// `NonNull<u8>`, and what `mmap` returns: `*const c_void`, `*mut c_void`).
///
/// A pointer keeps its provenance. So memory that your program has mapped by itself, such as a guest's, need not be
/// exposed. An address stands for memory that Rust knows nothing of, such as a kernel's user half, or whose provenance
/// is exposed.
///
/// No other type can implement it.
pub trait Source: sealed::Place {}

/// Where user memory is that is written: a [`Source`] other than `*const u8` and `*const c_void`.
pub trait Destination: Source {}

mod sealed {
    /// A place as a pointer.
    pub trait Place: Copy {
        fn start(self) -> *mut u8;
    }
}

macro_rules! impl_place {
    ($($type:ty: $($role:ident)+, |$place:ident| $start:expr;)+) => {$(
        impl sealed::Place for $type {
            #[inline(always)]
            fn start(self) -> *mut u8 {
                let $place = self;
                $start
            }
        }

        $(impl $role for $type {})+
    )+};
}

impl_place! {
    usize: Source Destination, |addr| ptr::with_exposed_provenance_mut(addr);
    *const u8: Source, |start| start.cast_mut();
    *mut u8: Source Destination, |start| start;
    NonNull<u8>: Source Destination, |start| start.as_ptr();
    *const c_void: Source, |start| start.cast_mut().cast();
    *mut c_void: Source Destination, |start| start.cast();
}
