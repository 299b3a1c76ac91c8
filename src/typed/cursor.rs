// SPDX-License-Identifier: MIT OR Apache-2.0
//! Cursors that read or write a user range piece by piece.
//!
//! A cursor moves past the bytes that it has done, so each byte is read once. A call that fails does not move it. To
//! continue after the bytes that were done, skip `fault.done` bytes.

use core::{ffi::CStr, fmt, marker::PhantomData, mem::MaybeUninit};

use crate::{
    access::{
        context::{Context, NoFault, Normal},
        copy, errno,
        error::Fault,
        pod::{AnyBitPattern, NoUninit},
        range::UserRange,
        single,
    },
    typed::{
        cstr::StringError,
        ptr::UserConstPtr,
        slice::{UserConstSlice, UserSlice},
    },
};

/// Reads a user range from its start to its end.
///
/// ```
/// # unsafe { axptr::hosted::install() }.unwrap();
/// # static BYTES: [u8; 6] = [1, 0, 0, 0, 7, 8];
/// # let addr = BYTES.as_ptr().addr();
/// let mut reader = axptr::UserReader::from(axptr::UserConstPtr::<u8>::from(addr).slice(6)?);
/// assert_eq!(reader.read_value::<u32>().unwrap(), 1_u32.to_le());
/// let mut rest = [0; 9];
/// assert_eq!(reader.read(&mut rest)?, 2);
/// assert_eq!((rest[1], reader.remaining()), (8, 0));
/// # Ok::<(), axptr::Fault>(())
/// ```
#[derive(Clone, Debug)]
pub struct UserReader<C = Normal> {
    rest: UserRange,
    context: PhantomData<C>,
}

/// Writes a user range from its start to its end.
///
/// ```
/// # unsafe { axptr::hosted::install() }.unwrap();
/// # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
/// # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
/// use axptr::{CursorError, UserPtr, UserWriter};
///
/// let mut writer = UserWriter::from(UserPtr::<u8>::from(page + 4084).slice(20)?);
/// writer.write_value(1_u32.to_be())?;
/// assert_eq!((writer.write(b"abc")?, writer.fill(b'!', 2)?), (3, 2));
/// assert_eq!(writer.write_all(&[0; 12]), Err(CursorError::End)); // 11 bytes of room
/// let Err(CursorError::Fault(fault)) = writer.write_all(b"abcde") else { unreachable!() };
/// assert_eq!((fault.done, writer.remaining()), (3, 11)); // the page ends, the writer has not moved
/// # Ok::<(), CursorError>(())
/// ```
#[derive(Clone, Debug)]
pub struct UserWriter<C = Normal> {
    rest: UserRange,
    context: PhantomData<C>,
}

/// Why a cursor did not do the whole operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorError {
    /// The range has fewer bytes than the operation needs. Nothing has been accessed.
    End,
    /// A byte could not be accessed.
    Fault(Fault),
}

