// SPDX-License-Identifier: MIT OR Apache-2.0
//! The self test that a kernel runs once at boot.

use core::fmt;

#[cfg(axptr_home = "process")]
use crate::recovery::hosted::{install, tables::ImageTable};
use crate::{
    arch,
    extable::{image, table::TableError},
    recovery::limit,
};

/// Checks the linker's and the integrator's work: the exception table is whole and sorted, and no code, data or stack
/// of the kernel lies in the user half.
///
/// Call it once at boot, after [`set_user_limit`](crate::set_user_limit). So a mistake shows itself at boot, not at the
/// first bad pointer. It allocates nothing and raises no fault. It does not see whether the trap handler is right.
///
/// # Errors
///
/// The first defect that it finds.
#[cfg(not(axptr_home = "process"))]
pub fn selftest() -> Result<(), SelftestError> {
    check()
}

/// Checks the linker's and the integrator's work, in a process: the exception table is whole and sorted, there is a user
/// limit, `hosted::install` has been called, and knows the table of the image that calls.
///
/// A process whose own signal handler calls [`recover`](crate::trap::recover) asks
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
// It has to be a part of the caller's image: see `ImageTable::of_caller`.
#[cfg(axptr_home = "process")]
#[inline(always)]
pub fn selftest() -> Result<(), SelftestError> {
    check_for(ImageTable::of_caller())
}

/// The self test of a process, for the image with this table.
#[cfg(axptr_home = "process")]
#[inline(never)]
fn check_for(image: ImageTable) -> Result<(), SelftestError> {
    check()?;
    if !install::is_installed() {
        return Err(SelftestError::NoHandler);
    }
    if image.is_registered() { Ok(()) } else { Err(SelftestError::OtherImage) }
}

#[cfg_attr(not(axptr_home = "process"), inline)]
fn check() -> Result<(), SelftestError> {
    image::selftest()?;
    #[cfg(all(feature = "vector-registers", axptr_home = "kernel"))]
    if !arch::vector_registers_are_on() {
        return Err(SelftestError::VectorRegistersOff);
    }
    let limit = limit::user_limit();
    if limit == 0 {
        return Err(SelftestError::NotSetUp);
    }
    let on_the_stack = 0_u8;
    let code: fn() -> Result<(), SelftestError> = check;
    let own = [code as usize, limit::address_of_limit(), (&raw const on_the_stack).addr()];
    if let Some(kernel) = limit::first_below_limit(&own) {
        return Err(SelftestError::KernelBelowLimit { limit, kernel });
    }
    if cfg!(axptr_ax_cpu) && reaches_into_hole(limit) {
        return Err(SelftestError::LimitInHole { limit });
    }
    Ok(())
}

/// Whether an address below the limit, which is not 0, raises another fault than a page's.
fn reaches_into_hole(limit: usize) -> bool {
    let last = limit - 1;
    (last as isize) < 0 || !arch::can_translate(last)
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
    /// The user half reaches over the kernel's own memory. Safe code could overwrite that memory. Call
    /// [`set_user_limit`](crate::set_user_limit) with an end below it.
    KernelBelowLimit {
        /// The user limit that was set.
        limit: usize,
        /// A kernel address below the limit: of its code, its data, or its current stack.
        kernel: usize,
    },
    /// With the feature `ax-cpu`: below the limit are addresses that no page table can map, and whose fault (x86_64: #GP,
    /// loongarch64: ADE) ax-cpu does not recover. Any program could end the kernel by one. Call [`set_user_limit`](crate::set_user_limit) with an end
    /// below them.
    LimitInHole {
        /// The user limit that was set.
        limit: usize,
    },
    /// In a process: `hosted::install` has not been called. The first bad pointer would end the process.
    NoHandler,
    /// In a process: this image uses a copy of the crate that lies in another image, and has not called
    /// `hosted::install` itself. The first bad pointer in code that was expanded in this image would end the process.
    OtherImage,
    /// In a kernel with the feature `vector-registers`: this CPU executes no instruction of SSE, or none of AVX, which the first
    /// CPU had on. A copy would raise #UD or #NM. Set CR4.OSFXSR, clear CR0.EM and CR0.TS, and have CR4.OSXSAVE and XCR0 alike
    /// on each CPU, before its first copy.
    #[cfg(feature = "vector-registers")]
    VectorRegistersOff,
}

impl fmt::Debug for SelftestError {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(error) => f.debug_tuple("Table").field(error).finish(),
            Self::NotSetUp => f.write_str("NotSetUp"),
            Self::LimitInHole { limit } => {
                f.debug_struct("LimitInHole").field("limit", &format_args!("{limit:#x}")).finish()
            }
            Self::NoHandler => f.write_str("NoHandler"),
            Self::OtherImage => f.write_str("OtherImage"),
            #[cfg(feature = "vector-registers")]
            Self::VectorRegistersOff => f.write_str("VectorRegistersOff"),
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
            Self::OtherImage => f.write_str(
                "axptr lies in another image, whose handler does not know this image's exception table: call \
                 `unsafe { axptr::hosted::install() }` from a function of this image",
            ),
            #[cfg(feature = "vector-registers")]
            Self::VectorRegistersOff => f.write_str(
                "axptr's routines use vector registers, which are off on this CPU: set CR4.OSFXSR and clear CR0.EM and CR0.TS \
                 first, and have CR4.OSXSAVE and XCR0 alike on each CPU",
            ),
            Self::KernelBelowLimit { limit, kernel } => write!(
                f,
                "the user half ends at {limit:#x}, above the kernel's own memory at {kernel:#x}: \
                 call `axptr::set_user_limit` with an end below it"
            ),
            Self::LimitInHole { limit } => write!(
                f,
                "the user half ends at {limit:#x}, above addresses that no page table can map, whose fault ax-cpu does not \
                 recover: call `axptr::set_user_limit` with an end below them"
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

#[cfg(test)]
mod tests {
    use super::reaches_into_hole;

    #[test]
    fn a_limit_may_end_where_a_hole_begins() {
        // The lower half of 48 bits, which each of the machines translates.
        assert!(!reaches_into_hole(1 << 47));
        // The first address of the upper half lies below it.
        assert!(reaches_into_hole((1 << 63) + 1));
    }
}
