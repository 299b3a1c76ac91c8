// SPDX-License-Identifier: MIT OR Apache-2.0
//! Linux's own answers beside ours: the kernel under this test is asked the same question by its system call.

#![cfg(target_os = "linux")]

use std::{ffi::c_int, io, ptr};

use axptr::{
    UserConstPtr, UserPtr, UserRange,
    futex::FutexOp,
    iovec::{IoVec, IoVecs},
};

fn install() {
    // SAFETY: (1) these tests pass addresses of their own mappings, in which no Rust object is.
    unsafe { axptr::hosted::install() }.unwrap();
}

/// Fresh pages, for the rest of the process, with nothing behind them.
fn map(pages: usize) -> usize {
    const PAGE: usize = 4096;
    install();
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a fresh mapping touches no memory of others.
    let start = unsafe { libc::mmap(ptr::null_mut(), (pages + 1) * PAGE, protection, flags, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED);
    let behind = start.wrapping_byte_add(pages * PAGE);
    // SAFETY: a page of the mapping above, which nothing has used yet.
    assert_eq!(unsafe { libc::mprotect(behind, PAGE, libc::PROT_NONE) }, 0);
    start.addr()
}

/// What `writev` to a device that takes all and touches nothing makes of a vector: the bytes, or the error's number.
fn linux_takes(array: usize, count: usize) -> Result<usize, c_int> {
    // SAFETY: the name is a string.
    let device = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY) };
    assert!(device >= 0);
    // SAFETY: the kernel checks the array; the device reads no byte of what it describes.
    let done = unsafe { libc::writev(device, ptr::with_exposed_provenance(array), count as c_int) };
    let error = io::Error::last_os_error();
    // SAFETY: the line above that opened it.
    unsafe { libc::close(device) };
    usize::try_from(done).map_err(|_| error.raw_os_error().unwrap())
}

fn we_take(array: usize, count: usize) -> Result<usize, c_int> {
    let mut storage = vec![UserRange::EMPTY; 1024];
    let array = UserConstPtr::<IoVec>::from(array);
    IoVecs::import(array, count, &mut storage).map(|vector| vector.total()).map_err(|error| error.errno())
}

#[test]
fn a_vector_is_imported_as_linux_imports_it() {
    const KERNEL: usize = 0xffff_8000_0000_0000;
    const NEGATIVE: usize = usize::MAX;
    const MOST: usize = isize::MAX as usize;
    let page = map(1);
    let good = page + 2048;
    let vectors: &[&[(usize, usize)]] = &[
        &[(good, 8)],
        &[(good, 0)],
        &[(0, 0)],
        &[(0, 8)],
        &[(good, 8), (good, 0), (good, 5)],
        // A bad address in front of a bad length, and behind it.
        &[(KERNEL, 8), (good, NEGATIVE)],
        &[(good, NEGATIVE), (KERNEL, 8)],
        &[(good, 1 << 63)],
        &[(good, 8), (good, 8), (good, 1 << 63)],
        &[(KERNEL, 8)],
        &[(good, 8), (KERNEL, 8)],
        &[(usize::MAX, 1)],
        &[(usize::MAX - 7, 8)],
        // More than a call transfers: one element, and several.
        &[(good, MOST)],
        &[(good, 0x7fff_f000)],
        &[(good, 0x7fff_f001)],
        &[(good, 0x7fff_efff), (good, 2)],
        &[(good, 8), (good, MOST)],
        &[(good, MOST), (good, 8)],
        &[(good, 0x7fff_f000), (KERNEL, 8)],
        &[(good, 0x8000_0000), (good, 0x8000_0000)],
    ];
    for vector in vectors {
        for (index, &(base, len)) in vector.iter().enumerate() {
            UserPtr::<[u64; 2]>::from(page).add(index).write([base as u64, len as u64]).unwrap();
        }
        let (linux, ours) = (linux_takes(page, vector.len()), we_take(page, vector.len()));
        assert_eq!(ours, linux, "{vector:x?}");
    }
    // Counts, and arrays that cannot be read to their end.
    UserPtr::<[u64; 2]>::from(page + 4080).write([good as u64, 8]).unwrap();
    for (array, count) in [(page, 0), (8, 0), (8, 1), (page, 1025), (page + 4080, 1), (page + 4080, 2)] {
        assert_eq!(we_take(array, count), linux_takes(array, count), "{count} at {array:#x}");
    }
    UserPtr::<[u64; 2]>::from(page + 4080).write([good as u64, u64::MAX]).unwrap();
    assert_eq!(we_take(page + 4080, 2), linux_takes(page + 4080, 2), "a bad length, then no array");
}

/// An empty element may be anywhere here: length 0 touches nothing. Linux refuses one at a kernel's address, where there
/// are several.
#[test]
fn an_empty_element_may_be_anywhere() {
    let page = map(1);
    UserPtr::<[u64; 4]>::from(page).write([page as u64, 8, u64::MAX, 0]).unwrap();
    assert_eq!(we_take(page, 2), Ok(8));
}

/// `FUTEX_WAKE_OP` without waiters: what it does to the second word, and the error's number.
fn linux_wakes(first: usize, second: usize, encoded: u32) -> Result<(), c_int> {
    const FUTEX_WAKE_OP: c_int = 5;
    // SAFETY: the kernel checks both addresses; nobody waits there.
    let woken = unsafe { libc::syscall(libc::SYS_futex, first, FUTEX_WAKE_OP, 1, 1_usize, second, encoded) };
    let error = io::Error::last_os_error();
    if woken == 0 { Ok(()) } else { Err(error.raw_os_error().unwrap()) }
}