impl fmt::Display for CursorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => f.write_str("the user range ends before the operation"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for CursorError {}

impl From<Fault> for CursorError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl CursorError {
    /// Returns the error number for a syscall.
    #[must_use]
    pub const fn errno(&self) -> i32 {
        match self {
            Self::End => errno::EINVAL,
            Self::Fault(fault) => fault.errno(),
        }
    }
}

errno::conversions!(CursorError);

/// Implements what both cursors have: their position.
macro_rules! impl_cursor {
    ($cursor:ident) => {
        impl $cursor {
            /// Makes a cursor at the start of `range`.
            #[inline]
            #[must_use]
            pub const fn new(range: UserRange) -> Self {
                Self::over(range)
            }
        }

        impl<C> $cursor<C> {
            const fn over(range: UserRange) -> Self {
                Self { rest: range, context: PhantomData }
            }

            /// Returns the same cursor, with accesses that never enter the pager: see [`context`](crate::context).
            #[inline]
            #[must_use]
            pub fn nofault(self) -> $cursor<NoFault> {
                $cursor::over(self.rest)
            }

            /// Returns the number of bytes that remain.
            #[inline]
            #[must_use]
            pub const fn remaining(&self) -> usize {
                self.rest.len()
            }

            /// Returns the user address of the next byte.
            #[inline]
            #[must_use]
            pub const fn addr(&self) -> usize {
                self.rest.start()
            }

            /// Moves past `count` bytes, or to the end if there are fewer. Returns the number of bytes skipped.
            #[inline]
            pub fn skip(&mut self, count: usize) -> usize {
                let (skipped, rest) = self.rest.split_at(count);
                self.rest = rest;
                skipped.len()
            }

            /// Keeps the next `count` bytes and gives up those after them, for good.
            ///
            /// To use the others later, [`split_to`](Self::split_to) the part instead.
            #[inline]
            pub fn truncate(&mut self, count: usize) {
                self.rest = self.rest.split_at(count).0;
            }

            /// Splits off a cursor over the next `count` bytes, or over all if there are fewer. Moves past them.
            #[inline]
            #[must_use = "this cursor has moved past them"]
            pub fn split_to(&mut self, count: usize) -> Self {
                let (head, rest) = self.rest.split_at(count);
                self.rest = rest;
                Self::over(head)
            }
        }
    };
}

impl_cursor!(UserReader);
impl_cursor!(UserWriter);

impl<C: Context> UserReader<C> {
    /// Reads bytes into `buf`, as many as fit and remain. Returns the number of bytes read.
    ///
    /// # Errors
    ///
    /// Fails if a byte is not readable. Then `buf[..fault.done]` holds the bytes before the fault, the rest of `buf`
    /// is unchanged, and the reader has not moved.
    #[inline]
    pub fn read(&mut self, buf: &mut [u8]) -> Result<usize, Fault> {
        let (now, later) = self.rest.split_at(buf.len());
        // SAFETY: (1) `now` is no longer than `buf`.
        unsafe { copy::read_range::<C>(buf.as_mut_ptr(), now) }?;
        self.rest = later;
        Ok(now.len())
    }

    /// Fills `buf`.
    ///
    /// # Errors
    ///
    /// Returns [`CursorError::End`] if fewer bytes remain. Else it fails as [`read`](Self::read) does.
    #[inline]
    pub fn read_exact(&mut self, buf: &mut [u8]) -> Result<(), CursorError> {
        if buf.len() > self.remaining() {
            return Err(CursorError::End);
        }
        self.read(buf)?;
        Ok(())
    }

    /// Reads one value.
    ///
    /// # Errors
    ///
    /// Returns [`CursorError::End`] if fewer bytes remain, and [`CursorError::Fault`] if a byte is not readable. Then
    /// the reader has not moved.
    #[inline]
    pub fn read_value<T: AnyBitPattern>(&mut self) -> Result<T, CursorError> {
        if size_of::<T>() > self.remaining() {
            return Err(CursorError::End);
        }
        let (now, later) = self.rest.split_at(size_of::<T>());
        if single::is_single::<T>() {
            let value = single::read::<T, C>(now.start())?;
            self.rest = later;
            return Ok(value);
        }
        let mut value = MaybeUninit::<T>::uninit();
        // SAFETY: (1) `now` is as long as a `T`.
        unsafe { copy::read_range::<C>(value.as_mut_ptr().cast(), now) }?;
        self.rest = later;
        // SAFETY: all its bytes were written, and a `T` may be any of them.
        Ok(unsafe { value.assume_init() })
    }

    /// Reads a string and its terminator into `buf`, and moves past the terminator.
    ///
    /// It looks at no more bytes than `buf` has and the reader has left. The rest of `buf` is unchanged.
    ///
    /// # Errors
    ///
    /// Fails as [`UserCStr::read`](crate::cstr::UserCStr::read) does. Then the reader has not moved.
    ///
    /// ```
    /// # unsafe { axptr::hosted::install() }.unwrap();
    /// # static NAMES: [u8; 9] = *b"one\0four\0";
    /// # let addr = NAMES.as_ptr().addr();
    /// use axptr::{UserConstPtr, UserReader, cstr::StringError};
    ///
    /// let mut names = UserReader::from(UserConstPtr::<u8>::from(addr).slice(8)?);
    /// let mut buf = [0; 16];
    /// assert_eq!(names.read_cstr(&mut buf), Ok(c"one"));
    /// // The reader ends before the second terminator.
    /// assert_eq!(names.read_cstr(&mut buf), Err(StringError::TooLong));
    /// assert_eq!(names.remaining(), 4);
    /// # Ok::<(), axptr::Fault>(())
    /// ```
    pub fn read_cstr<'a>(&mut self, buf: &'a mut [u8]) -> Result<&'a CStr, StringError> {
        let most = buf.len().min(self.remaining());
        let string = UserConstPtr::<u8, C>::at(self.addr()).as_cstr().read(&mut buf[..most])?;
        self.skip(string.to_bytes_with_nul().len());
        Ok(string)
    }

    /// Copies bytes to `writer`, as many as both have, without kernel memory between. Returns the number of bytes
    /// copied.
    ///
    /// # Errors
    ///
    /// Fails if a byte of the reader is not readable, or a byte of the writer is not writable. Then the first
    /// `fault.done` bytes have been written, and neither cursor has moved.
    pub fn read_to(&mut self, writer: &mut UserWriter<C>) -> Result<usize, Fault> {
        let len = self.remaining().min(writer.remaining());
        copy::copy_inside::<C>(writer.addr(), self.addr(), len)?;
        self.skip(len);
        writer.skip(len);
        Ok(len)
    }
}

