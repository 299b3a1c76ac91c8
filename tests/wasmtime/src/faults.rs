// SPDX-License-Identifier: MIT OR Apache-2.0
//! Copies that end at a page that is not there, beside the engine.

use std::{
    ptr,
    sync::atomic::{AtomicUsize, Ordering},
};

/// How many copies ended at the page, in all threads.
pub static FAULTS: AtomicUsize = AtomicUsize::new(0);

const PAGE: usize = 4096;
const CANARY: u8 = 0xee;

/// Copies, and looks at each answer.
///
/// # Panics
///
/// Panics if one is wrong.
pub fn run(seed: u64, rounds: usize) {
    let (mut random, start) = (fastrand::Rng::with_seed(seed), one_page());
    let (edge, mut buf) = (start + PAGE, [0; 512]);
    for _ in 0..rounds {
        let len = random.usize(1..=buf.len());
        let before = random.usize(0..=len);
        let addr = edge - before;
        buf.fill(CANARY);
        let answer = axptr::copy_from_user(&mut buf[..len], addr);
        let done = done(answer, addr, len);
        assert_eq!(done, before, "of {len} bytes at {before} before the edge");
        let is_right = |(index, byte): (usize, &u8)| {
            *byte == if index < done { byte_at(PAGE - before + index) } else { CANARY }
        };
        assert!(buf.iter().enumerate().all(is_right), "{len} bytes at {before} before the edge: {buf:?}");
        if done < len {
            FAULTS.fetch_add(1, Ordering::Relaxed);
        } else {
            axptr::copy_to_user(addr, &buf[..len]).expect("it could be read");
        }
    }
}

/// How many bytes a copy has done.
///
/// # Panics
///
/// Panics if the fault is of another place.
pub fn done(answer: Result<(), axptr::Fault>, addr: usize, len: usize) -> usize {
    match answer {
        Ok(()) => len,
        Err(fault) => {
            assert_eq!(fault.addr, addr + fault.done, "{fault:?}");
            fault.done
        }
    }
}

/// A page with bytes in it, and behind it one that is not there.
fn one_page() -> usize {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping, wherever the kernel puts it.
    let start = unsafe { libc::mmap(ptr::null_mut(), 2 * PAGE, libc::PROT_NONE, flags, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED, "there is memory");
    // SAFETY: its first page, which nobody uses yet.
    let status = unsafe { libc::mprotect(start, PAGE, libc::PROT_READ | libc::PROT_WRITE) };
    assert_eq!(status, 0, "the page is ours");
    let start = start.expose_provenance();
    let bytes: Vec<_> = (0..PAGE).map(byte_at).collect();
    axptr::copy_to_user(start, &bytes).expect("it is there");
    start
}

fn byte_at(index: usize) -> u8 {
    (index % 251) as u8
}
