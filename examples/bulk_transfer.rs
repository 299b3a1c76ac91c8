// SPDX-License-Identifier: MIT OR Apache-2.0
//! A driver's transfers of a megabyte: through a bounce buffer, and to a scatter list with a short end.
//!
//! `cargo run --example bulk_transfer`

use std::{error::Error, num::NonZeroUsize, ops::ControlFlow, ptr};

use axptr::{
    UserConstPtr, UserRange,
    bulk::copy_from_user_chunked,
    iovec::{IoVec, IoVecs},
};

const MIB: usize = 1 << 20;
const PAGE: usize = 4096;
const CHUNK: NonZeroUsize = NonZeroUsize::new(64 * 1024).unwrap();

fn main() -> Result<(), Box<dyn Error>> {
    // SAFETY: (1) what follows hands axptr its own mappings, to which no reference exists.
    unsafe { axptr::hosted::install() }?;
    let user = map(MIB)?;
    axptr::fill_user(user, 0x5a, MIB)?;

    through_a_bounce_buffer(user)?;
    to_a_scatter_list(user)?;
    Ok(())
}

/// User memory to a device whose memory takes aligned words only: the bounce buffer is normal memory, and the
/// driver's own accessor moves it on. Between chunks others may run, and here a signal stops the transfer once.
fn through_a_bounce_buffer(user: usize) -> Result<(), Box<dyn Error>> {
    let mut bounce = vec![0; MIB];
    let mut done = 0;
    let mut pauses = 0;
    while done < MIB {
        done += copy_from_user_chunked(&mut bounce[done..], user + done, CHUNK, |_| {
            pauses += 1;
            if pauses == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    }
    let mut device = vec![0_u32; MIB / 4];
    for (register, word) in device.iter_mut().zip(bounce.chunks_exact(4)) {
        *register = u32::from_ne_bytes([word[0], word[1], word[2], word[3]]);
    }
    assert!(device.iter().all(|&word| word == 0x5a5a_5a5a));
    println!("bounce buffer: {done} bytes, {pauses} points at which others could run");
    Ok(())
}

/// Data to user memory in three pieces, of which the last is not all there: the transfer comes out short by exactly
/// what has no memory, and can be resumed.
fn to_a_scatter_list(user: usize) -> Result<(), Box<dyn Error>> {
    let hole = user + MIB - PAGE;
    unmap(hole)?;
    let list = [
        IoVec { base: user as u64, len: 1000 },
        IoVec { base: user as u64 + 5000, len: 7 },
        IoVec { base: hole as u64 - 100, len: 500 },
    ];
    let mut storage = [UserRange::EMPTY; 8];
    let array = UserConstPtr::<IoVec>::from(list.as_ptr().addr());
    let list = IoVecs::import(array, list.len(), &mut storage)?;

    let data: Vec<u8> = (0..list.total()).map(|i| i as u8).collect();
    let fault = list.write_at(0, &data).unwrap_err();
    println!("scatter list: {} of {} bytes, then {fault}", fault.done, list.total());
    assert_eq!((fault.done, fault.addr), (1107, hole));

    // What was written can be gathered again, and where it stopped is where to go on.
    let mut back = vec![0; fault.done];
    assert_eq!(list.read_at(0, &mut back)?, back.len());
    assert_eq!(back, data[..back.len()]);
    let again = list.write_at(fault.done, &data[fault.done..]).unwrap_err();
    assert_eq!((again.done, again.addr), (0, hole));
    Ok(())
}

fn map(len: usize) -> std::io::Result<usize> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping, at an address of the kernel's choice.
    let start = unsafe { libc::mmap(ptr::null_mut(), len, access, flags, -1, 0) };
    if start == libc::MAP_FAILED { Err(std::io::Error::last_os_error()) } else { Ok(start.addr()) }
}

fn unmap(page: usize) -> std::io::Result<()> {
    // SAFETY: the last page of our own mapping, to which no reference exists.
    let status = unsafe { libc::munmap(ptr::without_provenance_mut(page), PAGE) };
    if status == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}
