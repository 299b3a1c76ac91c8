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

use crate::{
    access::{
        context::{Context, NoFault, Normal},
        errno,
        error::Fault,
        fit::Fit,
        range::UserRange,
    },
    extable::cause::{Access, FaultKind},
    recovery::limit::user_limit,
    typed::ptr::{UserConstPtr, UserPtr},
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

impl StringError {
    /// The error number that a system call returns.
    #[must_use]
    pub const fn errno(&self) -> i32 {
        match self {
            Self::TooLong => errno::E2BIG,
            Self::NotUtf8 => errno::EILSEQ,
            Self::NoMemory => errno::ENOMEM,
            Self::Fault(fault) => fault.errno(),
        }
    }
}

errno::conversions!(StringError);

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

    /// Copies as much of the string as `buf` has room for beside a terminator, which it always gets: strlcpy's rule, for
    /// names that may be cut off. The rest of `buf` stays as it is.
    ///
    /// [`Fit::CutOff`] says that the string goes on, or that the byte which would tell is not readable. A string that begins
    /// outside of the user half is refused, however small `buf` is.
    ///
    /// # Errors
    ///
    /// [`StringError::TooLong`] if `buf` is empty; [`StringError::Fault`], if one of the first `buf.len() - 1` bytes is needed
    /// and not readable: then `buf[..fault.done]` holds what came before it.
    ///
    /// ```
    /// # unsafe { axptr::hosted::install() }.unwrap();
    /// # static NAME: [u8; 13] = *b"kworker/u8:1\0";
    /// # let addr = NAME.as_ptr().addr();
    /// use axptr::{Fit, UserConstPtr};
    ///
    /// let name = UserConstPtr::<u8>::from(addr).as_cstr(); // prctl(PR_SET_NAME, "kworker/u8:1")
    /// assert_eq!(name.read_truncated(&mut [0; 16])?, (c"kworker/u8:1", Fit::Whole));
    /// assert_eq!(name.read_truncated(&mut [0; 8])?, (c"kworker", Fit::CutOff));
    /// # Ok::<(), axptr::cstr::StringError>(())
    /// ```
    #[doc(alias = "strlcpy")]
    pub fn read_truncated(self, buf: &mut [u8]) -> Result<(&CStr, Fit), StringError> {
        let (copied, fit) = match self.copy_piece(buf, 0) {
            (copied, End::Terminated) => (copied, Fit::Whole),
            (copied, End::Full) => {
                // The last byte that came is the one that has to make room.
                *buf.last_mut().ok_or(StringError::TooLong)? = 0;
                (copied, Fit::CutOff)
            }
            // Only the byte that the terminator takes the place of is missing: it need not be there. A string of which no byte
            // may be looked at is refused all the same.
            (copied, End::Fault(kind)) if copied + 1 == buf.len() && !(copied == 0 && kind.is_refusal()) => {
                buf[copied] = 0;
                (buf.len(), Fit::CutOff)
            }
            (copied, End::Fault(kind)) => return Err(self.fault(copied, kind)),
        };
        // SAFETY: no byte in front of the last of these is zero: the routine would have stopped there.
        Ok((unsafe { CStr::from_bytes_with_nul_unchecked(&buf[..copied]) }, fit))
    }

    /// The same as [`read`](Self::read), as UTF-8 without the terminator.
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
        let len = piece.len().min(user_limit().saturating_sub(start));
        let Some((_, confined)) = UserRange::confined(start, len).filter(|_| len > 0) else {
            return (0, end_without_fault(0, piece.len()));
        };
        // SAFETY: (1) the piece has as many bytes, or more; (2) the range lies in the user half.
        let outcome = unsafe { C::copy_string(piece.as_mut_ptr(), confined, len) };
        let copied = len.wrapping_sub(outcome.left());
        match piece.get(copied.wrapping_sub(1)) {
            Some(0) => (copied, End::Terminated),
            _ if outcome.left() == 0 => (copied, end_without_fault(len, piece.len())),
            // A trap frame that restores the wrong register may leave any count.
            _ => (len.saturating_sub(outcome.left()), End::Fault(outcome.kind())),
        }
    }

    /// The fault of the byte behind so many.
    #[cold]
    fn fault(self, copied: usize, kind: FaultKind) -> StringError {
        StringError::Fault(Fault::new(self.addr(), copied, Access::Read, kind))
    }
}

/// How a piece ended of which all `len` bytes were copied: with room for more, at the end of the user half.
fn end_without_fault(len: usize, room: usize) -> End {
    if len >= room {
        return End::Full;
    }
    End::Fault(if user_limit() == 0 { FaultKind::NotSetUp } else { FaultKind::OutOfRange })
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
    use crate::access::context::Context;

    /// The bytes that are read first; then, as many as there are already.
    const FIRST: usize = 256;

    impl<C: Context> UserCStr<C> {
        /// Reads the string into memory of its own (feature `alloc`), looking at `limit` bytes at most.
        ///
        /// Memory grows with what has been read, not with the limit.
        ///
        /// # Errors
        ///
        /// [`StringError::TooLong`]; [`StringError::Fault`]; [`StringError::NoMemory`]. What was read until then is
        /// dropped: [`append_to`](Self::append_to) keeps it.
        pub fn to_cstring(self, limit: usize) -> Result<CString, StringError> {
            let mut bytes = Vec::new();
            self.append_with_nul(&mut bytes, limit)?;
            // SAFETY: the routine has stopped behind the first zero byte, which is the last one.
            Ok(unsafe { CString::from_vec_with_nul_unchecked(bytes) })
        }

        /// Reads the string into a [`String`] (feature `alloc`), looking at `limit` bytes at most.
        ///
        /// # Errors
        ///
        /// As [`to_cstring`](Self::to_cstring), and [`StringError::NotUtf8`].
        pub fn to_string(self, limit: usize) -> Result<String, StringError> {
            let mut bytes = Vec::new();
            self.append_to(&mut bytes, limit)?;
            String::from_utf8(bytes).map_err(|_| StringError::NotUtf8)
        }

        /// Appends the string, without its terminator, to `bytes` (feature `alloc`), looking at `limit` bytes at most.
        /// Returns how many bytes it has.
        ///
        /// # Errors
        ///
        /// As [`to_cstring`](Self::to_cstring), but what was read is in `bytes`: `fault.done` bytes behind those that
        /// were there before.
        pub fn append_to(self, bytes: &mut Vec<u8>, limit: usize) -> Result<usize, StringError> {
            let len = self.append_with_nul(bytes, limit)? - 1;
            bytes.pop();
            Ok(len)
        }

        /// Appends the string and its terminator, and returns how many bytes that are.
        fn append_with_nul(self, bytes: &mut Vec<u8>, limit: usize) -> Result<usize, StringError> {
            let before = bytes.len();
            let mut done = 0;
            while done < limit {
                let room = done.max(FIRST).min(limit - done);
                bytes.try_reserve(room).map_err(|_| StringError::NoMemory)?;
                bytes.resize(before + done + room, 0);
                let (copied, end) = self.copy_piece(&mut bytes[before + done..], done);
                done += copied;
                bytes.truncate(before + done);
                match end {
                    End::Terminated => return Ok(done),
                    End::Full => {}
                    End::Fault(kind) => return Err(self.fault(done, kind)),
                }
            }
            Err(StringError::TooLong)
        }
    }
}
