// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory whose every byte is known: user pages of given kinds, or kernel memory.

use alloc::vec::Vec;
use core::{cell::UnsafeCell, ops::Range, ptr::NonNull, slice};

use axptr::{Access, FaultKind};

use crate::site::{PAGE, PageKind, Site};

/// What an area is filled with. A byte of one is never a byte of the other, so that a byte which should not
/// have moved shows; neighbours differ, so that one which moved to the wrong place shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// What is copied: 1..=127.
    Source,
    /// What is copied onto: 128..=255.
    Background,
}

impl Content {
    fn byte(self, offset: usize) -> u8 {
        const GOLDEN: u32 = 0x9e37_79b1;
        let hash = (offset as u32 + 1).wrapping_mul(GOLDEN).to_be_bytes()[0] >> 1;
        match self {
            Self::Source => hash.max(1),
            Self::Background => hash | 0x80,
        }
    }
}

/// Consecutive pages and what they should hold.
#[derive(Debug)]
pub(crate) struct Area {
    start: usize,
    pages: Vec<Page>,
    model: Vec<u8>,
    /// What a kernel area lives in.
    _memory: Vec<KernelPage>,
}

#[derive(Debug)]
struct Page {
    window: Option<NonNull<u8>>,
    refuses_read: Option<FaultKind>,
    refuses_write: Option<FaultKind>,
    /// How many bytes are good nevertheless.
    good_bytes: usize,
    /// Lazy, and not touched yet.
    lazy: bool,
}

#[derive(Debug)]
#[repr(align(4096))]
struct KernelPage(UnsafeCell<[u8; PAGE]>);

impl Area {
    /// Maps user pages and fills those that have memory. Lazy ones hold zeroes.
    pub(crate) fn user(site: &mut dyn Site, kinds: &[PageKind], content: Content) -> Self {
        let start = site.map(kinds);
        let mut pages = Vec::new();
        for (index, &kind) in kinds.iter().enumerate() {
            let lazy = kind == PageKind::Lazy;
            pages.push(Page {
                window: if lazy { None } else { site.window(start + index * PAGE) },
                refuses_read: site.refusal(kind, Access::Read),
                refuses_write: site.refusal(kind, Access::Write),
                good_bytes: site.good_bytes(kind),
                lazy,
            });
        }
        Self::filled(start, pages, Vec::new(), content)
    }

    /// Takes kernel memory: everything is allowed inside, and nothing beside it where the site has a fence.
    pub(crate) fn kernel(site: &mut dyn Site, count: usize, content: Content) -> Self {
        let page =
            |window| Page { window, refuses_read: None, refuses_write: None, good_bytes: 0, lazy: false };
        if let Some(start) = site.fenced(count) {
            let start = start.as_ptr();
            let window = |index: usize| NonNull::new(start.wrapping_add(index * PAGE));
            let pages = (0..count).map(window).map(page).collect();
            return Self::filled(start.addr(), pages, Vec::new(), content);
        }
        let memory: Vec<_> = (0..count).map(|_| KernelPage(UnsafeCell::new([0; PAGE]))).collect();
        let window = |page: &KernelPage| NonNull::new(page.0.get().cast::<u8>());
        let pages: Vec<_> = memory.iter().map(window).map(page).collect();
        let start = memory.as_ptr().expose_provenance();
        Self::filled(start, pages, memory, content)
    }

    fn filled(start: usize, pages: Vec<Page>, memory: Vec<KernelPage>, content: Content) -> Self {
        let byte = |offset: usize| if pages[offset / PAGE].lazy { 0 } else { content.byte(offset) };
        let model = (0..pages.len() * PAGE).map(byte).collect();
        let mut area = Self { start, pages, model, _memory: memory };
        area.restore(0..area.len());
        area
    }

    pub(crate) const fn len(&self) -> usize {
        self.model.len()
    }

    /// Where `len` bytes lie that are aligned so, modulo `modulus`: at the very end or the very start of the area if one
    /// of the two is, else inside.
    pub(crate) const fn place(&self, alignment: usize, modulus: usize, len: usize) -> usize {
        let last = self.len() - len;
        match alignment % modulus {
            inside if inside == last % modulus => last,
            0 => 0,
            inside => PAGE + inside,
        }
    }

    /// The address of the byte at `offset`.
    pub(crate) const fn at(&self, offset: usize) -> usize {
        self.start + offset
    }

