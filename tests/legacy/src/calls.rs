// SPDX-License-Identifier: MIT OR Apache-2.0
//! System calls.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::{
    ffi::{c_char, c_void},
    ops::DerefMut,
};

use axerrno::{LinuxError, LinuxResult};
use axptr::{AddrSpaceProvider, UserConstPtr, UserPtr};

use crate::Task;

/// Registers on a signal's stack. Nothing is derived, and nothing promises any bit pattern.
#[repr(C)]
pub struct Frame {
    /// The general registers.
    pub registers: [usize; 16],
    /// Where the task goes on.
    pub pc: usize,
    /// Whether it was in a system call; padding follows.
    pub in_call: bool,
}

/// `struct timespec`.
#[repr(C)]
#[derive(Debug, PartialEq)]
pub struct TimeSpec {
    /// Seconds.
    pub seconds: i64,
    /// And nanoseconds.
    pub nanos: i64,
}

/// `struct stat`, in short; padding in the middle.
#[repr(C)]
pub struct Stat {
    /// The file's mode.
    pub mode: u16,
    /// The file's size.
    pub size: u64,
}

/// `rt_sigreturn`: reads and changes the frame in place.
pub fn sigreturn(task: &Task, stack: usize) -> LinuxResult<usize> {
    let mut frame: UserPtr<Frame> = stack.into();
    let frame = frame.get(task)?;
    frame.in_call = !frame.in_call;
    frame.registers[0] += 1;
    Ok(frame.pc)
}

/// `fstat`.
pub fn fstat(task: &Task, mut stat: UserPtr<Stat>) -> LinuxResult<isize> {
    *stat.get(task)? = Stat { mode: 0o644, size: 1 << 40 };
    Ok(0)
}

/// `nanosleep`: what remains goes out only if user space wants it.
pub fn nanosleep(
    task: &Task,
    wanted: UserConstPtr<TimeSpec>,
    remaining: UserPtr<TimeSpec>,
) -> LinuxResult<isize> {
    let wanted = wanted.get(task)?;
    if wanted.nanos >= 1_000_000_000 {
        return Err(LinuxError::EINVAL);
    }
    if let Some(mut remaining) = remaining.nullable() {
        *remaining.get(task)? = TimeSpec { seconds: wanted.seconds - 1, nanos: wanted.nanos };
    }
    Ok(0)
}

/// `read` from a file of zeroes that ends with a 1.
pub fn read(task: &Task, buffer: UserPtr<c_void>, count: usize) -> LinuxResult<isize> {
    let mut buffer = buffer.cast::<u8>();
    let bytes = buffer.get_as_slice(task, count)?;
    bytes.fill(0);
    if let Some(last) = bytes.last_mut() {
        *last = 1;
    }
    Ok(bytes.len() as isize)
}

/// `write` to nowhere: the sum of the bytes.
pub fn write(task: &Task, buffer: UserConstPtr<c_void>, count: usize) -> LinuxResult<usize> {
    let buffer = buffer.cast::<u8>();
    Ok(buffer.get_as_slice(task, count)?.iter().map(|&byte| usize::from(byte)).sum())
}

/// What a path is read by, whoever has the address space.
pub fn path(path: UserConstPtr<c_char>, aspace: impl AddrSpaceProvider) -> LinuxResult<String> {
    path.get_as_str(aspace).map(Into::into)
}

/// Terminates a table of words in place: everything in front of the first 0 becomes 1.
pub fn mark_words(task: &Task, mut words: UserPtr<usize>) -> LinuxResult<usize> {
    let words = words.get_as_null_terminated(task)?;
    words.fill(1);
    Ok(words.len())
}

/// `execve` as far as user memory goes, all of it under the lock of the address space that is to be replaced.
pub fn execve(
    task: &Task,
    path: UserConstPtr<c_char>,
    argv: UserConstPtr<usize>,
    envp: UserConstPtr<usize>,
) -> LinuxResult<(String, Vec<String>, Vec<String>)> {
    let mut guard = task.aspace.lock();
    let path = path.get_as_str(guard.deref_mut())?.to_string();
    let args = argv
        .get_as_null_terminated(guard.deref_mut())?
        .iter()
        .map(|arg| UserConstPtr::<c_char>::from(*arg).get_as_str(&mut *guard).map(ToString::to_string))
        .collect::<LinuxResult<Vec<_>>>()?;
    let mut envs = Vec::new();
    for env in envp.get_as_null_terminated(&mut *guard)? {
        envs.push(UserConstPtr::<c_char>::from(*env).get_as_str(guard.deref_mut())?.into());
    }
    Ok((path, args, envs))
}
