// SPDX-License-Identifier: MIT OR Apache-2.0
//! The system calls of the program in `user.S`.

use core::{fmt::Write, str, sync::atomic::AtomicUsize, sync::atomic::Ordering::Relaxed};

use axptr::{UserConstPtr, UserPtr, cstr::StringError, futex::FutexOp};

use crate::{Console, power_off, trap::Frame};

const ENOENT: i32 = 2;
const EAGAIN: i32 = 11;
const ENAMETOOLONG: i32 = 36;
const ENOSYS: i32 = 38;

/// The file with the number 3.
static mut FILE: [u8; 16] = *b"0123456789abcdef";
/// How many checks of the program have passed, and failed.
static COUNTS: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

pub fn serve(frame: &mut Frame) {
    let Frame { rdi: a, rsi: b, rdx: c, r8: e, r9: f, .. } = *frame;
    // SAFETY: one CPU, and no system call interrupts another.
    let file = unsafe { &mut *(&raw mut FILE) };
    let result = match frame.rax {
        0 => sys_read(file, b, c),
        1 if a == 1 => print(b, c),
        1 => sys_write(file, b, c),
        89 => sys_readlink(a, b, c),
        202 => sys_futex(a, b, c, e, f),
        1000 => sys_counts(a, b),
        _ => Err(ENOSYS),
    };
    frame.rax = result.unwrap_or_else(|errno| -(errno as isize) as usize);
}

fn sys_read(file: &[u8], buf: usize, len: usize) -> Result<usize, i32> {
    let len = len.min(file.len());
    answer(len, axptr::copy_to_user(buf, &file[..len]))
}

fn sys_write(file: &mut [u8], buf: usize, len: usize) -> Result<usize, i32> {
    let len = len.min(file.len());
    answer(len, axptr::copy_from_user(&mut file[..len], buf))
}

fn print(buf: usize, len: usize) -> Result<usize, i32> {
    let mut text = [0; 64];
    let len = sys_write(&mut text, buf, len)?;
    let _ = Console.write_str(str::from_utf8(&text[..len]).unwrap_or("?"));
    Ok(len)
}

/// A short count if some bytes were done, else EFAULT.
fn answer(len: usize, copied: Result<(), axptr::Fault>) -> Result<usize, i32> {
    match copied {
        Ok(()) => Ok(len),
        Err(fault) if fault.done > 0 => Ok(fault.done),
        Err(fault) => Err(fault.errno()),
    }
}

fn sys_readlink(path: usize, buf: usize, len: usize) -> Result<usize, i32> {
    let mut path_buf = [0; 64];
    let target = match UserConstPtr::<u8>::from(path).as_cstr().read(&mut path_buf) {
        Ok(path) if path == c"/link" => b"./target",
        Ok(_) => return Err(ENOENT),
        Err(StringError::TooLong) => return Err(ENAMETOOLONG),
        Err(error) => return Err(error.errno()),
    };
    let len = len.min(target.len());
    axptr::copy_to_user(buf, &target[..len]).map_or_else(|fault| Err(fault.errno()), |()| Ok(len))
}

/// Nobody ever waits, so nobody is woken.
fn sys_futex(word: usize, call: usize, value: usize, word2: usize, op: usize) -> Result<usize, i32> {
    match call {
        0 => match UserConstPtr::<u32>::from(word).read() {
            Ok(now) if now as usize != value => Err(EAGAIN),
            Ok(_) => panic!("the only program waits"),
            Err(fault) => Err(fault.errno()),
        },
        1 => Ok(0),
        5 => {
            let op = FutexOp::decode(op as u32).ok_or(ENOSYS)?;
            op.apply(UserPtr::<u32>::from(word2).atomic()).map(|_| 0).map_err(|error| error.errno())
        }
        _ => Err(ENOSYS),
    }
}

fn sys_counts(passed: usize, failed: usize) -> Result<usize, i32> {
    COUNTS[0].store(passed, Relaxed);
    COUNTS[1].store(failed, Relaxed);
    Ok(0)
}

/// The program has touched what it may not.
pub fn end_program() -> ! {
    let [passed, failed] = [0, 1].map(|index| COUNTS[index].load(Relaxed));
    let _ = writeln!(Console, "case a_touch_of_the_hole_ends_the_program ... ok");
    let _ = writeln!(Console, "axptr-kernel: {} passed, {failed} failed", passed + 1);
    power_off()
}
