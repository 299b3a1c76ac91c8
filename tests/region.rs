// SPDX-License-Identifier: MIT OR Apache-2.0
//! Region mode, and making pages present ahead, where pages go away in between: with an address space of the test's own
//! over real pages of a Linux process.

#![cfg(target_os = "linux")]

use std::{ffi::c_int, ptr, sync::Once};

use axptr::{
    Access, Fault, UserRange,
    fault_in::{self, in_windows},
    nofault,
    region::{self, AddrSpaceProvider, AddressSpace, WINDOW},
};
use libc::{PROT_NONE, PROT_READ, PROT_WRITE};

const PAGE: usize = 4096;
const OPEN: c_int = PROT_READ | PROT_WRITE;

/// Pages of the process, none of them accessible at first. They begin at a multiple of a window.
struct Space {
    mapping: (*mut libc::c_void, usize),
    start: usize,
    len: usize,
    /// What [`AddressSpace::populate_area`] was asked for.
    populated: Vec<UserRange>,
}

impl Space {
    fn new(pages: usize) -> Self {
        static ONCE: Once = Once::new();
        // SAFETY: (1) these tests pass addresses of their own mappings, which no Rust object is in.
        ONCE.call_once(|| unsafe { axptr::hosted::install() }.expect("the kernel lets us"));
        let len = pages * PAGE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, where the kernel finds room.
        let memory = unsafe { libc::mmap(ptr::null_mut(), len + WINDOW, PROT_NONE, flags, -1, 0) };
        assert_ne!(memory, libc::MAP_FAILED);
        let start = memory.expose_provenance().next_multiple_of(WINDOW);
        Self { mapping: (memory, len + WINDOW), start, len, populated: Vec::new() }
    }

    fn page(&self, index: usize) -> usize {
        self.start + index * PAGE
    }

    fn bytes(&self, addr: usize, len: usize) -> &[u8] {
        // SAFETY: pages of the mapping's that are accessible by now, which nobody writes to meanwhile.
        unsafe { std::slice::from_raw_parts(ptr::with_exposed_provenance(addr), len) }
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours.
        unsafe { libc::munmap(self.mapping.0, self.mapping.1) };
    }
}

impl AddressSpace for Space {
    fn check_region_access(&self, range: UserRange, _: Access) -> bool {
        self.start <= range.start() && range.start() + range.len() <= self.start + self.len
    }

    fn handle_fault(&mut self, addr: usize, _: Access) -> bool {
        protect(addr / PAGE * PAGE, OPEN);
        true
    }

    fn populate_area(&mut self, range: UserRange, access: Access) -> usize {
        self.populated.push(range);
        for addr in (range.start() / PAGE * PAGE..range.start() + range.len()).step_by(PAGE) {
            assert!(self.handle_fault(addr, access));
        }
        range.len()
    }
}

/// Takes a page away as soon as the address space is let go: as another CPU does between populating and copying.
struct Withdraws<'a> {
    space: &'a mut Space,
    page: usize,
}

impl AddrSpaceProvider<Space> for Withdraws<'_> {
    fn with_addr_space<R>(&mut self, f: impl FnOnce(&mut Space) -> R) -> R {
        let result = f(self.space);
        protect(self.page, PROT_NONE);
        result
    }
}

fn protect(page: usize, protection: c_int) {
    // SAFETY: a page of a mapping of these tests', which no Rust object is in.
    let status = unsafe { libc::mprotect(ptr::with_exposed_provenance_mut(page), PAGE, protection) };
    assert_eq!(status, 0);
}

/// The bytes `0..len`, no two windows alike.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|index| (index % 251) as u8).collect()
}

#[test]
fn a_page_that_goes_in_a_later_window_is_counted_from_the_start() {
    const PAGES: usize = 3 * WINDOW / PAGE;
    for gone in [0, 1, 15, 16, 17, 31, 32, 40, PAGES - 1] {
        for offset in [0, 1, 100] {
            let mut space = Space::new(PAGES);
            let (start, len) = (space.start + offset, PAGES * PAGE - offset);
            let page = space.page(gone);
            let done = page.saturating_sub(start);
            let bytes = pattern(len);
            let mut back = vec![0; len];

            let written = region::copy_to_user(Withdraws { space: &mut space, page }, start, &bytes);
            expect(written, done, start, Access::Write);
            assert_eq!(space.bytes(start, done), &bytes[..done]);
            let read = region::copy_from_user(Withdraws { space: &mut space, page }, &mut back, start);
            expect(read, done, start, Access::Read);
            assert!(back[..done] == bytes[..done] && back[done..].iter().all(|&byte| byte == 0));
            let filled = region::fill_user(Withdraws { space: &mut space, page }, start, 0x5a, len);
            expect(filled, done, start, Access::Write);
            assert!(space.bytes(start, done).iter().all(|&byte| byte == 0x5a));
        }
    }
}

#[track_caller]
fn expect(result: Result<(), Fault>, done: usize, start: usize, access: Access) {
    let fault = result.expect_err("a page is gone");
    assert_eq!((fault.done, fault.addr, fault.access), (done, start + done, access), "{fault:x?}");
}

#[test]
fn windows_end_at_multiples_of_their_size() {
    for (offset, len) in [
        (0, 3 * WINDOW),
        (1, 3 * WINDOW - 1),
        (PAGE / 2, 2 * WINDOW),
        (WINDOW - 1, 2),
        (WINDOW - PAGE, 2 * WINDOW),
        (WINDOW + 7, WINDOW),
    ] {
        let mut space = Space::new(3 * WINDOW / PAGE);
        let start = space.start + offset;
        assert_eq!(region::fill_user(&mut space, start, 1, len), Ok(()));
        expect_windows(start, len, &space.populated);

        let mut parts = Vec::new();
        let step = |part: UserRange, done| {
            assert_eq!(part.start(), start + done);
            parts.push(part);
            Ok(())
        };
        let range = UserRange::new(start, len).unwrap();
        assert_eq!(in_windows(range, Access::Write, step), Ok(()));
        expect_windows(start, len, &parts);
    }
}