    /// What the bytes should be.
    pub(crate) fn expected(&self, range: Range<usize>) -> &[u8] {
        &self.model[range]
    }

    /// The distance from the start to the first byte that refuses `access`, and why, if lazy pages come.
    pub(crate) fn first_bad(&self, range: Range<usize>, access: Access) -> Option<(usize, FaultKind)> {
        self.first_bad_if(range, access, true)
    }

    /// The same if lazy pages come or stay away.
    pub(crate) fn first_bad_if(
        &self,
        range: Range<usize>,
        access: Access,
        lazy_comes: bool,
    ) -> Option<(usize, FaultKind)> {
        let mut at = range.start;
        while at < range.end {
            let page = &self.pages[at / PAGE];
            let refusal = match access {
                _ if page.lazy && !lazy_comes => Some(FaultKind::NotPresent),
                Access::Read => page.refuses_read,
                Access::Write => page.refuses_write,
            };
            if let Some(kind) = refusal {
                let bad = at.max(at / PAGE * PAGE + page.good_bytes);
                return (bad < range.end).then_some((bad - range.start, kind));
            }
            at = end_of_page(at);
        }
        None
    }

    /// How many pages of the range are still to be paged in.
    pub(crate) fn lazy_pages(&self, range: Range<usize>) -> usize {
        let pages = range.start / PAGE..range.end.div_ceil(PAGE);
        if range.is_empty() { 0 } else { self.pages[pages].iter().filter(|page| page.lazy).count() }
    }

    /// Looks which lazy pages have memory by now.
    pub(crate) fn look_again(&mut self, site: &mut dyn Site) {
        for (index, page) in self.pages.iter_mut().enumerate() {
            if page.lazy {
                page.window = site.window(self.start + index * PAGE);
                page.lazy = page.window.is_none();
            }
        }
    }

    /// The offset of the first byte of the range that is not as it should be.
    pub(crate) fn first_wrong(&self, range: Range<usize>) -> Option<usize> {
        self.first_difference(range.start, &self.model[range])
    }

    /// The offset of the first byte from `offset` on that differs from `expected`.
    pub(crate) fn first_difference(&self, offset: usize, expected: &[u8]) -> Option<usize> {
        let mut at = offset;
        let end = offset + expected.len();
        while at < end {
            let stop = end_of_page(at).min(end);
            let wanted = &expected[at - offset..stop - offset];
            if !self.holds(at, wanted) {
                let wrong = (0..wanted.len()).find(|&i| !self.holds(at + i, &wanted[i..=i]));
                return Some(at + wrong.unwrap_or(0));
            }
            at = stop;
        }
        None
    }

    /// Whether the bytes at `offset`, all in one page, are these. A page without memory holds whatever it
    /// should hold; a lazy one that nobody touched, zeroes.
    fn holds(&self, offset: usize, wanted: &[u8]) -> bool {
        let page = &self.pages[offset / PAGE];
        match page.window {
            None if page.lazy => wanted.iter().all(|&byte| byte == 0),
            None => true,
            Some(window) => {
                // SAFETY: the offset is inside the page, which the window covers.
                let start = unsafe { window.add(offset % PAGE) };
                // SAFETY: the callers stay inside the page; nothing writes to it while this is borrowed.
                let found = unsafe { slice::from_raw_parts(start.as_ptr(), wanted.len()) };
                found == wanted
            }
        }
    }

    /// Makes `bytes` what should be, and is, at `offset`.
    pub(crate) fn put(&mut self, offset: usize, bytes: &[u8]) {
        self.model[offset..offset + bytes.len()].copy_from_slice(bytes);
        self.restore(offset..offset + bytes.len());
    }

    /// Makes the bytes of the range what they should be.
    pub(crate) fn restore(&mut self, range: Range<usize>) {
        let mut at = range.start;
        while at < range.end {
            let stop = end_of_page(at).min(range.end);
            if let Some(window) = self.pages[at / PAGE].window {
                // SAFETY: the offset is inside the page, which the window covers.
                let target = unsafe { window.add(at % PAGE) };
                let wanted = NonNull::from(&self.model[at..stop]).cast();
                // SAFETY: the target ends with the page; the model is memory of our own.
                unsafe { target.copy_from_nonoverlapping(wanted, stop - at) };
            }
            at = stop;
        }
    }
}

const fn end_of_page(offset: usize) -> usize {
    (offset / PAGE + 1) * PAGE
}
