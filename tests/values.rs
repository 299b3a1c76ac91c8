// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values of each size and alignment at an edge, by each method: what a fault says of the bytes is so, also where
//! pages go away in the middle of a call.

#[expect(dead_code, reason = "which entries are hit is asked elsewhere")]
mod support;

use std::{
    ffi::{c_int, c_void},
    mem::transmute,
    ptr::{self, NonNull},
    sync::atomic::{AtomicUsize, Ordering},
};

use axptr::{Fault, FaultKind, UserConstPtr, UserPtr, scope};
use axptr_cases::{Handler, PAGE, PageKind, Site};
use bytemuck::{Pod, Zeroable};
use libc::siginfo_t;
use support::{
    front::{self, Front},
    site::HostedSite,
};

/// Bytes, of any alignment.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Bytes<const N: usize>([u8; N]);

// SAFETY: zeros are one.
unsafe impl<const N: usize> Zeroable for Bytes<N> {}
// SAFETY: bytes, without padding.
unsafe impl<const N: usize> Pod for Bytes<N> {}

/// Words, aligned to 8 bytes.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Words<const N: usize>([u64; N]);

// SAFETY: zeros are one.
unsafe impl<const N: usize> Zeroable for Words<N> {}
// SAFETY: words, without padding.
unsafe impl<const N: usize> Pod for Words<N> {}

/// Bytes of the most that is a part of a type: an alignment between the two.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Halves<const N: usize>([u16; N]);

// SAFETY: zeros are one.
unsafe impl<const N: usize> Zeroable for Halves<N> {}
// SAFETY: integers, without padding.
unsafe impl<const N: usize> Pod for Halves<N> {}

/// Calls a function for all sizes up to 64 bytes, and some above.
macro_rules! for_all_types {
    ($function:ident($($argument:expr),*)) => {
        for_all_types!(@ $function ($($argument),*) Bytes
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38
            39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 72 96 128 144 4096);
        for_all_types!(@ $function ($($argument),*) Words 0 1 2 3 4 5 6 7 8 9 12 16 18 512);
        for_all_types!(@ $function ($($argument),*) Halves 1 2 3 4 12 17 31 32 33 2048);
    };
    (@ $function:ident $arguments:tt $type:ident $($count:literal)+) => {
        $(for_all_types!(@ $function $arguments $type<$count>);)+
    };
    (@ $function:ident ($($argument:expr),*) $type:ty) => {
        $function::<$type>($($argument),*)
    };
}

/// What user memory holds, what the kernel writes, and what a value holds before it is read.
const USER: u8 = 0x55;
const OLD: u8 = 0xee;

fn pattern<T: Pod>() -> T {
    let mut value = T::zeroed();
    for (index, byte) in bytemuck::bytes_of_mut(&mut value).iter_mut().enumerate() {
        *byte = (index % 251) as u8 + 1;
    }
    value
}

fn filled<T: Pod>(with: u8) -> T {
    let mut value = T::zeroed();
    bytemuck::bytes_of_mut(&mut value).fill(with);
    value
}

/// Two pages of which the second is not there.
struct Edge {
    site: HostedSite,
    start: usize,
}

impl Edge {
    fn new(handler: Handler) -> Self {
        let mut site = HostedSite::new(handler);
        let start = site.map(&[PageKind::Good, PageKind::Unmapped]);
        Self { site, start }
    }

    fn end(&self) -> usize {
        self.start + PAGE
    }

    /// The page by its other address, which stays accessible.
    fn page(&mut self) -> &mut [u8] {
        let window: NonNull<u8> = self.site.window(self.start).unwrap();
        // SAFETY: a page of the site's, which nobody else has a reference to.
        unsafe { std::slice::from_raw_parts_mut(window.as_ptr(), PAGE) }
    }

    /// Puts the pattern where a value starts, and something else in front.
    fn place(&mut self, addr: usize, bytes: &[u8]) {
        let at = addr - self.start;
        let page = self.page();
        page.fill(USER);
        let len = bytes.len().min(PAGE - at);
        page[at..at + len].copy_from_slice(&bytes[..len]);
    }

