// SPDX-License-Identifier: MIT OR Apache-2.0
//! The memory of a round, and what each byte of it should be.

use alloc::{format, string::String, vec, vec::Vec};
use core::{ops::Range, ptr::NonNull, slice};

use axptr::{Access, FaultKind};
use axptr_cases::{Handler, PAGE, PageKind, Site};

use crate::rng::Rng;

/// So many bytes around what an operation may change are looked at each time.
const MARGIN: usize = 96;

/// After so many operations, everything is looked at.
const ALL_EVERY: u32 = 100;

/// A page of user memory.
#[derive(Clone, Copy, Debug)]
struct Page {
    kind: PageKind,
    /// Where its bytes are, whatever it permits.
    window: Option<NonNull<u8>>,
    refuses_read: Option<FaultKind>,
    refuses_write: Option<FaultKind>,
    /// Not there yet.
    is_lazy: bool,
}

/// User memory, kernel memory, and what both should hold.
pub(crate) struct World<'a> {
    pub(crate) rng: Rng,
    site: &'a mut dyn Site,
    start: usize,
    /// Whether all but the last pages are parts of one of a larger size.
    is_large: bool,
    pages: Vec<Page>,
    user: Vec<u8>,
    kernel: Vec<u8>,
    kernel_model: Vec<u8>,
    operations: u32,
    /// One user byte of so many is zero; none if it is 0.
    zeroes: usize,
}

/// A range of user memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) offset: usize,
    pub(crate) addr: usize,
    pub(crate) len: usize,
}

/// The first byte that does not permit an access: its distance from the start, and why.
pub(crate) type Bad = Option<(usize, FaultKind)>;

/// Whether an absent page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pager {
    Asked,
    NotAsked,
}

impl<'a> World<'a> {
    /// Maps pages of kinds that the seed chooses, and fills them.
    pub(crate) fn new(site: &'a mut dyn Site, seed: u64, most_pages: usize) -> Self {
        let mut rng = Rng::new(seed);
        let large = draw_large(&mut rng, site, most_pages);
        let is_large = large.is_some();
        let (start, kinds) = large.unwrap_or_else(|| {
            let kinds = draw_kinds(&mut rng, site.kinds(), most_pages);
            (site.map(&kinds), kinds)
        });
        let page = |&kind| Page {
            kind,
            window: None,
            refuses_read: site.refusal(kind, Access::Read),
            refuses_write: site.refusal(kind, Access::Write),
            is_lazy: kind == PageKind::Lazy,
        };
        let pages: Vec<_> = kinds.iter().map(page).collect();
        let len = pages.len() * PAGE;
        let zeroes = rng.pick(&[0, 0, 8, 40, 300]);
        let kernel: Vec<_> = (0..len).map(|_| rng.byte()).collect();
        let kernel_model = kernel.clone();
        let user = vec![0; len];
        let mut world =
            Self { rng, site, start, is_large, pages, user, kernel, kernel_model, operations: 0, zeroes };
        world.fill();
        world
    }

    fn fill(&mut self) {
        for index in 0..self.pages.len() {
            // A lazy one is fresh, and all zero, as long as nobody asks for it.
            if !self.pages[index].is_lazy {
                self.pages[index].window = self.site.window(self.start + index * PAGE);
                let bytes: Vec<_> = (0..PAGE).map(|_| self.draw_byte()).collect();
                self.poke(index * PAGE, &bytes);
            }
        }
    }

    fn draw_byte(&mut self) -> u8 {
        let is_zero = self.zeroes > 0 && self.rng.one_in(self.zeroes);
        if is_zero { 0 } else { self.rng.within(1, 255) as u8 }
    }

    /// The place of `len` bytes that begin at a multiple of `align`: where one page differs from the next, or anywhere.
    pub(crate) fn place(&mut self, len: usize, align: usize) -> Place {
        let len = len.min(self.user.len());
        let last = self.user.len() - len;
        let wanted = if self.rng.below(10) < 7 {
            let edge = self.edge();
            let before = match self.rng.below(4) {
                0 => self.rng.below(len.min(130) + 1),
                1 => len - self.rng.below(len.min(130) + 1),
                _ => self.rng.below(len + 1),
            };
            edge.saturating_sub(before)
        } else {
            self.rng.below(last + 1)
        };
        let offset = wanted.min(last) / align * align;
        Place { offset, addr: self.start + offset, len }
    }

    /// Where two pages meet, those of different kinds first.
    fn edge(&mut self) -> usize {
        let mut edge = self.rng.within(1, self.pages.len() - 1);
        for _ in 0..8 {
            if self.pages[edge - 1].kind != self.pages[edge].kind {
                break;
            }
            edge = self.rng.within(1, self.pages.len() - 1);
        }
        edge * PAGE
    }

    /// A length: short ones most, up to all memory.
    pub(crate) fn length(&mut self) -> usize {
        let most = match self.rng.below(100) {
            0..=34 => 16,
            35..=59 => 160,
            60..=79 => 1500,
            80..=93 => 3 * PAGE,
            _ => self.user.len(),
        };
        let most = most.min(self.user.len() - PAGE);
        self.rng.below(most + 1)
    }

