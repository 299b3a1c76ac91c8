// SPDX-License-Identifier: MIT OR Apache-2.0
/// read(2): `file` holds the next bytes; `buf` and `len` come from the program.
pub fn sys_read(file: &[u8], buf: usize, len: usize) -> isize {
    let len = len.min(file.len());
    answer(len, axptr::copy_to_user(buf, &file[..len]))
}

/// write(2)
pub fn sys_write(file: &mut [u8], buf: usize, len: usize) -> isize {
    let len = len.min(file.len());
    answer(len, axptr::copy_from_user(&mut file[..len], buf))
}

/// A short count if some bytes were done, else EFAULT.
fn answer(len: usize, copied: Result<(), axptr::Fault>) -> isize {
    match copied {
        Ok(()) => len as isize,
        Err(fault) if fault.done > 0 => fault.done as isize,
        Err(fault) => -(fault.errno() as isize),
    }
}
