// SPDX-License-Identifier: MIT OR Apache-2.0
//! Says by a type whether an access may wait for the pager.
//!
//! Most accesses may wait: the pager makes a missing page present when the access faults. In an interrupt, in NMI
//! context, under a spinlock or under the address space's own lock, no access may wait. There, an absent page is a
//! fault at once.
//!
//! The instruction of an access alone decides which of the two holds. So the decision survives task switches and
//! needs no state.
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
//! assert_eq!(word.read()?, 7); // does not wait; what is made from `word` does not, either
//! word.slice(100)?.write_from(&[1, 2, 3])?;
//! # Ok::<(), axptr::Fault>(())
//! ```

use crate::{
    access::raw,
    arch::{entry, shape::InlineFlags},
};

/// The context of an access: [`Normal`] or [`NoFault`]. No other type can implement it.
pub trait Context: sealed::Routines {}

/// The context in which the pager may run, and wait.
#[derive(Clone, Copy, Debug)]
pub struct Normal;

/// The context in which the pager does not run: an absent page is a fault.
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

/// Declares [`sealed::Routines`], and implements it for each context with one set of functions of [`raw`].
macro_rules! routines {
    ($(fn $name:ident($($arg:ident: $type:ty),+);)+) => {
        mod sealed {
            use crate::{access::raw::Outcome, arch::shape::InlineFlags};

            /// The routines of a context. Each has the `# Safety` conditions of the function with its name in `raw`.
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
