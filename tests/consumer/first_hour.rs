// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a kernel's author writes in the first hour, in a package that knows axptr's default features only: the structs of
//! real system calls, by value and by reference.

use axptr::{Fault, FaultKind, UserConstPtr, UserPtr, selftest};
use bytemuck::{AnyBitPattern, NoUninit, Zeroable};

/// `struct stat` of 64-bit Linux: 144 bytes.
#[derive(Clone, Copy, Debug, PartialEq, AnyBitPattern, NoUninit)]
#[repr(C)]
struct Stat {
    dev: u64,
    ino: u64,
    nlink: u64,
    mode: u32,
    uid: u32,
    gid: u32,
    padding: u32,
    rdev: u64,
    size: i64,
    blksize: i64,
    blocks: i64,
    times: [[i64; 2]; 3],
    unused: [i64; 3],
}

/// `struct virtio_net_hdr_mrg_rxbuf`: 12 bytes, aligned to 2.
#[derive(Clone, Copy, Debug, PartialEq, AnyBitPattern, NoUninit)]
#[repr(C)]
struct VirtioNetHeader {
    flags: u8,
    gso_type: u8,
    hdr_len: u16,
    gso_size: u16,
    csum_start: u16,
    csum_offset: u16,
    num_buffers: u16,
}

/// `struct sigaction` as the kernel takes it, `struct epoll_event`, `struct utsname`: 32, 12, 390 bytes.
type SigAction = [u64; 4];
#[derive(Clone, Copy, Debug, PartialEq, AnyBitPattern, NoUninit)]
#[repr(C)]
struct EpollEvent([u32; 3]);
#[derive(Clone, Copy, Debug, PartialEq, NoUninit, AnyBitPattern)]
#[repr(C)]
struct UtsName {
    fields: [[u8; 64]; 6],
    rest: [u8; 6],
}

/// `struct timespec`, which nobody prints.
#[derive(Clone, Copy, AnyBitPattern, NoUninit)]
#[repr(C)]
struct Timespec {
    secs: i64,
    nanos: i64,
}

fn there_and_back<T: AnyBitPattern + NoUninit + Zeroable + PartialEq + std::fmt::Debug>(at: usize, value: T) {
    let user = UserPtr::<T>::from(at);
    user.write(value).unwrap();
    assert_eq!(user.read().unwrap(), value);
    let mut again = T::zeroed();
    UserConstPtr::<T>::from(at).read_into(&mut again).unwrap();
    assert_eq!(again, value);
    assert_eq!(user.nofault().read().unwrap(), value);
    assert_eq!(axptr::scope::run(user.reading()).unwrap(), value);
}

/// `fstat(2)`'s end, in a system call that returns numbers.
fn sys_fstat(stat: Stat, statbuf: usize) -> isize {
    match UserPtr::from(statbuf).write(stat) {
        Ok(()) => 0,
        Err(fault) => -(fault.errno() as isize),
    }
}

fn main() -> Result<(), Fault> {
    let refused = UserConstPtr::<u8>::from(0x1000).read().unwrap_err();
    assert_eq!(refused.kind, FaultKind::NotSetUp);
    // SAFETY: (1) only the page below is passed.
    unsafe { axptr::hosted::install() }.unwrap();
    selftest().unwrap();

    let page = Box::leak(vec![0_u64; 512].into_boxed_slice()).as_mut_ptr().expose_provenance();
    let stat = Stat {
        dev: 1,
        ino: 2,
        nlink: 3,
        mode: 0o100_644,
        uid: 5,
        gid: 6,
        padding: 0,
        rdev: 7,
        size: 8,
        blksize: 4096,
        blocks: 9,
        times: [[10, 11], [12, 13], [14, 15]],
        unused: [0; 3],
    };
    there_and_back(page, stat);
    let header = VirtioNetHeader {
        flags: 1,
        gso_type: 2,
        hdr_len: 3,
        gso_size: 4,
        csum_start: 5,
        csum_offset: 6,
        num_buffers: 7,
    };
    there_and_back(page + 2, header);
    there_and_back::<SigAction>(page, [1, 2, 3, 4]);
    there_and_back(page + 4, EpollEvent([1, 2, 3]));
    there_and_back(page + 1, UtsName { fields: [[b'x'; 64]; 6], rest: [b'y'; 6] });
    there_and_back(page, [7_u64; 9]);
    there_and_back(page, [7_u8; 4096]);
    there_and_back(page, ());
    let outside = UserPtr::<Timespec>::from(usize::MAX).slice(2).unwrap_err();
    assert_eq!(outside.kind, FaultKind::OutOfRange);
    let times = UserPtr::<Timespec>::from(page).slice(2)?;
    assert_eq!(times.write_from(&[Timespec { secs: 1, nanos: 2 }])?, 1);
    assert_eq!(format!("{times:?}"), format!("UserSlice {{ start: UserPtr({page:#x}), len: 2 }}"));

    assert_eq!(sys_fstat(stat, page), 0);
    assert_eq!(sys_fstat(stat, 8), -14);
    assert_eq!(sys_fstat(stat, usize::MAX), -14);
    println!("all as expected");
    Ok(())
}