    /// A place of a length that may be any.
    pub(crate) fn any_place(&mut self) -> Place {
        let len = self.length();
        self.place(len, 1)
    }

    /// Where so many bytes of kernel memory begin, at any alignment.
    pub(crate) fn kernel_place(&mut self, len: usize) -> usize {
        let last = self.kernel.len() - len;
        let inside = last.min(3 * MARGIN);
        // At the very end at times, where another object may be.
        if self.rng.one_in(8) { last } else { self.rng.below(inside + 1) }
    }

    /// Whether it is the end of a page of a larger size.
    pub(crate) const fn is_large(&self) -> bool {
        self.is_large
    }

    /// How many bytes there are on either side.
    pub(crate) const fn len(&self) -> usize {
        self.user.len()
    }

    /// Kernel memory.
    pub(crate) fn kernel(&mut self, at: usize, len: usize) -> &mut [u8] {
        &mut self.kernel[at..at + len]
    }

    /// What the user's bytes should be.
    pub(crate) fn user(&self, place: Place, len: usize) -> &[u8] {
        &self.user[place.offset..place.offset + len]
    }

    /// What the kernel's bytes should be.
    pub(crate) fn kernel_model(&self, at: usize, len: usize) -> &[u8] {
        &self.kernel_model[at..at + len]
    }

    /// They should be something else now: an operation has changed them.
    pub(crate) fn user_gets(&mut self, place: Place, bytes: &[u8]) {
        self.user[place.offset..place.offset + bytes.len()].copy_from_slice(bytes);
    }

