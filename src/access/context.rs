// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether an access may wait for the pager, as a type.
//!
//! Most may: a page that is not there yet is made at the fault. In an interrupt, in NMI context, under a
//! spinlock or under the address space's own lock none may: there, an absent page is a fault at once. Which
//! of the two an access is depends on its instruction alone, so it holds across task switches and needs no
//! state.
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
//! # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
//! use axptr::{UserPtr, context::NoFault};
//!
//! let word = UserPtr::<u32>::from(page);
//! word.write(7)?; // may wait for the page
//! let word: UserPtr<u32, NoFault> = word.nofault();
//! assert_eq!(word.read()?, 7); // does not wait, nor does anything made of `word`
//! word.slice(100)?.write_from(&[1, 2, 3])?;
//! # Ok::<(), axptr::Fault>(())
//! ```

use crate::{
    access::raw,
    arch::{entry, shape::InlineFlags},
};

/// [`Normal`] or [`NoFault`]; nothing else can be one.
pub trait Context: sealed::Routines {}

/// The pager may run, and wait.
#[derive(Clone, Copy, Debug)]
pub struct Normal;

/// The pager does not run: what is not present is a fault.
#[derive(Clone, Copy, Debug)]
pub struct NoFault;

impl Context for Normal {}
impl Context for NoFault {}

impl InlineFlags for Normal {
    const FLAGS: u16 = entry::INLINED;
}

impl InlineFlags for NoFault {
    const FLAGS: u16 = entry::INLINED | entry::NOFAULT;
}

/// Declares [`sealed::Routines`], and implements it from the two sets of functions in [`raw`].
macro_rules! routines {
    ($(fn $name:ident($($arg:ident: $type:ty),+);)+) => {
        mod sealed {
            use crate::{access::raw::Outcome, arch::shape::InlineFlags};

            /// The routines of a context. The safety of each is that of the function of its name in `raw`.
            pub trait Routines: InlineFlags {
                $(unsafe fn $name($($arg: $type),+) -> Outcome;)+
            }
        }

        routines!(@impl Normal, raw, $($name($($arg: $type),+))+);
        routines!(@impl NoFault, raw::nofault, $($name($($arg: $type),+))+);
    };
    (@impl $context:ident, $raw:path, $($rest:tt)+) => {
        const _: () = {
            use $raw as set;
            routines!(@functions $context, set, $($rest)+);
        };
    };
    (@functions $context:ident, $set:ident, $($name:ident($($arg:ident: $type:ty),+))+) => {
        impl sealed::Routines for $context {
            $(
                #[inline(always)]
                unsafe fn $name($($arg: $type),+) -> raw::Outcome {
                    // SAFETY: ours.
                    unsafe { $set::$name($($arg),+) }
                }
            )+
        }
    };
}

routines! {
    fn copy_from_user(dst: *mut u8, src: usize, len: usize);
    fn copy_to_user(dst: usize, src: *const u8, len: usize);
    fn copy_in_user(dst: usize, src: usize, len: usize);
    fn fill_user(dst: usize, byte: u8, len: usize);
    fn copy_string(dst: *mut u8, src: usize, max: usize);
}