    /// Whether the page holds the first `done` of `bytes` at `addr` and is else as it was.
    fn holds(&mut self, addr: usize, bytes: &[u8], done: usize) -> bool {
        let at = addr - self.start;
        let page = self.page();
        let (front, rest) = page.split_at(at);
        let (written, behind) = rest.split_at(done);
        written == &bytes[..done] && front.iter().chain(behind).all(|byte| *byte == USER)
    }
}

/// Distances of a value's start from the edge: all, or those at both ends of a large value.
fn distances(size: usize) -> impl Iterator<Item = usize> {
    (0..=(size + 9).min(PAGE)).filter(move |distance| *distance < 80 || distance + 80 > size)
}

fn told(fault: Fault) -> (usize, usize) {
    (fault.done, fault.addr)
}

fn at_the_edge<T: Pod>(edge: &mut Edge) {
    let size = size_of::<T>();
    let value = pattern::<T>();
    let bytes = bytemuck::bytes_of(&value);
    for distance in distances(size) {
        let addr = edge.end() - distance;
        let (done, what) = (distance.min(size), format!("{size} bytes, {distance} in front of the edge"));
        let expected = if distance >= size { Ok(()) } else { Err((distance, edge.end())) };
        let (from, to) = (UserConstPtr::<T>::from(addr), UserPtr::<T>::from(addr));

        edge.place(addr, bytes);
        let mut read = vec![from.read(), from.nofault().read(), to.read(), scope::run(from.reading())];
        if distance == size {
            // Below the first page nothing is either.
            let below = UserConstPtr::<T>::from(edge.start - 1);
            let refused = below.read().map(drop).map_err(told);
            assert!(size == 0 || refused == Err((0, edge.start - 1)), "{what}");
        }
        for outcome in read.drain(..) {
            match outcome {
                Ok(read) => assert!(expected.is_ok() && bytemuck::bytes_of(&read) == bytes, "read, {what}"),
                Err(fault) => assert_eq!(Err(told(fault)), expected, "read, {what}"),
            }
        }
        for pointer in [from, from, to.into()] {
            let mut read = filled::<T>(OLD);
            let outcome = pointer.read_into(&mut read);
            assert_eq!(outcome.map_err(told), expected, "read_into, {what}");
            let (new, old) = bytemuck::bytes_of(&read).split_at(done);
            assert!(new == &bytes[..done] && old.iter().all(|byte| *byte == OLD), "read_into, {what}");
        }

        let writes: [&dyn Fn() -> Result<(), Fault>; 3] =
            [&|| to.write(value), &|| to.nofault().write(value), &|| scope::run(to.writing(value))];
        for write in writes {
            edge.page().fill(USER);
            assert_eq!(write().map_err(told), expected, "write, {what}");
            assert!(edge.holds(addr, bytes, done), "write, {what}");
        }
    }
}

#[test]
fn every_size_is_exact_at_an_edge() {
    let _front = Front::new(Handler::Full);
    let mut edge = Edge::new(Handler::Full);
    for_all_types!(at_the_edge(&mut edge));
}

#[test]
fn every_size_is_exact_if_the_handler_can_only_set_the_pc() {
    let _front = Front::new(Handler::PcOnly);
    let mut edge = Edge::new(Handler::PcOnly);
    for_all_types!(at_the_edge(&mut edge));
}

#[test]
fn what_is_out_of_the_user_half_leaves_a_value_as_it_was() {
    fn refused<T: Pod>() {
        let mut value = filled::<T>(OLD);
        let fault = UserConstPtr::<T>::from(usize::MAX - 7).read_into(&mut value);
        assert!(size_of::<T>() == 0 || fault.unwrap_err().kind == FaultKind::OutOfRange);
        assert!(bytemuck::bytes_of(&value).iter().all(|byte| *byte == OLD));
    }
    for_all_types!(refused());
}

