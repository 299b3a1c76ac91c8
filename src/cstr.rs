// SPDX-License-Identifier: MIT OR Apache-2.0
//! Strings in user memory that end with a zero byte.
//!
//! Copy and scan are one pass: what is looked at is what is returned, and a fault needs no second try. The
//! page behind the terminator's is never touched. A limit counts the bytes that are looked at, the terminator
//! included.
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
//! # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
//! use axptr::{UserConstPtr, cstr::StringError};
//! # axptr::copy_to_user(page + 4091, b"/bin\0")?;
//!
//! // "/bin" and its terminator are the last bytes of a page with nothing behind it.
//! let path = UserConstPtr::<u8>::from(page + 4091).as_cstr();
//! let mut buf = [0xff; 8];
//! assert_eq!(path.read(&mut buf), Ok(c"/bin"));
//! assert_eq!(buf[5..], [0xff; 3]); // unchanged
//! assert_eq!(path.read_str(&mut buf), Ok("/bin"));
//! assert_eq!((path.len(5), path.len(4)), (Ok(4), Err(StringError::TooLong)));
//!
//! axptr::fill_user(page + 4095, b'/', 1)?;
//! assert!(matches!(path.len(100), Err(StringError::Fault(fault)) if fault.done == 5));
//! # Ok::<(), axptr::Fault>(())
//! ```

use core::{
    ffi::{CStr, c_char},
    fmt,
};

use axerrno::{AxError, LinuxError};

use crate::{
    cause::{Access, FaultKind},
    context::{Context, NoFault, Normal},
    error::Fault,
    ptr::{UserConstPtr, UserPtr},
    range::{self, UserRange},
};

/// Why a string, or an array that ends with a zero element, was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StringError {
    /// There is no terminator within the limit. (E2BIG; who looks a path up says ENAMETOOLONG.)
    TooLong,
    /// It is not UTF-8.
    NotUtf8,
    /// The kernel's heap is exhausted.
    NoMemory,
    /// A byte in front of the terminator could not be read.
    Fault(Fault),
}

impl fmt::Display for StringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("a user string has no end within the limit"),
            Self::NotUtf8 => f.write_str("a user string is not UTF-8"),
            Self::NoMemory => f.write_str("no memory for a user string"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for StringError {}

impl From<Fault> for StringError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StringError> for LinuxError {
    fn from(error: StringError) -> Self {
        match error {
            StringError::TooLong => Self::E2BIG,
            StringError::NotUtf8 => Self::EILSEQ,
            StringError::NoMemory => Self::ENOMEM,
            StringError::Fault(fault) => fault.into(),
        }
    }
}

impl From<StringError> for AxError {
    fn from(error: StringError) -> Self {
        LinuxError::from(error).into()
    }
}

/// A user address of a string. Made by [`UserConstPtr::as_cstr`].
pub struct UserCStr<C = Normal> {
    start: UserConstPtr<u8, C>,
}

macro_rules! impl_as_cstr {
    ($($pointer:ident<$char:ty>)+) => {$(
        impl<C: Context> $pointer<$char, C> {
            /// The string that begins here.
            #[inline]
            #[must_use]
            pub fn as_cstr(self) -> UserCStr<C> {
                UserCStr { start: UserConstPtr::from(self).cast() }
            }
        }
    )+};
}

// `c_char` is one or the other.
impl_as_cstr!(UserConstPtr<u8> UserConstPtr<i8> UserPtr<u8> UserPtr<i8>);

/// How a piece of a string ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// With its terminator.
    Terminated,
    /// With the room for it.
    Full,
    /// In front of a byte that could not be read.
    Fault(FaultKind),
}

impl<C: Context> UserCStr<C> {
    /// The user address.
    #[inline]
    #[must_use]
    pub const fn addr(self) -> usize {
        self.start.addr()
    }

    /// A pointer to the first byte.
    #[inline]
    #[must_use]
    pub const fn as_ptr(self) -> UserConstPtr<c_char, C> {
        self.start.cast()
    }

    /// The same string, read without the pager: see [`context`](crate::context).
    #[inline]
    #[must_use]
    pub const fn nofault(self) -> UserCStr<NoFault> {
        UserCStr { start: self.start.nofault() }
    }

    /// Counts the bytes in front of the terminator, looking at `limit` bytes at most.
    ///
    /// It may be another string by the time it is read: to have the string, read it at once.
    ///
    /// # Errors
    ///
    /// [`StringError::TooLong`]; [`StringError::Fault`], with the bytes in front of the bad one as `done`.
    #[doc(alias = "strnlen_user")]
    pub fn len(self, limit: usize) -> Result<usize, StringError> {
        const PIECE: usize = 128;
        let mut piece = [0; PIECE];
        let mut done = 0;
        while done < limit {
            let (copied, end) = self.copy_piece(&mut piece[..PIECE.min(limit - done)], done);
            done += copied;
            match end {
                End::Terminated => return Ok(done - 1),
                End::Full => {}
                End::Fault(kind) => return Err(self.fault(done, kind)),
            }
        }
        Err(StringError::TooLong)
    }

