// SPDX-License-Identifier: MIT OR Apache-2.0
//! The self test that a kernel runs once at boot.

use core::fmt;

use crate::{
    extable::{image, table::TableError},
    recovery::limit,
};

/// Checks the linker's and the integrator's work: the exception table is whole and sorted, and no code, data or stack
/// of the kernel lies in the user half.
///
/// Call it once at boot, after [`set_user_limit`](crate::set_user_limit). So a mistake shows itself at boot, not at the
/// first bad pointer. It allocates nothing and raises no fault. It does not see whether the trap handler is right.
///
/// In a process all memory is user memory, so it checks the table, that there is a limit, and that `hosted::install` has
/// been called. A process whose own signal handler calls [`recover`](crate::trap::recover) asks
/// [`extable::selftest`](crate::extable::selftest) instead.
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
/// The first defect that it finds.
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
        None if !has_handler() => Err(SelftestError::NoHandler),
        None => Ok(()),
    }
}

/// Whether faults are recovered in this process.
#[cfg(axptr_home = "process")]
fn has_handler() -> bool {
    crate::recovery::hosted::install::is_installed()
}

/// Nobody can see that of a kernel.
#[cfg(not(axptr_home = "process"))]
fn has_handler() -> bool {
    true
}

/// The defect that [`selftest`] found.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SelftestError {
    /// The linker did not produce a correct exception table.
    Table(TableError),
    /// Nothing has set the user limit, so every access is refused. A kernel calls
    /// [`set_user_limit`](crate::set_user_limit), a process `hosted::install`.
    NotSetUp,
    /// The user half reaches over the kernel's own memory. Safe code could overwrite that memory.
    KernelBelowLimit {
        /// The user limit that was set.
        limit: usize,
        /// A kernel address below the limit: of its code, its data, or its current stack.
        kernel: usize,
    },
    /// In a process: `hosted::install` has not been called. The first bad pointer would end the process.
    NoHandler,
}

impl fmt::Debug for SelftestError {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(error) => f.debug_tuple("Table").field(error).finish(),
            Self::NotSetUp => f.write_str("NotSetUp"),
            Self::NoHandler => f.write_str("NoHandler"),
            Self::KernelBelowLimit { limit, kernel } => f
                .debug_struct("KernelBelowLimit")
                .field("limit", &format_args!("{limit:#x}"))
                .field("kernel", &format_args!("{kernel:#x}"))
                .finish(),
        }
    }
}

impl fmt::Display for SelftestError {
    // Inline, because a program prints it in one place at most.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(error) => error.fmt(f),
            Self::NotSetUp => f.write_str(
                "nobody has said where user memory may be: call `unsafe { axptr::set_user_limit(end) }` at boot, \
                 in a process `unsafe { axptr::hosted::install() }`",
            ),
            Self::NoHandler => f.write_str(
                "nothing recovers a fault in this process: call `unsafe { axptr::hosted::install() }`",
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