/// The page that goes away at the next fault, and the handler that its fault is for.
static VANISHING: AtomicUsize = AtomicUsize::new(0);
static FORMER: AtomicUsize = AtomicUsize::new(0);

/// The handler that takes the page away, while it is in front.
struct First(libc::sigaction);

impl First {
    fn new() -> Self {
        let former = front::replace_handler(libc::SIGSEGV, take_page);
        FORMER.store(former.sa_sigaction, Ordering::Relaxed);
        Self(former)
    }
}

impl Drop for First {
    fn drop(&mut self) {
        VANISHING.store(0, Ordering::Relaxed);
        // SAFETY: the action that was there.
        let status = unsafe { libc::sigaction(libc::SIGSEGV, &raw const self.0, ptr::null_mut()) };
        assert_eq!(status, 0);
    }
}

extern "C" fn take_page(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    protect(VANISHING.swap(0, Ordering::Relaxed), libc::PROT_NONE);
    // SAFETY: `First::new` stored the address of such a function before it installed this one.
    let former = unsafe { transmute::<usize, front::Action>(FORMER.load(Ordering::Relaxed)) };
    former(signal, info, context);
}

/// Changes what may be done to a page of a test's; nothing if it is 0.
fn protect(page: usize, protection: c_int) {
    if page != 0 {
        // SAFETY: no Rust object is in the page.
        let status = unsafe { libc::mprotect(ptr::with_exposed_provenance_mut(page), PAGE, protection) };
        assert_eq!(status, 0);
    }
}

/// The page in front of the edge goes away at the fault behind it: when the first words of a value have been stored.
fn without_the_first_page<T: Pod>(edge: &mut Edge) {
    let size = size_of::<T>();
    if !(1..=64).contains(&size) {
        return;
    }
    let value = pattern::<T>();
    let bytes = bytemuck::bytes_of(&value);
    for distance in 1..size {
        let addr = edge.end() - distance;
        // Elsewhere the routine writes what is not aligned.
        if !(cfg!(target_arch = "x86_64") || addr.is_multiple_of(8)) {
            continue;
        }
        let what = format!("{size} bytes, {distance} in front of the edge");
        edge.page().fill(USER);
        VANISHING.store(edge.start, Ordering::Relaxed);
        let fault = UserPtr::<T>::from(addr).write(value).unwrap_err();
        protect(edge.start, libc::PROT_READ | libc::PROT_WRITE);
        assert_eq!(fault.addr, addr + fault.done, "{what}");
        assert!(fault.done <= distance, "{what}: {fault}");
        assert!(
            edge.holds(addr, bytes, fault.done),
            "{what}: {fault}, {:?}",
            &edge.page()[PAGE - distance..]
        );
        // Words that lie in front of the edge have been stored.
        if addr.is_multiple_of(8) {
            assert_eq!(fault.done, distance, "{what}");
        }

        edge.place(addr, bytes);
        VANISHING.store(edge.start, Ordering::Relaxed);
        let mut read = filled::<T>(OLD);
        let fault = UserPtr::<T>::from(addr).read_into(&mut read).unwrap_err();
        protect(edge.start, libc::PROT_READ | libc::PROT_WRITE);
        let (new, old) = bytemuck::bytes_of(&read).split_at(fault.done);
        assert!(new == &bytes[..fault.done] && old.iter().all(|byte| *byte == OLD), "{what}: {fault}");
    }
}

fn in_mid_call(handler: Handler) {
    let _front = Front::new(handler);
    let mut edge = Edge::new(handler);
    let _first = First::new();
    for_all_types!(without_the_first_page(&mut edge));
}

#[test]
fn a_page_that_goes_away_between_two_stores_is_an_exact_fault() {
    in_mid_call(Handler::Full);
}

#[test]
fn it_is_if_the_handler_can_only_set_the_pc() {
    in_mid_call(Handler::PcOnly);
}