    /// They should be something else now: an operation has changed them.
    pub(crate) fn kernel_gets(&mut self, at: usize, bytes: &[u8]) {
        self.kernel_model[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Copies in the model, as if by way of other memory.
    pub(crate) fn user_moves(&mut self, to: Place, from: Place, len: usize) {
        self.user.copy_within(from.offset..from.offset + len, to.offset);
    }

    /// Puts bytes where they are and should be, whatever the pages permit. A page without memory takes none.
    pub(crate) fn poke(&mut self, offset: usize, bytes: &[u8]) {
        self.user[offset..offset + bytes.len()].copy_from_slice(bytes);
        for part in parts(offset..offset + bytes.len()) {
            let Some(window) = self.pages[part.start / PAGE].window else { continue };
            // SAFETY: the part begins in the page, which the window covers.
            let target = unsafe { window.add(part.start % PAGE) };
            let from = NonNull::from(&self.user[part.clone()]).cast();
            // SAFETY: the part ends with the page at the latest; the model is memory of our own.
            unsafe { target.copy_from_nonoverlapping(from, part.len()) };
        }
    }

    /// The same for kernel memory.
    pub(crate) fn poke_kernel(&mut self, at: usize, bytes: &[u8]) {
        self.kernel[at..at + bytes.len()].copy_from_slice(bytes);
        self.kernel_gets(at, bytes);
    }

    /// Whether all of these bytes have memory that can be poked.
    pub(crate) fn has_memory(&self, place: Place) -> bool {
        parts(place.offset..place.offset + place.len)
            .all(|part| self.pages[part.start / PAGE].window.is_some())
    }

    /// Whether a page of the kernel's own is among them.
    pub(crate) fn has_private_page(&self, place: Place) -> bool {
        let mut parts = parts(place.offset..place.offset + place.len);
        parts.any(|part| self.pages[part.start / PAGE].kind == PageKind::KernelOnly)
    }

    /// The first of the bytes that does not permit the access.
    pub(crate) fn first_bad(&self, place: Place, access: Access, pager: Pager) -> Bad {
        for part in parts(place.offset..place.offset + place.len) {
            let page = &self.pages[part.start / PAGE];
            let stays_away = page.is_lazy && pager == Pager::NotAsked && self.site.lazy_needs_pager();
            let refusal = match access {
                _ if stays_away => Some(FaultKind::NotPresent),
                Access::Read => page.refuses_read,
                Access::Write => page.refuses_write,
            };
            if let Some(kind) = refusal {
                return Some((part.start - place.offset, kind));
            }
        }
        None
    }

    /// Why an access to the last page of the user half fails: nothing is there, or no page table reaches so far. `None`
    /// if somebody has memory there.
    pub(crate) fn below_limit(&self) -> Option<[FaultKind; 2]> {
        let is_free = !self.site.is_foreign(axptr::user_limit() - 1);
        is_free.then(|| [FaultKind::NotPresent, self.site.refusal_of_untranslatable()])
    }

    /// Whether what went wrong is told at all, or only the place.
    pub(crate) fn is_told(&self) -> bool {
        self.site.handler() == Handler::Full
    }

    /// Looks at what an operation may have changed and at what is around it; at times at everything.
    pub(crate) fn check(&mut self, user: &[Place], kernel: Range<usize>) -> Result<(), String> {
        self.look_for_new_pages();
        self.operations += 1;
        if self.operations.is_multiple_of(ALL_EVERY) {
            return self.check_all();
        }
        for place in user {
            let start = place.offset.saturating_sub(MARGIN);
            let end = (place.offset + place.len + MARGIN).min(self.user.len());
            self.check_user(start..end)?;
        }
        let start = kernel.start.saturating_sub(MARGIN);
        let end = (kernel.end + MARGIN).min(self.kernel.len());
        self.check_kernel(start..end)
    }

    /// Looks at everything.
    pub(crate) fn check_all(&mut self) -> Result<(), String> {
        self.check_user(0..self.user.len())?;
        self.check_kernel(0..self.kernel.len())
    }

    /// Asks which lazy pages have come. Before each operation, too: one that answers an error of its own may have brought some.
    pub(crate) fn look_for_new_pages(&mut self) {
        for (index, page) in self.pages.iter_mut().enumerate() {
            if page.is_lazy && self.site.lazy_needs_pager() {
                page.window = self.site.window(self.start + index * PAGE);
                page.is_lazy = page.window.is_none();
            }
        }
    }

    fn check_user(&self, range: Range<usize>) -> Result<(), String> {
        for part in parts(range) {
            let index = part.start / PAGE;
            // Where Linux provides them, to look would make them.
            let Some(window) = self.pages[index].window else { continue };
            // SAFETY: the part begins in the page, which the window covers.
            let found = unsafe { window.add(part.start % PAGE) };
            // SAFETY: the part ends with the page at the latest; nothing writes to it while this is borrowed.
            let found = unsafe { slice::from_raw_parts(found.as_ptr(), part.len()) };
            compare("user", part.start, found, &self.user[part.clone()])?;
        }
        Ok(())
    }

    fn check_kernel(&self, range: Range<usize>) -> Result<(), String> {
        compare("kernel", range.start, &self.kernel[range.clone()], &self.kernel_model[range])
    }

    /// The kinds of the pages, for a failure's report.
    pub(crate) fn kinds(&self) -> Vec<PageKind> {
        self.pages.iter().map(|page| page.kind).collect()
    }

    /// What a lazy page should hold is what was written to it.
    pub(crate) fn end(&mut self) -> Result<(), String> {
        self.look_for_new_pages();
        for index in 0..self.pages.len() {
            if self.pages[index].is_lazy && !self.site.lazy_needs_pager() {
                self.pages[index].window = self.site.window(self.start + index * PAGE);
            }
        }
        self.check_all()
    }
}

fn compare(whose: &str, start: usize, found: &[u8], expected: &[u8]) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    let at = (0..found.len()).find(|&at| found[at] != expected[at]).unwrap_or_default();
    let count = found.iter().zip(expected).filter(|(found, expected)| found != expected).count();
    let (at, found, expected) = (start + at, found[at], expected[at]);
    Err(format!("{count} {whose} bytes are wrong from {at:#x} on: {found:#04x}, not {expected:#04x}"))
}

/// The parts of a range that lie in one page each.
fn parts(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = range.start;
    core::iter::from_fn(move || {
        let part = at..((at / PAGE + 1) * PAGE).min(range.end);
        at = part.end;
        (!part.is_empty()).then_some(part)
    })
}

/// The last pages' worth of a page of a larger size, and absent pages behind it: where they begin, and their kinds.
fn draw_large(rng: &mut Rng, site: &mut dyn Site, most_pages: usize) -> Option<(usize, Vec<PageKind>)> {
    if !rng.one_in(6) {
        return None;
    }
    let kind = rng.pick(&[PageKind::Good, PageKind::Good, PageKind::ReadOnly]);
    let place = site.map_large(kind)?;
    let count = rng.within(3, most_pages.clamp(4, 40)).min(place.len() / PAGE);
    let mut kinds = vec![kind; count];
    kinds.extend((0..rng.within(1, 2)).map(|_| PageKind::Unmapped));
    Some((place.end - count * PAGE, kinds))
}

/// Runs of pages of a kind, good ones most. The first and the last are absent, so that each range ends somewhere.
fn draw_kinds(rng: &mut Rng, all: &[PageKind], most_pages: usize) -> Vec<PageKind> {
    let count = match rng.below(20) {
        0 => rng.within(4, most_pages.max(4)),
        1..=4 => rng.within(4, most_pages.clamp(4, 40)),
        _ => rng.within(4, most_pages.clamp(4, 12)),
    };
    let mut kinds = vec![PageKind::Unmapped];
    while kinds.len() + 1 < count {
        let kind = if rng.below(2) == 0 { PageKind::Good } else { rng.pick(all) };
        let longest = if kind == PageKind::Good { 8 } else { 2 };
        let run = rng.within(1, longest).min(count - 1 - kinds.len());
        kinds.extend((0..run).map(|_| kind));
    }
    kinds.push(PageKind::Unmapped);
    kinds
}