#[test]
fn a_futex_operation_does_what_linux_does() {
    let page = map(1);
    let (word, other) = (UserPtr::<u32>::from(page), UserPtr::<u32>::from(page + 64));
    let mut unknown = 0;
    for operation in 0..16 {
        for comparison in 0..16 {
            for argument in [0, 1, 5, 31, 32, 0x7ff, 0x800, 0xfff] {
                let encoded = operation << 28 | comparison << 24 | argument << 12 | 1;
                for before in [0, 1, 6, 0x8000_0000, u32::MAX] {
                    word.write(before).unwrap();
                    let ours = match FutexOp::decode(encoded) {
                        Some(op) => op.apply(word.atomic()).map(drop).map_err(|error| error.errno()),
                        None => Err(libc::ENOSYS),
                    };
                    let ours = (ours, word.read().unwrap());
                    word.write(before).unwrap();
                    let linux = (linux_wakes(other.addr(), word.addr(), encoded), word.read().unwrap());
                    assert_eq!(ours, linux, "{encoded:#x} on {before:#x}");
                    unknown += u32::from(ours.0.is_err());
                }
            }
        }
    }
    assert!(unknown > 0, "no operation was refused");
    // A word that is not there.
    let ours = FutexOp::decode(1 << 28).unwrap().apply(UserPtr::<u32>::from(page + 4096).atomic());
    let linux = linux_wakes(other.addr(), page + 4096, 1 << 28);
    assert_eq!(ours.map(drop).map_err(|error| error.errno()), linux);
}

/// The name of this thread, set by `prctl(2)` from an address: what the kernel has then, or the error's number.
fn linux_names(addr: usize) -> Result<Vec<u8>, c_int> {
    // SAFETY: the kernel checks the address.
    if unsafe { libc::prctl(libc::PR_SET_NAME, addr) } != 0 {
        return Err(io::Error::last_os_error().raw_os_error().unwrap());
    }
    let mut name = [0xee_u8; 16];
    // SAFETY: room for a name.
    assert_eq!(unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) }, 0);
    Ok(name[..=name.iter().position(|&byte| byte == 0).unwrap()].to_vec())
}

#[test]
fn a_name_is_cut_off_as_linux_cuts_it_off() {
    let page = map(1);
    for there in 0..24 {
        for len in 0..24 {
            let addr = page + 4096 - there;
            axptr::fill_user(addr, b'x', there).unwrap();
            if len < there {
                axptr::fill_user(addr + len, 0, 1).unwrap();
            }
            let mut buf = [0xee; 16];
            let ours = UserConstPtr::<u8>::from(addr).as_cstr().read_truncated(&mut buf);
            let ours = ours.map(|(name, _)| name.to_bytes_with_nul().to_vec()).map_err(|error| error.errno());
            assert_eq!(ours, linux_names(addr), "{len} bytes, {there} of which are there");
        }
    }
}

#[test]
fn strlcpy_cuts_off_as_it_always_has() {
    // libc's `snprintf("%s")` has strlcpy's rule: it cuts off and always terminates.
    let page = map(1);
    for len in 0..40 {
        axptr::fill_user(page, b'x', len).unwrap();
        axptr::fill_user(page + len, 0, 1).unwrap();
        let name = UserConstPtr::<u8>::from(page).as_cstr();
        for room in 1..45 {
            let mut expected = [0xee_u8; 45];
            let (to, from) = (expected.as_mut_ptr(), ptr::with_exposed_provenance::<u8>(page));
            // SAFETY: room for as many bytes, and two strings.
            let needed = unsafe { libc::snprintf(to.cast(), room, c"%s".as_ptr(), from) };
            let whole = usize::try_from(needed).is_ok_and(|needed| needed < room);
            let mut buf = [0xee; 45];
            let (text, fit) = name.read_truncated(&mut buf[..room]).unwrap();
            assert_eq!((text.count_bytes(), fit.is_whole()), (len.min(room - 1), whole), "{len} into {room}");
            assert_eq!(buf[..len.min(room - 1) + 1], expected[..len.min(room - 1) + 1]);
            assert!(buf[room..].iter().all(|&byte| byte == 0xee), "{len} into {room}: written behind");
        }
        assert!(name.read_truncated(&mut []).is_err());
    }
}

/// execve(2) takes an `argv` of 20,000 pointers, and so do the functions that read one.
#[test]
fn an_argv_of_twenty_thousand_is_read() {
    const COUNT: usize = 20_000;
    let page = map(COUNT * 8 / 4096 + 1);
    for index in 0..COUNT {
        UserPtr::<usize>::from(page).add(index).write(0x1000 + index).unwrap();
    }
    UserPtr::<usize>::from(page).add(COUNT).write(0).unwrap();
    let argv = UserConstPtr::<usize>::from(page);
    let expected: Vec<_> = (0x1000..).take(COUNT).collect();
    assert_eq!(argv.to_vec_until_zero(axptr::Limit::Elements(COUNT + 1)).unwrap(), expected);
    let mut buf = vec![0; COUNT + 1];
    assert_eq!(argv.read_until_zero(&mut buf), Ok(COUNT));
    assert_eq!(buf[..COUNT], expected);
}
