// SPDX-License-Identifier: MIT OR Apache-2.0
// Behind StarryOS's `mm/access.rs`: user memory by axptr.

/// States where user memory may be.
pub(crate) fn start_axptr() {
    let layout = super::UserVirtualAddressLayout::platform_default();
    let end = layout.expect("the platform has a user half").range().end;
    // SAFETY: (1) the platform gives this range to programs, and maps nothing of the kernel's there.
    unsafe { axptr::set_user_limit(end.as_usize()) };
    axptr::selftest().unwrap_or_else(|error| panic!("axptr: {error}"));
}

/// Reads user memory. Says how many bytes there are in front of the first that cannot be read.
pub(crate) fn read_some(task: &UserTaskRef, start: usize, buf: &mut [MaybeUninit<u8>]) -> VmResult<usize> {
    let len = buf.len();
    // A pipe asks for both ends of its ring, and mostly one is empty.
    if len == 0 {
        return Ok(0);
    }
    let read = access_user_memory(task, || axptr::copy_from_user_uninit(buf, start).map(|_| ()))?;
    Ok(read.map_or_else(|fault| fault.done, |()| len))
}

/// Writes user memory. Says how many bytes there are in front of the first that cannot be written.
pub(crate) fn write_some(task: &UserTaskRef, start: usize, buf: &[u8]) -> VmResult<usize> {
    if buf.is_empty() {
        return Ok(0);
    }
    let written = access_user_memory(task, || axptr::copy_to_user(start, buf))?;
    Ok(written.map_or_else(|fault| fault.done, |()| buf.len()))
}

fn all(done: usize, len: usize) -> VmResult {
    if done == len { Ok(()) } else { Err(VmError::AccessDenied) }
}

/// The count of a transfer that has come to its end, or to where it may be short.
pub(super) fn count(done: usize, len: usize, short: bool) -> ax_io::Result<usize> {
    if done == len || (short && done > 0) { Ok(done) } else { Err(ax_io::IoError::BadAddress) }
}

pub(super) fn as_uninit(buf: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: bytes are bytes, and those who get the slice write only bytes into it.
    unsafe { transmute::<&mut [u8], &mut [MaybeUninit<u8>]>(buf) }
}

/// Makes the first pages of a buffer present, and writable.
pub(crate) fn make_writable(task: &UserTaskRef, start: usize, len: usize) -> VmResult {
    let range = axptr::UserRange::new(start, len).ok_or(VmError::AccessDenied)?;
    match access_user_memory(task, || axptr::fault_in::make_present(range, axptr::Access::Write))? {
        Err(fault) if fault.done == 0 => Err(VmError::AccessDenied),
        _ => Ok(()),
    }
}

/// The longest string or array that a program may pass, in bytes.
const MOST: usize = 128 << 10;

fn string_error(error: axptr::cstr::StringError) -> VmError {
    match error {
        axptr::cstr::StringError::Fault(_) => VmError::AccessDenied,
        _ => VmError::TooLong,
    }
}

fn word_error(error: axptr::atomic::AtomicError) -> UserAtomicError {
    match error {
        axptr::atomic::AtomicError::Retry => UserAtomicError::Retry,
        _ => UserAtomicError::Fault,
    }
}

impl VmBytes<'_> {
    /// Whether it may end at a byte that cannot be read: for those who keep what has come.
    pub(crate) fn short_if(self, short: bool) -> Self {
        Self { short, ..self }
    }
}

impl VmBytesMut<'_> {
    /// Whether it may end at a byte that cannot be written: for those who count what has gone.
    pub(crate) fn short_if(self, short: bool) -> Self {
        Self { short, ..self }
    }
}
