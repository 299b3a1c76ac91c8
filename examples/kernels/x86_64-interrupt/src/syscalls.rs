// SPDX-License-Identifier: MIT OR Apache-2.0
//! The system calls: how user memory is read and written. Numbers, of calls and of errors, are Linux's.

use axptr::{Fault, UserConstPtr, UserPtr, cstr::StringError, futex::FutexOp};
use machine::{console, program};

const ENOENT: i32 = 2;
const EINTR: i32 = 4;
const EAGAIN: i32 = 11;
const ENAMETOOLONG: i32 = 36;
const ENOSYS: i32 = 38;
const FUTEX_WAIT: usize = 0;
const FUTEX_WAKE: usize = 1;
const FUTEX_WAKE_OP: usize = 5;

/// The file with the number 3.
static mut FILE: [u8; 16] = *b"0123456789abcdef";

/// Does a system call, and returns what the program gets in rax.
pub fn serve(number: usize, [a, b, c, _, e, f]: [usize; 6]) -> usize {
    let file = &raw mut FILE;
    // SAFETY: one CPU, and no system call interrupts another.
    let file = unsafe { &mut *file };
    let result = match number {
        0 => sys_read(file, b, c),
        1 if a == 1 => print(b, c),
        1 => sys_write(file, b, c),
        89 => sys_readlink(a, b, c),
        202 => sys_futex(a, b, c, e, f),
        1000 => sys_counts(a, b),
        _ => Err(ENOSYS),
    };
    result.unwrap_or_else(|errno| -(errno as isize) as usize)
}

fn sys_read(file: &[u8], buf: usize, len: usize) -> Result<usize, i32> {
    let len = len.min(file.len());
    answer(len, axptr::copy_to_user(buf, &file[..len]))
}

fn sys_write(file: &mut [u8], buf: usize, len: usize) -> Result<usize, i32> {
    let len = len.min(file.len());
    answer(len, axptr::copy_from_user(&mut file[..len], buf))
}

/// A short count if some bytes were done, else EFAULT.
fn answer(len: usize, copied: Result<(), Fault>) -> Result<usize, i32> {
    match copied {
        Ok(()) => Ok(len),
        Err(fault) if fault.done > 0 => Ok(fault.done),
        Err(fault) => Err(fault.errno()),
    }
}

fn print(buf: usize, len: usize) -> Result<usize, i32> {
    let mut text = [0; 64];
    let len = sys_write(&mut text, buf, len)?;
    text[..len].iter().copied().for_each(console::send);
    Ok(len)
}

fn sys_readlink(path: usize, buf: usize, len: usize) -> Result<usize, i32> {
    match UserConstPtr::<u8>::from(path).as_cstr().read(&mut [0; 64]) {
        Ok(path) if path == c"/link" => sys_read(b"./target", buf, len),
        Ok(_) => Err(ENOENT),
        Err(StringError::TooLong) => Err(ENAMETOOLONG),
        Err(error) => Err(error.errno()),
    }
}

/// There is one program, so nobody waits and nobody is woken.
fn sys_futex(word: usize, call: usize, value: usize, word2: usize, op: usize) -> Result<usize, i32> {
    match call {
        FUTEX_WAIT => match UserConstPtr::<u32>::from(word).read() {
            Ok(now) if now as usize == value => Err(EINTR),
            Ok(_) => Err(EAGAIN),
            Err(fault) => Err(fault.errno()),
        },
        FUTEX_WAKE => Ok(0),
        FUTEX_WAKE_OP => {
            let op = FutexOp::decode(op as u32).ok_or(ENOSYS)?;
            op.apply(UserPtr::<u32>::from(word2).atomic()).map(|_| 0).map_err(|error| error.errno())
        }
        _ => Err(ENOSYS),
    }
}

fn sys_counts(passed: usize, failed: usize) -> Result<usize, i32> {
    program::counts(passed, failed);
    Ok(0)
}