impl<C: Context> UserWriter<C> {
    /// Writes bytes from `buf`, as many as there is room for. Returns the number of bytes written.
    ///
    /// # Errors
    ///
    /// Fails if a byte is not writable. Then the first `fault.done` bytes have been written, no byte after them, and
    /// the writer has not moved.
    #[inline]
    pub fn write(&mut self, buf: &[u8]) -> Result<usize, Fault> {
        let len = buf.len().min(self.remaining());
        copy::write_bytes::<C>(self.addr(), &buf[..len])?;
        self.skip(len);
        Ok(len)
    }

    /// Writes all of `buf`.
    ///
    /// # Errors
    ///
    /// Returns [`CursorError::End`] if there is less room. Else it fails as [`write`](Self::write) does.
    #[inline]
    pub fn write_all(&mut self, buf: &[u8]) -> Result<(), CursorError> {
        if buf.len() > self.remaining() {
            return Err(CursorError::End);
        }
        self.write(buf)?;
        Ok(())
    }

    /// Writes one value.
    ///
    /// # Errors
    ///
    /// Fails as [`write_all`](Self::write_all) does.
    #[inline]
    pub fn write_value<T: NoUninit>(&mut self, value: T) -> Result<(), CursorError> {
        if !single::is_single::<T>() {
            return self.write_all(bytemuck::bytes_of(&value));
        }
        if size_of::<T>() > self.remaining() {
            return Err(CursorError::End);
        }
        single::write::<T, C>(self.addr(), value)?;
        self.skip(size_of::<T>());
        Ok(())
    }

    /// Writes `byte` `count` times, or to the end if there is less room. Returns the number of bytes written.
    ///
    /// # Errors
    ///
    /// Fails as [`write`](Self::write) does.
    pub fn fill(&mut self, byte: u8, count: usize) -> Result<usize, Fault> {
        let len = count.min(self.remaining());
        copy::fill::<C>(self.addr(), byte, len)?;
        self.skip(len);
        Ok(len)
    }

    /// Copies bytes from `reader`, as many as both have. Returns the number of bytes copied.
    ///
    /// # Errors
    ///
    /// Fails as [`UserReader::read_to`] does.
    pub fn write_from(&mut self, reader: &mut UserReader<C>) -> Result<usize, Fault> {
        reader.read_to(self)
    }
}

impl<T, C: Context> From<UserConstSlice<T, C>> for UserReader<C> {
    fn from(slice: UserConstSlice<T, C>) -> Self {
        Self::over(slice.bytes())
    }
}

impl<T, C: Context> From<UserSlice<T, C>> for UserReader<C> {
    fn from(slice: UserSlice<T, C>) -> Self {
        Self::over(slice.bytes())
    }
}

impl<T, C: Context> From<UserSlice<T, C>> for UserWriter<C> {
    fn from(slice: UserSlice<T, C>) -> Self {
        Self::over(slice.bytes())
    }
}
