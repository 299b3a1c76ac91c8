// SPDX-License-Identifier: MIT OR Apache-2.0
//! The routines of `asm/<arch>`. Each contract stands above the label of its routine.
//!
//! User memory is given by pointers here: the routines access it with the provenance that those have.

/// The result of a routine, in two registers.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Outcome {
    /// The number of bytes not done.
    pub(crate) left: usize,
    /// 0, or the cause that the trap handler wrote.
    pub(crate) cause: usize,
}

/// Declares routines of the assembly.
///
/// The functions that call them are expanded where they are used. In a process whose copy of this crate lies in a Rust
/// `dylib` that may be another image, and the compiler exports no symbols of assembly. So with the feature `dylib` each
/// routine has a function of the same name in front, which the compiler exports.
macro_rules! routines {
    ($(fn $name:ident($($arg:ident: $type:ty),*) -> Outcome;)*) => {
        #[cfg(not(all(feature = "dylib", axptr_home = "process")))]
        unsafe extern "C" {
            $(pub(crate) fn $name($($arg: $type),*) -> Outcome;)*
        }

        #[cfg(all(feature = "dylib", axptr_home = "process"))]
        mod of_this_image {
            use super::Outcome;

            unsafe extern "C" {
                $(pub(super) fn $name($($arg: $type),*) -> Outcome;)*
            }
        }

        $(
            /// # Safety
            ///
            /// As the routine.
            #[cfg(all(feature = "dylib", axptr_home = "process"))]
            #[inline(never)]
            pub(crate) unsafe extern "C" fn $name($($arg: $type),*) -> Outcome {
                // SAFETY: our caller answers for the conditions.
                unsafe { of_this_image::$name($($arg),*) }
            }
        )*
    };
}

routines! {
    fn __axptr_copy_from_user(dst: *mut u8, src: *const u8, len: usize) -> Outcome;
    fn __axptr_copy_to_user(dst: *mut u8, src: *const u8, len: usize) -> Outcome;
    fn __axptr_copy_in_user(dst: *mut u8, src: *const u8, len: usize) -> Outcome;
    fn __axptr_fill_user(dst: *mut u8, byte: u8, len: usize) -> Outcome;
    fn __axptr_copy_string(dst: *mut u8, src: *const u8, max: usize) -> Outcome;

    fn __axptr_copy_from_user_nofault(dst: *mut u8, src: *const u8, len: usize) -> Outcome;
    fn __axptr_copy_to_user_nofault(dst: *mut u8, src: *const u8, len: usize) -> Outcome;
    fn __axptr_copy_in_user_nofault(dst: *mut u8, src: *const u8, len: usize) -> Outcome;
    fn __axptr_fill_user_nofault(dst: *mut u8, byte: u8, len: usize) -> Outcome;
    fn __axptr_copy_string_nofault(dst: *mut u8, src: *const u8, max: usize) -> Outcome;
}

/// A routine that counts the bytes in front of the first 0 at `src`, at most `max`. `left` is `max` minus that number.
///
/// A `cause` of 0 says that the count ends at the 0, or at `max` (then nothing is left). Any other is the cause of a fault,
/// [`UNTOLD`](super::shape::UNTOLD) if the trap handler wrote none. What it may read is what `__axptr_copy_string` may.
pub(crate) type CountString = unsafe extern "C" fn(src: *const u8, max: usize) -> Outcome;

/// The two instances of such a routine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StringLength {
    pub(crate) normal: CountString,
    pub(crate) nofault: CountString,
}

unsafe extern "C" {
    #[link_name = "__axptr_sentinel"]
    pub(crate) static SENTINEL: u8;
    #[link_name = "__axptr_sentinel_landing"]
    pub(crate) static SENTINEL_LANDING: u8;
    #[link_name = "__axptr_unlisted_insn"]
    pub(crate) static UNLISTED_INSN: u8;
    #[link_name = "__axptr_unlisted_stepped_over"]
    pub(crate) static UNLISTED_STEPPED_OVER: u8;
    #[link_name = "__axptr_unlisted"]
    pub(crate) fn unlisted(addr: usize) -> usize;
}
