// SPDX-License-Identifier: MIT OR Apache-2.0
//! The forms that say how much was done.

use core::{mem::MaybeUninit, slice};

use axptr::{Fault, copy_from_user_uninit, copy_to_user};
use starry_vm::VmIo;

use crate::space::ActiveSpace;

/// Transfers that stop with an exact count.
///
/// They are for the calls in which a part is a success: `read`, `write`, their vectors, `getrandom`. [`VmIo`] has no
/// place for a count. So a `write` of a buffer whose last page is missing answers EFAULT there, and Linux answers how
/// much it took.
///
/// ```
/// # unsafe { axptr::hosted::install() }.unwrap();
/// # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
/// # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
/// use axptr_starry_vm::{ActiveSpace, VmIoCounted};
/// use starry_vm::{VmError, VmIo};
///
/// /// read(2): a short count if some bytes were done, else EFAULT.
/// fn answer(file: &[u8], buf: usize) -> isize {
///     match ActiveSpace.write_short(buf, file) {
///         Ok(count) => count as isize,
///         Err(fault) => -(fault.errno() as isize),
///     }
/// }
///
/// // `page` is 4096 bytes of user memory. No page follows it.
/// assert_eq!(answer(b"hello", page), 5);
/// assert_eq!(answer(b"hello", page + 4093), 3);
/// assert_eq!(answer(b"hello", page + 4096), -14);
/// assert_eq!(ActiveSpace.write(page + 4093, b"hello"), Err(VmError::BadAddress));
/// ```
///
/// # Safety
///
/// 1. If [`read_counted`](Self::read_counted) returns a fault, it has written the first `fault.done` bytes of the
///    buffer, and there are so many.
pub unsafe trait VmIoCounted: VmIo {
    /// Reads as [`VmIo::read`] does, and returns the bytes.
    ///
    /// # Errors
    ///
    /// Fails if a byte is not readable. Then the first `fault.done` bytes of `buf` are those before it.
    fn read_counted<'b>(
        &mut self,
        start: usize,
        buf: &'b mut [MaybeUninit<u8>],
    ) -> Result<&'b mut [u8], Fault>;

    /// Writes as [`VmIo::write`] does.
    ///
    /// # Errors
    ///
    /// Fails if a byte is not writable. Then the first `fault.done` bytes of `buf` are in user memory, and no more.
    fn write_counted(&mut self, start: usize, buf: &[u8]) -> Result<(), Fault>;

    /// Reads what there is: all, or the bytes before the first that is not readable.
    ///
    /// # Errors
    ///
    /// Fails if there is not one byte, but some were asked for.
    fn read_short<'b>(
        &mut self,
        start: usize,
        buf: &'b mut [MaybeUninit<u8>],
    ) -> Result<&'b mut [u8], Fault> {
        let outcome = self.read_counted(start, buf).map(|bytes| bytes.len());
        let done = short(outcome)?;
        // By (1) it is no more than there is; a wrong count would be a panic here.
        let bytes: *mut [MaybeUninit<u8>] = &mut buf[..done];
        // SAFETY: by (1), and as `Ok` has all of them, these bytes are written. They stay borrowed.
        Ok(unsafe { slice::from_raw_parts_mut(bytes.cast::<u8>(), done) })
    }

    /// Writes as far as there is memory to write to. Returns the number of bytes.
    ///
    /// # Errors
    ///
    /// Fails if there is not one byte, but some were given.
    fn write_short(&mut self, start: usize, buf: &[u8]) -> Result<usize, Fault> {
        let outcome = self.write_counted(start, buf).map(|()| buf.len());
        short(outcome)
    }
}

/// A short count is a success, unless it is 0.
fn short(outcome: Result<usize, Fault>) -> Result<usize, Fault> {
    outcome.or_else(|fault| if fault.done > 0 { Ok(fault.done) } else { Err(fault) })
}

// SAFETY: (1) is what axptr promises of a fault's count.
unsafe impl VmIoCounted for ActiveSpace {
    fn read_counted<'b>(
        &mut self,
        start: usize,
        buf: &'b mut [MaybeUninit<u8>],
    ) -> Result<&'b mut [u8], Fault> {
        copy_from_user_uninit(buf, start)
    }

    fn write_counted(&mut self, start: usize, buf: &[u8]) -> Result<(), Fault> {
        copy_to_user(start, buf)
    }
}