/// The whole range in order, cut at each multiple of a window's size and nowhere else.
#[track_caller]
fn expect_windows(start: usize, len: usize, windows: &[UserRange]) {
    let mut at = start;
    for window in windows {
        let end = start.saturating_add(len).min((at / WINDOW + 1) * WINDOW);
        assert_eq!((window.start(), window.len()), (at, end - at), "{windows:x?}");
        at = end;
    }
    assert_eq!(at, start + len, "{windows:x?}");
}

/// Four in all, in each window: the number is a promise.
#[test]
fn a_step_that_fails_is_taken_again_a_few_times() {
    let space = Space::new(2 * WINDOW / PAGE);
    protect_all(&space);
    let range = UserRange::new(space.start + 100, 2 * WINDOW - 100).unwrap();
    for failures in 0..6 {
        let mut calls = [0; 2];
        let told = in_windows(range, Access::Write, |part, done| {
            let window = usize::from(done > 0);
            calls[window] += 1;
            match calls[window] > failures {
                true => Ok(()),
                false => Err(fault(part.start(), 3)),
            }
        });
        let expected =
            if failures < 4 { (Ok(()), [failures + 1; 2]) } else { (Err(fault(range.start(), 3)), [4, 0]) };
        assert_eq!((told, calls), expected, "{failures} failures");
        // Only the second window.
        let mut calls = 0;
        let told = in_windows(range, Access::Write, |part, done| {
            calls += usize::from(done > 0);
            if done > 0 && calls <= failures { Err(fault(part.start(), 3)) } else { Ok(()) }
        });
        let mut counted = fault(space.start + WINDOW, 3);
        counted.done += WINDOW - 100;
        let expected = if failures < 4 { (Ok(()), failures + 1) } else { (Err(counted), 4) };
        assert_eq!((told, calls), expected, "{failures} failures");
    }
    assert_eq!(fault_in::TRIES, 4);
}

fn protect_all(space: &Space) {
    (0..space.len / PAGE).for_each(|index| protect(space.page(index), OPEN));
}

fn fault(start: usize, done: usize) -> Fault {
    // One cannot be made, but changed.
    let mut fault = axptr::fill_user(usize::MAX, 0, 1).expect_err("not in the user half");
    (fault.done, fault.addr) = (done, start + done);
    fault
}

/// Before each try, all pages of the window.
#[test]
fn pages_are_made_present_again_for_each_try() {
    let space = Space::new(2 * WINDOW / PAGE);
    protect_all(&space);
    let range = UserRange::new(space.start, 2 * WINDOW).unwrap();
    let mut calls = 0;
    let told = in_windows(range, Access::Write, |part, _| {
        calls += 1;
        assert!(are_present(part), "call {calls}");
        if calls % 3 == 0 {
            return Ok(());
        }
        // As if somebody had paged one out: the next access finds zeroes.
        let page = ptr::with_exposed_provenance_mut(part.start() + calls * PAGE);
        // SAFETY: a page of these tests', which no Rust object is in.
        assert_eq!(unsafe { libc::madvise(page, PAGE, libc::MADV_DONTNEED) }, 0);
        assert!(!are_present(part));
        Err(fault(part.start(), calls * PAGE))
    });
    assert_eq!((told, calls), (Ok(()), 6));
}

fn are_present(range: UserRange) -> bool {
    let mut pages = vec![0_u8; range.len() / PAGE];
    let start = ptr::with_exposed_provenance_mut(range.start());
    // SAFETY: asks about pages of these tests'; there is a byte for each.
    assert_eq!(unsafe { libc::mincore(start, range.len(), pages.as_mut_ptr()) }, 0);
    pages.iter().all(|page| page & 1 != 0)
}

/// Another CPU takes a page away between making it present and the access.
#[test]
fn a_page_that_goes_before_the_step_is_met_by_the_next_try() {
    for gone in [0, 3, 15, 16, 20, 31] {
        for comes_back in [true, false] {
            let space = Space::new(2 * WINDOW / PAGE);
            protect_all(&space);
            let (start, page) = (space.start + 10, space.page(gone));
            let range = UserRange::new(start, 2 * WINDOW - 10).unwrap();
            let there = page.saturating_sub(start);
            let mut tries = 0;
            let told = in_windows(range, Access::Write, |part, done| {
                let mine = (part.start()..part.start() + part.len()).contains(&page.max(start));
                tries += usize::from(mine);
                if mine && tries == 1 {
                    protect(page, PROT_NONE);
                }
                let result = nofault::fill_user(part.start(), 0x33, part.len());
                if mine && tries == 1 {
                    assert_eq!(result.map_err(|fault| fault.done + done), Err(there));
                    if comes_back {
                        protect(page, OPEN);
                    }
                }
                result
            });
            if comes_back {
                assert_eq!((told, tries), (Ok(()), 2), "page {gone}");
                assert!(space.bytes(start, range.len()).iter().all(|&byte| byte == 0x33));
            } else {
                expect(told, there, start, Access::Write);
                assert_eq!(tries, 1, "the step has been given the bad page again");
                assert!(space.bytes(start, there).iter().all(|&byte| byte == 0x33));
            }
        }
    }
}
