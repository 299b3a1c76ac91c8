// SPDX-License-Identifier: MIT OR Apache-2.0
//! Region mode on an address space of one's own, without axmm: two methods and a provider.
//!
//! The "kernel" here is a process: its user memory is one mapping whose pages start out inaccessible and are made
//! accessible on demand, as a kernel would map frames.
//!
//! `cargo run --example own_space`

use std::{error::Error, ops::Range, ptr, sync::Mutex};

use axptr::{Access, AddrSpaceProvider, AddressSpace, UserPtr, UserRange, region};

const PAGE: usize = 4096;
const PAGES: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    // SAFETY: (1) what follows hands axptr addresses of `Space::reserve`'s mapping only.
    unsafe { axptr::hosted::install() }?;
    let task = Task { space: Mutex::new(Space::reserve()?) };
    let start = task.space.lock().map_err(|_| "poisoned")?.start;

    // A write that spans two pages: both are made present, in front of the copy.
    let greeting = UserPtr::<[u8; 5]>::from(start + PAGE - 2);
    greeting.write_in(&task, *b"hello")?;
    assert_eq!(greeting.read_in(&task)?, *b"hello");
    println!("hello: {} pages present", task.present());

    // The second half may only be read: refused before the first byte.
    let read_only = start + PAGES / 2 * PAGE;
    let fault = region::copy_to_user(&task, read_only - 3, b"oops!").unwrap_err();
    println!("a write that ends in the read-only half: {fault}");
    assert_eq!(fault.done, 0);

    // A length of the user's choice makes no more present than what is copied.
    let fault = region::fill_user(&task, start, 0, usize::MAX).unwrap_err();
    println!("a fill of usize::MAX bytes: {fault}");
    println!("in the end: {} pages present", task.present());
    Ok(())
}

/// The address space: areas, and what the page table would hold.
struct Space {
    start: usize,
    areas: [Area; 2],
    present: [bool; PAGES],
}

struct Area {
    range: Range<usize>,
    writable: bool,
}

impl Space {
    fn reserve() -> Result<Self, Box<dyn Error>> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, at an address of the kernel's choice.
        let start =
            unsafe { libc::mmap(ptr::null_mut(), PAGES * PAGE, libc::PROT_NONE, flags, -1, 0) }.addr();
        let middle = start + PAGES / 2 * PAGE;
        let areas = [
            Area { range: start..middle, writable: true },
            Area { range: middle..start + PAGES * PAGE, writable: false },
        ];
        Ok(Self { start, areas, present: [false; PAGES] })
    }

    fn area(&self, addr: usize) -> Option<&Area> {
        self.areas.iter().find(|area| area.range.contains(&addr))
    }
}

impl AddressSpace for Space {
    fn check_region_access(&self, range: UserRange, access: Access) -> bool {
        let mut addr = range.start();
        let end = range.start() + range.len();
        while addr < end {
            match self.area(addr) {
                Some(area) if area.writable || access == Access::Read => addr = area.range.end,
                _ => return false,
            }
        }
        true
    }

    fn handle_fault(&mut self, addr: usize, access: Access) -> bool {
        let Some(area) = self.area(addr) else { return false };
        if access == Access::Write && !area.writable {
            return false;
        }
        let protection = if area.writable { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_READ };
        let number = (addr - self.start) / PAGE;
        // The page table first: what is present holds data.
        if !self.present[number] {
            let page = ptr::without_provenance_mut(self.start + number * PAGE);
            // SAFETY: a page of the mapping that `reserve` made; no reference to it exists.
            self.present[number] = unsafe { libc::mprotect(page, PAGE, protection) } == 0;
        }
        self.present[number]
    }
}

/// A task that locks its own address space.
struct Task {
    space: Mutex<Space>,
}

impl Task {
    fn present(&self) -> usize {
        let space = self.space.lock().expect("nobody panics under the lock");
        space.present.iter().filter(|&&present| present).count()
    }
}

impl AddrSpaceProvider<Space> for &Task {
    // The lock is released before memory is accessed: a pager needs it.
    fn with_addr_space<R>(&mut self, f: impl FnOnce(&mut Space) -> R) -> R {
        f(&mut self.space.lock().expect("nobody panics under the lock"))
    }
}