    /// Copies the string and its terminator into `buf`, which is the limit. The rest of `buf` stays as it is.
    ///
    /// # Errors
    ///
    /// [`StringError::TooLong`]; [`StringError::Fault`]. What was read is in `buf` then: all of it, or
    /// `buf[..fault.done]`.
    #[doc(alias = "strncpy_from_user")]
    pub fn read(self, buf: &mut [u8]) -> Result<&CStr, StringError> {
        match self.copy_piece(buf, 0) {
            // SAFETY: the routine has stopped behind the first zero byte, which is the last of these.
            (copied, End::Terminated) => Ok(unsafe { CStr::from_bytes_with_nul_unchecked(&buf[..copied]) }),
            (_, End::Full) => Err(StringError::TooLong),
            (copied, End::Fault(kind)) => Err(self.fault(copied, kind)),
        }
    }

    /// The same, as UTF-8 without the terminator.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and [`StringError::NotUtf8`].
    pub fn read_str(self, buf: &mut [u8]) -> Result<&str, StringError> {
        self.read(buf)?.to_str().map_err(|_| StringError::NotUtf8)
    }

    /// Copies what stands from byte `at` on into `piece`, up to the terminator. Returns the number of bytes, in two
    /// registers with why they end: a [`Fault`] would come through memory, which takes longer than a short string.
    fn copy_piece(self, piece: &mut [u8], at: usize) -> (usize, End) {
        let start = self.addr().saturating_add(at);
        // A short string may stand at the very end of the user half.
        let len = piece.len().min(range::user_limit().saturating_sub(start));
        let Some((_, confined)) = UserRange::confined(start, len).filter(|_| len > 0) else {
            return (0, end_without_fault(0, piece.len()));
        };
        // SAFETY: (1) the piece has as many bytes, or more; (2) the range lies in the user half.
        let outcome = unsafe { C::copy_string(piece.as_mut_ptr(), confined, len) };
        let copied = len - outcome.left();
        let end = match piece.get(copied.wrapping_sub(1)) {
            Some(0) => End::Terminated,
            _ if outcome.left() == 0 => end_without_fault(len, piece.len()),
            _ => End::Fault(outcome.kind()),
        };
        (copied, end)
    }

    /// The fault of the byte behind so many.
    #[cold]
    fn fault(self, copied: usize, kind: FaultKind) -> StringError {
        let addr = self.addr().saturating_add(copied);
        StringError::Fault(Fault { done: copied, addr, access: Access::Read, kind })
    }
}

/// How a piece ended of which all `len` bytes were copied: with room for more, at the end of the user half.
const fn end_without_fault(len: usize, room: usize) -> End {
    if len < room { End::Fault(FaultKind::OutOfRange) } else { End::Full }
}

// By hand: derives would ask the same of `C`.
impl<C> Clone for UserCStr<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for UserCStr<C> {}

impl<C> fmt::Debug for UserCStr<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UserCStr").field(&self.start).finish()
    }
}

#[cfg(feature = "alloc")]
mod owned {
    use alloc::{ffi::CString, string::String, vec::Vec};

    use super::{End, StringError, UserCStr};
    use crate::context::Context;

    /// The bytes that are read first; then, as many as there are already.
    const FIRST: usize = 256;

    impl<C: Context> UserCStr<C> {
        /// Reads the string into memory of its own (feature `alloc`), looking at `limit` bytes at most.
        ///
        /// Memory grows with what has been read, not with the limit.
        ///
        /// # Errors
        ///
        /// [`StringError::TooLong`]; [`StringError::Fault`]; [`StringError::NoMemory`].
        pub fn to_cstring(self, limit: usize) -> Result<CString, StringError> {
            let bytes = self.to_bytes_with_nul(limit)?;
            // SAFETY: the routine has stopped behind the first zero byte, which is the last one.
            Ok(unsafe { CString::from_vec_with_nul_unchecked(bytes) })
        }

        /// Reads the string into a [`String`] (feature `alloc`), looking at `limit` bytes at most.
        ///
        /// # Errors
        ///
        /// As [`to_cstring`](Self::to_cstring), and [`StringError::NotUtf8`].
        pub fn to_string(self, limit: usize) -> Result<String, StringError> {
            let mut bytes = self.to_bytes_with_nul(limit)?;
            bytes.pop();
            String::from_utf8(bytes).map_err(|_| StringError::NotUtf8)
        }

        fn to_bytes_with_nul(self, limit: usize) -> Result<Vec<u8>, StringError> {
            let mut bytes = Vec::new();
            while bytes.len() < limit {
                let done = bytes.len();
                let room = done.max(FIRST).min(limit - done);
                bytes.try_reserve(room).map_err(|_| StringError::NoMemory)?;
                bytes.resize(done + room, 0);
                let (copied, end) = self.copy_piece(&mut bytes[done..], done);
                bytes.truncate(done + copied);
                match end {
                    End::Terminated => return Ok(bytes),
                    End::Full => {}
                    End::Fault(kind) => return Err(self.fault(bytes.len(), kind)),
                }
            }
            Err(StringError::TooLong)
        }
    }
}
