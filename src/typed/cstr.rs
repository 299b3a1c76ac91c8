// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads strings in user memory that end with a zero byte.
//!
//! One pass copies and scans: the bytes that were checked are the bytes that are returned. The page after the one
//! with the terminator is never touched. A limit counts the bytes that are looked at, including the terminator.
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
//! # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
//! use axptr::{UserConstPtr, cstr::StringError};
//! # axptr::copy_to_user(page + 4091, b"/bin\0")?;
//!
//! // "/bin" and its terminator end at the last byte of a page. No page follows it.
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
        length::{End, Unended, count_string},
        outcome::Outcome,
        range::UserRange,
    },
    extable::cause::{Access, FaultKind},
    recovery::tag::untagged,
    typed::ptr::{UserConstPtr, UserPtr},
};

/// Why a string was not read, or an array that ends with a zero element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StringError {
    /// There is no terminator within the limit. (E2BIG. For a path, a kernel returns ENAMETOOLONG instead.)
    TooLong,
    /// The string is not UTF-8.
    NotUtf8,
    /// The kernel's heap is exhausted.
    NoMemory,
    /// A byte before the terminator could not be read.
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
    /// Returns the error number for a syscall.
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

/// The user address of a string. Made by [`UserConstPtr::as_cstr`].
pub struct UserCStr<C = Normal> {
    start: UserConstPtr<u8, C>,
}

macro_rules! impl_as_cstr {
    ($($pointer:ident<$char:ty>)+) => {$(
        impl<C: Context> $pointer<$char, C> {
            /// Returns the string that begins here.
            #[inline]
            #[must_use]
            pub fn as_cstr(self) -> UserCStr<C> {
                UserCStr { start: UserConstPtr::from(self).cast() }
            }
        }
    )+};
}

// `c_char` is `u8` or `i8`.
impl_as_cstr!(UserConstPtr<u8> UserConstPtr<i8> UserPtr<u8> UserPtr<i8>);

impl<C: Context> UserCStr<C> {
    /// Returns the user address.
    #[inline]
    #[must_use]
    pub const fn addr(self) -> usize {
        self.start.addr()
    }

    /// Returns a pointer to the first byte.
    #[inline]
    #[must_use]
    pub const fn as_ptr(self) -> UserConstPtr<c_char, C> {
        self.start.cast()
    }

    /// Returns the same string, read without the pager: see [`context`](crate::context).
    #[inline]
    #[must_use]
    pub const fn nofault(self) -> UserCStr<NoFault> {
        UserCStr { start: self.start.nofault() }
    }

    /// Counts the bytes before the terminator, and looks at `limit` bytes at most.
    ///
    /// The string may be another one when you read it later. To get its bytes, read it at once.
    ///
    /// # Errors
    ///
    /// Returns [`StringError::TooLong`] if there is no terminator within `limit`. Returns [`StringError::Fault`] if a
    /// byte before it is not readable; `done` is the number of bytes before that byte.
    #[doc(alias = "strnlen_user")]
    #[inline]
    pub fn len(self, limit: usize) -> Result<usize, StringError> {
        match count_string::<C>(self.addr(), limit) {
            Some(Ok(count)) => Ok(count),
            Some(Err(unended)) => Err(self.unended(unended, limit)),
            None => self.len_by_copies(limit),
        }
    }

    #[cold]
    #[inline(never)]
    fn unended(self, unended: Unended, limit: usize) -> StringError {
        match unended.count(limit) {
            (count, End::Fault(kind)) => self.fault(count, kind),
            _ => StringError::TooLong,
        }
    }

    /// The length where no routine counts without a copy.
    fn len_by_copies(self, limit: usize) -> Result<usize, StringError> {
        // Most strings end in the first piece. It ends where the routine's aligned blocks do, so the next begin with one.
        const SHORT: usize = 128;
        const BLOCK: usize = 64;
        let first = SHORT - untagged(self.addr()) % BLOCK;
        match self.len_by_pieces::<SHORT>(0, limit.min(first)) {
            Err(StringError::TooLong) if first < limit => self.len_beyond(first, limit),
            ended => ended,
        }
    }

    /// The length of a string of which `done` bytes are no terminator. By itself, so that short strings clear no large piece.
    #[inline(never)]
    fn len_beyond(self, done: usize, limit: usize) -> Result<usize, StringError> {
        self.len_by_pieces::<512>(done, limit)
    }

