// SPDX-License-Identifier: MIT OR Apache-2.0
//! The error numbers that a syscall returns, and the conversions to them. The numbers are Linux's, and the same on
//! all four architectures (`<asm-generic/errno-base.h>`, `<asm-generic/errno.h>`).

pub(crate) const E2BIG: i32 = 7;
pub(crate) const EAGAIN: i32 = 11;
pub(crate) const ENOMEM: i32 = 12;
pub(crate) const EFAULT: i32 = 14;
pub(crate) const EINVAL: i32 = 22;
pub(crate) const ENOSYS: i32 = 38;
pub(crate) const EILSEQ: i32 = 84;

/// The conversions of an error number, for a crate with ArceOS's error types. `axerrno` and `ax-errno` differ in name only.
#[cfg(any(feature = "axerrno", feature = "ax-errno"))]
macro_rules! arceos_errors {
    ($errors:ident) => {
        use $errors::{AxError, AxErrorKind, LinuxError};

        /// Converts an error number to `LinuxError`.
        pub(crate) const fn to_linux(errno: i32) -> LinuxError {
            match errno {
                super::E2BIG => LinuxError::E2BIG,
                super::EAGAIN => LinuxError::EAGAIN,
                super::ENOMEM => LinuxError::ENOMEM,
                super::EINVAL => LinuxError::EINVAL,
                super::ENOSYS => LinuxError::ENOSYS,
                super::EILSEQ => LinuxError::EILSEQ,
                _ => LinuxError::EFAULT,
            }
        }

        /// Converts an error number to `AxError`. It uses ArceOS's own kind if there is one, because kernels compare with
        /// that.
        pub(crate) fn to_ax(errno: i32) -> AxError {
            let error = to_linux(errno);
            AxErrorKind::try_from(error).map_or(error.into(), AxError::from)
        }
    };
}

/// For the earlier line of ArceOS.
#[cfg(feature = "axerrno")]
pub(crate) mod earlier {
    arceos_errors!(axerrno);
}

/// For the living line of ArceOS.
#[cfg(feature = "ax-errno")]
pub(crate) mod living {
    arceos_errors!(ax_errno);
}

/// Implements the conversions of an error type that has an `errno` method.
macro_rules! conversions {
    ($error:ty) => {
        #[cfg(feature = "axerrno")]
        $crate::access::errno::conversions!($error, axerrno, earlier);
        #[cfg(feature = "ax-errno")]
        $crate::access::errno::conversions!($error, ax_errno, living);

        #[cfg(feature = "std")]
        impl From<$error> for std::io::Error {
            fn from(error: $error) -> Self {
                Self::from_raw_os_error(error.errno())
            }
        }
    };
    ($error:ty, $errors:ident, $line:ident) => {
        impl From<$error> for $errors::LinuxError {
            #[inline]
            fn from(error: $error) -> Self {
                $crate::access::errno::$line::to_linux(error.errno())
            }
        }

        impl From<$error> for $errors::AxError {
            #[inline]
            fn from(error: $error) -> Self {
                $crate::access::errno::$line::to_ax(error.errno())
            }
        }
    };
}

pub(crate) use conversions;
