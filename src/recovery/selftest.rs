// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a kernel asks once at boot.

use core::fmt;

use crate::{
    extable::{image, table::TableError},
    recovery::limit,
};

/// Checks what the linker and the integrator have left behind: the exception table is whole and sorted, and user memory
/// has been stated to be where no code, data or stack of the kernel's is.
///
/// A kernel calls it once at boot, behind [`set_user_limit`](crate::set_user_limit), so that a fault in either shows itself
/// there and not at the first bad pointer. It allocates nothing and takes no fault. In a process, where all memory is
/// user memory, only the table and that there is a limit at all are checked.
///
/// ```
/// use axptr::{SelftestError, selftest};
///
/// assert_eq!(selftest(), Err(SelftestError::NotSetUp));
/// // SAFETY: (1) this process hands axptr no address of memory that Rust owns and that is written meanwhile.
/// unsafe { axptr::hosted::install() }.unwrap();
/// assert_eq!(selftest(), Ok(()));
/// ```
///
/// # Errors
///
/// The first defect found.
pub fn selftest() -> Result<(), SelftestError> {
    image::selftest()?;
    let limit = limit::user_limit();
    if limit == 0 {
        return Err(SelftestError::NotSetUp);
    }
    let on_the_stack = 0_u8;
    let code: fn() -> Result<(), SelftestError> = selftest;
    let own = [code as usize, limit::address_of_limit(), (&raw const on_the_stack).addr()];
    match limit::first_below_limit(&own) {
        Some(kernel) => Err(SelftestError::KernelBelowLimit { limit, kernel }),
        None => Ok(()),
    }
}

/// What [`selftest`] has found.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SelftestError {
    /// The exception table is not what the linker should have made.
    Table(TableError),
    /// Nobody has said where user memory may be, so every access is refused: call
    /// [`set_user_limit`](crate::set_user_limit), in a process `hosted::install`.
    NotSetUp,
    /// The user half, as stated, reaches over the kernel's own memory: safe code could overwrite it.
    KernelBelowLimit {
        /// The limit that was set.
        limit: usize,
        /// An address of the kernel's that lies below it: of its code, its data, or the stack that it runs on.
        kernel: usize,
    },
}

impl fmt::Debug for SelftestError {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(error) => f.debug_tuple("Table").field(error).finish(),
            Self::NotSetUp => f.write_str("NotSetUp"),
            Self::KernelBelowLimit { limit, kernel } => f
                .debug_struct("KernelBelowLimit")
                .field("limit", &format_args!("{limit:#x}"))
                .field("kernel", &format_args!("{kernel:#x}"))
                .finish(),
        }
    }
}

impl fmt::Display for SelftestError {
    // One place at most prints it.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(error) => error.fmt(f),
            Self::NotSetUp => f.write_str(
                "nobody has said where user memory may be: call `unsafe { axptr::set_user_limit(end) }` at boot, \
                 in a process `unsafe { axptr::hosted::install() }`",
            ),
            Self::KernelBelowLimit { limit, kernel } => write!(
                f,
                "the user half ends at {limit:#x}, above the kernel's own memory at {kernel:#x}: \
                 call `axptr::set_user_limit` with an end below it"
            ),
        }
    }
}

impl core::error::Error for SelftestError {}

impl From<TableError> for SelftestError {
    fn from(error: TableError) -> Self {
        Self::Table(error)
    }
}
