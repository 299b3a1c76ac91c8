// SPDX-License-Identifier: MIT OR Apache-2.0
//! User memory, and the bytes that it should hold.

use std::{collections::BTreeSet, ptr, slice};

use axptr::{AddressSpace, FaultKind, UserRange};

use crate::plain::BASE;

const PAGE: usize = 4096;
/// Good pages; behind them is one that is not there.
const GOOD: usize = 6 * PAGE;

/// Pages of one test, for the rest of the process.
pub(crate) struct Bed {
    start: usize,
    model: Vec<u8>,
    seen: BTreeSet<&'static str>,
    /// Changes what is filled in from time to time.
    salt: usize,
}

impl Bed {
    pub(crate) fn new() -> Self {
        // SAFETY: (1) the test passes addresses of its own mapping only, in which no Rust object is.
        unsafe { axptr::hosted::install() }.expect("the kernel lets us handle SIGSEGV and SIGBUS");
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a fresh mapping touches no memory of others.
        let memory = unsafe { libc::mmap(ptr::null_mut(), GOOD + PAGE, protection, flags, -1, 0) };
        assert_ne!(memory, libc::MAP_FAILED);
        let behind = memory.wrapping_byte_add(GOOD);
        // SAFETY: a page of the mapping above, in which nothing is.
        let status = unsafe { libc::mprotect(behind, PAGE, libc::PROT_NONE) };
        assert_eq!(status, 0);
        let mut bed =
            Self { start: memory.expose_provenance(), model: vec![1; GOOD], seen: BTreeSet::new(), salt: 0 };
        // Each page must be there before the first access without the pager.
        bed.put(0, &[1; GOOD]);
        BASE.set(bed.start & !0xffff);
        bed
    }

    /// Offsets at which `len` bytes have room: aligned, not aligned, and the last bytes in front of the edge.
    pub(crate) fn places(len: usize) -> [usize; 3] {
        [64, 131, GOOD - len]
    }

    /// The offset of the first byte that is not there.
    pub(crate) const fn edge(&self) -> usize {
        GOOD
    }

    pub(crate) const fn addr(&self, offset: usize) -> usize {
        self.start + offset
    }

    /// Other bytes than before, none of them 0.
    #[inline(never)]
    pub(crate) fn fresh(&mut self, len: usize) -> Vec<u8> {
        self.salt += 1;
        (0..len).map(|at| (at * 29 + at / 256 + self.salt * 7) as u8 | 1).collect()
    }

    /// Makes user memory hold these bytes, without the library.
    #[inline(never)]
    pub(crate) fn put(&mut self, offset: usize, bytes: &[u8]) {
        let to = ptr::with_exposed_provenance_mut::<u8>(self.start + offset);
        assert!(offset + bytes.len() <= GOOD);
        // SAFETY: the line above; nobody else knows the mapping.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.model[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    /// Demands that these bytes, and nothing else, have been written since.
    #[inline(never)]
    #[track_caller]
    pub(crate) fn written(&mut self, offset: usize, bytes: &[u8]) {
        self.model[offset..offset + bytes.len()].copy_from_slice(bytes);
        let memory = ptr::with_exposed_provenance::<u8>(self.start);
        // SAFETY: the good pages, which nobody writes to meanwhile.
        let found = unsafe { slice::from_raw_parts(memory, GOOD) };
        if found != self.model {
            let wrong = (0..GOOD).find(|&at| found[at] != self.model[at]).unwrap();
            panic!(
                "{} bytes at {offset}: byte {wrong} is {:#x}, not {:#x}",
                bytes.len(),
                found[wrong],
                self.model[wrong]
            );
        }
    }

    /// Notes that these functions have been called.
    #[inline(never)]
    pub(crate) fn calls(&mut self, names: &[&'static str]) {
        self.seen.extend(names);
    }

    pub(crate) fn seen(&self) -> impl Iterator<Item = &'static str> {
        self.seen.iter().copied()
    }
}

/// Demands that both are the same bytes.
#[inline(never)]
#[track_caller]
pub(crate) fn same(found: &[u8], expected: &[u8]) {
    if found != expected {
        let wrong = found.iter().zip(expected).position(|(found, expected)| found != expected);
        panic!("{} bytes, expected {}: byte {wrong:?} is wrong", found.len(), expected.len());
    }
}

/// Demands a fault behind so many bytes.
#[inline(never)]
#[track_caller]
pub(crate) fn fault<R>(result: Result<R, axptr::Fault>, start: usize, done: usize) {
    let Err(fault) = result else { panic!("no fault") };
    assert_eq!((fault.done, fault.addr), (done, start + done));
    assert_ne!(fault.kind, FaultKind::OutOfRange);
}

/// An address space that permits all.
#[derive(Debug)]
pub(crate) struct Space;

impl AddressSpace for Space {
    fn check_region_access(&self, _: UserRange, _: axptr::Access) -> bool {
        true
    }

    fn handle_fault(&mut self, _: usize, _: axptr::Access) -> bool {
        true
    }
}
