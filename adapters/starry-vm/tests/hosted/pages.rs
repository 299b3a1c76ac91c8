// SPDX-License-Identifier: MIT OR Apache-2.0
//! Real pages with known rights, and a model that says from the rights alone what an access comes to.

use std::{
    ptr, slice,
    sync::atomic::{AtomicUsize, Ordering},
};

use axptr::Access;
use starry_vm::VmError;

pub(crate) const PAGE: usize = 4096;

/// What the program that owns the page may do with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rights {
    Write,
    Read,
    Nothing,
    Unmapped,
}

use Rights::{Nothing, Read, Unmapped, Write};

/// Each border that a transfer can meet, some of them behind two good pages.
pub(crate) const LAYOUT: [Rights; 11] =
    [Unmapped, Write, Write, Unmapped, Write, Nothing, Write, Read, Read, Write, Unmapped];

/// Far from where the system maps what it likes: what is unmapped here stays so.
static NEXT: AtomicUsize = AtomicUsize::new(0x18_0000_0000);

/// The pages of one test, and a copy of their bytes that no access goes through.
#[derive(Debug)]
pub(crate) struct Pages {
    pub(crate) start: usize,
    copy: Vec<u8>,
}

impl Pages {
    pub(crate) fn new() -> Self {
        // SAFETY: (1) these tests pass addresses of the mappings below, and of nothing.
        unsafe { axptr::hosted::install() }.unwrap();
        let copy: Vec<u8> = (0..LAYOUT.len() * PAGE).map(|index| (index % 251) as u8 + 1).collect();
        let start = map(copy.len());
        // SAFETY: the mapping is as long as the copy.
        unsafe { at(start).copy_from_nonoverlapping(copy.as_ptr(), copy.len()) };
        for (index, rights) in LAYOUT.into_iter().enumerate() {
            let page = at(start + index * PAGE).cast();
            let done = match rights {
                Write => 0,
                // SAFETY: a page of the mapping, to which there is no reference.
                Read => unsafe { libc::mprotect(page, PAGE, libc::PROT_READ) },
                // SAFETY: as above.
                Nothing => unsafe { libc::mprotect(page, PAGE, libc::PROT_NONE) },
                // SAFETY: as above.
                Unmapped => unsafe { libc::munmap(page, PAGE) },
            };
            assert_eq!(done, 0);
        }
        Self { start, copy }
    }

    /// Returns the address of the page with this number.
    pub(crate) fn page(&self, index: usize) -> usize {
        self.start + index * PAGE
    }

    /// Puts bytes there, past the code under test.
    pub(crate) fn put(&mut self, addr: usize, bytes: &[u8]) {
        // SAFETY: the tests put bytes into writable pages only.
        unsafe { at(addr).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.expect(addr, bytes);
    }

    /// Says that these bytes are to be there from now on.
    pub(crate) fn expect(&mut self, addr: usize, bytes: &[u8]) {
        self.copy[addr - self.start..][..bytes.len()].copy_from_slice(bytes);
    }

    /// Returns the bytes that are to be there.
    pub(crate) fn bytes(&self, addr: usize, len: usize) -> &[u8] {
        &self.copy[addr - self.start..][..len]
    }

    /// Checks each byte that this process can read.
    pub(crate) fn check(&self, what: &str) {
        for (index, rights) in LAYOUT.into_iter().enumerate() {
            if matches!(rights, Write | Read) {
                // SAFETY: a readable page, and nobody writes it meanwhile.
                let page = unsafe { slice::from_raw_parts(at(self.page(index)), PAGE) };
                assert_eq!(page, &self.copy[index * PAGE..][..PAGE], "page {index} after {what}");
            }
        }
    }

    /// The model: how many of the bytes an access may have, and the error at the first that it may not.
    pub(crate) fn expected(&self, addr: usize, len: usize, access: Access) -> (usize, Option<VmError>) {
        for done in 0..len {
            let Some(offset) = addr.wrapping_add(done).checked_sub(self.start) else {
                return (done, Some(VmError::BadAddress));
            };
            match (LAYOUT.get(offset / PAGE), access) {
                (Some(Write), _) | (Some(Read), Access::Read) => {}
                (Some(Read | Nothing), _) => return (done, Some(VmError::AccessDenied)),
                (Some(Unmapped) | None, _) => return (done, Some(VmError::BadAddress)),
            }
        }
        (len, None)
    }

    /// Addresses around each border of the layout, and lengths that end in front of it, at it and behind it.
    pub(crate) fn places(&self) -> Vec<(usize, usize)> {
        const NEAR: [usize; 9] = [0, 1, 2, 7, 8, 9, 33, 100, 4095];
        const LENS: [usize; 16] = [0, 1, 2, 3, 4, 7, 8, 9, 16, 31, 32, 64, 100, 4095, 4096, 4097];
        let borders = (1..LAYOUT.len()).map(|index| self.page(index));
        let starts: Vec<_> = borders.flat_map(|border| NEAR.map(|near| border - near)).collect();
        let mut places: Vec<_> = starts.into_iter().flat_map(|start| LENS.map(|len| (start, len))).collect();
        // NULL, the kernel's half, what is nobody's, and what wraps around.
        for (addr, len) in [(0, 1), (8, 8), (1 << 63, 8), (!0 << 47, 100), (1 << 50, 8)] {
            places.push((addr, len));
        }
        places.extend([(usize::MAX, 1), (usize::MAX, 2), (usize::MAX - 7, 16), (usize::MAX - 4095, 4097)]);
        places
    }
}

fn map(len: usize) -> usize {
    let start = NEXT.fetch_add(len + PAGE, Ordering::Relaxed);
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
    let rights = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: it replaces no mapping.
    let mapped = unsafe { libc::mmap(ptr::without_provenance_mut(start), len, rights, flags, -1, 0) };
    assert_eq!(mapped.addr(), start);
    mapped.expose_provenance()
}

fn at(addr: usize) -> *mut u8 {
    ptr::with_exposed_provenance_mut(addr)
}
