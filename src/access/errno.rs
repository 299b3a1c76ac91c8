// SPDX-License-Identifier: MIT OR Apache-2.0
//! The error numbers that a syscall returns, and the conversions to them. The numbers are Linux's, and the same on
//! all four architectures (`<asm-generic/errno-base.h>`, `<asm-generic/errno.h>`).

#[cfg(feature = "axerrno")]
use axerrno::{AxError, AxErrorKind, LinuxError};

pub(crate) const E2BIG: i32 = 7;
pub(crate) const EAGAIN: i32 = 11;
pub(crate) const ENOMEM: i32 = 12;
pub(crate) const EFAULT: i32 = 14;
pub(crate) const EINVAL: i32 = 22;
pub(crate) const ENOSYS: i32 = 38;
pub(crate) const EILSEQ: i32 = 84;

/// Converts an error number to axerrno's `LinuxError`.
#[cfg(feature = "axerrno")]
pub(crate) const fn to_linux(errno: i32) -> LinuxError {
    match errno {
        E2BIG => LinuxError::E2BIG,
        EAGAIN => LinuxError::EAGAIN,
        ENOMEM => LinuxError::ENOMEM,
        EINVAL => LinuxError::EINVAL,
        ENOSYS => LinuxError::ENOSYS,
        EILSEQ => LinuxError::EILSEQ,
        _ => LinuxError::EFAULT,
    }
}

/// Converts an error number to ArceOS's `AxError`. It uses ArceOS's own kind if there is one, because kernels compare
/// with that.
#[cfg(feature = "axerrno")]
pub(crate) fn to_ax(errno: i32) -> AxError {
    let error = to_linux(errno);
    AxErrorKind::try_from(error).map_or(error.into(), AxError::from)
}

/// Implements the conversions of an error type that has an `errno` method.
macro_rules! conversions {
    ($error:ty) => {
        #[cfg(feature = "axerrno")]
        impl From<$error> for axerrno::LinuxError {
            #[inline]
            fn from(error: $error) -> Self {
                $crate::access::errno::to_linux(error.errno())
            }
        }

        #[cfg(feature = "axerrno")]
        impl From<$error> for axerrno::AxError {
            #[inline]
            fn from(error: $error) -> Self {
                $crate::access::errno::to_ax(error.errno())
            }
        }

        #[cfg(feature = "std")]
        impl From<$error> for std::io::Error {
            fn from(error: $error) -> Self {
                Self::from_raw_os_error(error.errno())
            }
        }
    };
}

pub(crate) use conversions;