    #[inline]
    fn len_by_pieces<const PIECE: usize>(self, mut done: usize, limit: usize) -> Result<usize, StringError> {
        let mut piece = [0; PIECE];
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

    /// Copies the string and its terminator into `buf`. The length of `buf` is the limit.
    ///
    /// The rest of `buf` is unchanged.
    ///
    /// # Errors
    ///
    /// Returns [`StringError::TooLong`] if `buf` has no room for the terminator. Then all of `buf` holds what was
    /// read. Returns [`StringError::Fault`] if a byte before the terminator is not readable. Then `buf[..fault.done]`
    /// holds what was read.
    #[doc(alias = "strncpy_from_user")]
    pub fn read(self, buf: &mut [u8]) -> Result<&CStr, StringError> {
        match self.copy_piece(buf, 0) {
            // SAFETY: the routine has stopped after the first zero byte, which is the last of these.
            (copied, End::Terminated) => Ok(unsafe { CStr::from_bytes_with_nul_unchecked(&buf[..copied]) }),
            (_, End::Full) => Err(StringError::TooLong),
            (copied, End::Fault(kind)) => Err(self.fault(copied, kind)),
        }
    }

    /// Copies as much of the string as fits into `buf` with a terminator: strlcpy's rule, for names that may be cut
    /// off.
    ///
    /// `buf` always gets a terminator, and its rest is unchanged.
    ///
    /// [`Fit::CutOff`] says that the string continues, or that the next byte, which would tell, is not readable. A
    /// string that begins outside the user half is refused, however small `buf` is.
    ///
    /// # Errors
    ///
    /// Returns [`StringError::TooLong`] if `buf` is empty. Returns [`StringError::Fault`] if one of the first
    /// `buf.len() - 1` bytes is needed and not readable. Then `buf[..fault.done]` holds the bytes before it.
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
                // The terminator takes the place of the last byte that was copied.
                *buf.last_mut().ok_or(StringError::TooLong)? = 0;
                (copied, Fit::CutOff)
            }
            // Only the byte in the terminator's place is missing, and nobody needs it. But a string is refused if no
            // byte of it may be looked at.
            (copied, End::Fault(kind)) if copied + 1 == buf.len() && !(copied == 0 && kind.is_refusal()) => {
                buf[copied] = 0;
                (buf.len(), Fit::CutOff)
            }
            (copied, End::Fault(kind)) => return Err(self.fault(copied, kind)),
        };
        // SAFETY: the last of these bytes is zero, and none before it: the routine would have stopped there.
        Ok((unsafe { CStr::from_bytes_with_nul_unchecked(&buf[..copied]) }, fit))
    }

    /// Does [`read`](Self::read) and returns UTF-8 without the terminator.
    ///
    /// # Errors
    ///
    /// Fails as [`read`](Self::read) does, and with [`StringError::NotUtf8`] if the string is not UTF-8.
    pub fn read_str(self, buf: &mut [u8]) -> Result<&str, StringError> {
        self.read(buf)?.to_str().map_err(|_| StringError::NotUtf8)
    }

    /// Copies the string's bytes from byte `at` on into `piece`, up to the terminator. Returns the number of bytes,
    /// and why they end.
    ///
    /// Both come back in registers. A [`Fault`] would come through memory, which takes longer than a short string.
    #[inline]
    fn copy_piece(self, piece: &mut [u8], at: usize) -> (usize, End) {
        let start = untagged(self.addr()).saturating_add(at);
        // A short string may lie at the very end of the user half.
        let Some((confined, len)) = UserRange::confined_part(start, piece.len()) else {
            return (0, End::without_fault(0, piece.len()));
        };
        // SAFETY: (1) the piece has as many bytes, or more; (2) the range lies in the user half.
        let outcome = unsafe { C::copy_string(piece.as_mut_ptr(), confined, len) };
        let copied = len.wrapping_sub(outcome.left());
        match piece.get(copied.wrapping_sub(1)) {
            Some(0) => (copied, End::Terminated),
            _ => stopped(outcome, len, piece.len()),
        }
    }

    /// Makes the fault after `copied` bytes.
    #[cold]
    fn fault(self, copied: usize, kind: FaultKind) -> StringError {
        StringError::Fault(Fault::new(untagged(self.addr()), copied, Access::Read, kind))
    }
}

/// The number of bytes that were copied of `len`, and why no terminator is among them. There was room for `room`.
#[cold]
#[inline]
fn stopped(outcome: Outcome, len: usize, room: usize) -> (usize, End) {
    if outcome.left() == 0 {
        return (len, End::without_fault(len, room));
    }
    // A trap frame that restores the wrong register may leave any count.
    (len.saturating_sub(outcome.left()), End::Fault(outcome.kind()))
}

// By hand: derives would demand the traits of `C`, too.
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

    /// The number of bytes that are read first. Each further read doubles the bytes.
    const FIRST: usize = 256;

    impl<C: Context> UserCStr<C> {
        /// Reads the string into a new [`CString`] (feature `alloc`), and looks at `limit` bytes at most.
        ///
        /// The memory grows with what has been read, not with the limit.
        ///
        /// # Errors
        ///
        /// - [`StringError::TooLong`]: there is no terminator within `limit`.
        /// - [`StringError::Fault`]: a byte before the terminator is not readable.
        /// - [`StringError::NoMemory`]: the heap is exhausted.
        ///
        /// What was read until then is dropped; [`append_to`](Self::append_to) keeps it.
        pub fn to_cstring(self, limit: usize) -> Result<CString, StringError> {
            let mut bytes = Vec::new();
            self.append_with_nul(&mut bytes, limit)?;
            // SAFETY: the routine has stopped after the first zero byte, which is the last one.
            Ok(unsafe { CString::from_vec_with_nul_unchecked(bytes) })
        }

        /// Reads the string into a new [`String`] (feature `alloc`), and looks at `limit` bytes at most.
        ///
        /// # Errors
        ///
        /// Fails as [`to_cstring`](Self::to_cstring) does, and with [`StringError::NotUtf8`] if the string is not
        /// UTF-8.
        pub fn to_string(self, limit: usize) -> Result<String, StringError> {
            let mut bytes = Vec::new();
            self.append_to(&mut bytes, limit)?;
            // A kernel keeps many short ones.
            bytes.shrink_to_fit();
            String::from_utf8(bytes).map_err(|_| StringError::NotUtf8)
        }

        /// Appends the string to `bytes`, without its terminator (feature `alloc`). Looks at `limit` bytes at most.
        ///
        /// Returns the number of bytes appended.
        ///
        /// # Errors
        ///
        /// Fails as [`to_cstring`](Self::to_cstring) does, but keeps what was read in `bytes`: `fault.done` bytes,
        /// after those that were there before.
        pub fn append_to(self, bytes: &mut Vec<u8>, limit: usize) -> Result<usize, StringError> {
            let len = self.append_with_nul(bytes, limit)? - 1;
            bytes.pop();
            Ok(len)
        }

        /// Appends the string and its terminator. Returns the number of bytes appended.
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
