// SPDX-License-Identifier: MIT OR Apache-2.0
//! `move_in_user`: ranges that overlap, both ways and at every distance, with an edge at every position of both sides.
//!
//! The oracle is `copy_within` on the prefix that both sides permit. The pages are mapped twice: once as the test has it,
//! and once so that all bytes can be looked at.

#![cfg(target_os = "linux")]

use std::{
    env, ptr, slice,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use axptr::{
    Access, Fault,
    raw::{self, Outcome},
};
use libc::{MAP_SHARED, PROT_NONE, PROT_READ, PROT_WRITE};

const PAGE: usize = 4096;
const PAGES: usize = 4;
const LEN: usize = PAGES * PAGE;

/// Pages of user memory, and the same ones with all rights.
struct Area {
    user: usize,
    all: usize,
    rights: [i32; PAGES],
}

/// The tests change the handler of this process, and count steps: one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    // SAFETY: (1) the tests pass addresses of their own mappings only, in which no Rust object is.
    unsafe { axptr::hosted::install() }.unwrap();
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Area {
    fn new(rights: [i32; PAGES]) -> Self {
        // SAFETY: a name that ends with 0.
        let file = unsafe { libc::memfd_create(c"pages".as_ptr(), 0) };
        // SAFETY: the line above made it.
        assert_eq!(unsafe { libc::ftruncate(file, LEN as i64) }, 0);
        let map = |rights| {
            // SAFETY: a fresh mapping touches no memory of others.
            let start = unsafe { libc::mmap(ptr::null_mut(), LEN, rights, MAP_SHARED, file, 0) };
            assert_ne!(start, libc::MAP_FAILED);
            start.expose_provenance()
        };
        let area = Self { user: map(PROT_READ | PROT_WRITE), all: map(PROT_READ | PROT_WRITE), rights };
        // SAFETY: nobody else knows it.
        unsafe { libc::close(file) };
        for (page, rights) in rights.into_iter().enumerate() {
            area.protect(page, rights);
        }
        area
    }

    fn protect(&self, page: usize, rights: i32) {
        let start = ptr::with_exposed_provenance_mut(self.user + page * PAGE);
        // SAFETY: a page of the test's mapping, in which nothing is.
        assert_eq!(unsafe { libc::mprotect(start, PAGE, rights) }, 0);
    }

    /// All bytes, by the other mapping.
    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: it is mapped with all rights, and nobody else looks at it meanwhile.
        unsafe { slice::from_raw_parts_mut(ptr::with_exposed_provenance_mut(self.all), LEN) }
    }

    fn fill(&mut self) {
        self.bytes().copy_from_slice(pattern());
    }

    /// The distance to the first byte that does not permit it: the first one, or one at the start of a page.
    fn permitted(&self, start: usize, len: usize, right: i32) -> usize {
        let starts = (0..PAGES).map(|page| (page * PAGE).max(start)).filter(|at| *at < start + len);
        let bad = starts.filter(|at| self.rights[at / PAGE] & right == 0 && (*at == start || at % PAGE == 0));
        bad.min().filter(|at| self.rights[at / PAGE] & right == 0).map_or(len, |at| at - start)
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        for start in [self.user, self.all] {
            // SAFETY: the test's mapping, of which nothing is borrowed any more.
            unsafe { libc::munmap(ptr::with_exposed_provenance_mut(start), LEN) };
        }
    }
}

/// What all pages hold.
fn pattern() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| (0..LEN).map(|at| (at % 251) as u8).collect())
}

type Move = fn(usize, usize, usize) -> Result<(), Fault>;

/// What code above the unchecked form makes of its answer.
fn bare(dst: usize, src: usize, len: usize, outcome: Outcome) -> Result<(), Fault> {
    if outcome.left() == 0 {
        return Ok(());
    }
    let access = outcome.access().expect("a move tells its access");
    let start = if access == Access::Read { src } else { dst };
    Err(Fault::new(start, len - outcome.left(), access, outcome.kind()))
}

const FORMS: [(&str, Move); 4] = [
    ("move_in_user", |dst, src, len| axptr::move_in_user(dst, src, len)),
    ("nofault::move_in_user", |dst, src, len| axptr::nofault::move_in_user(dst, src, len)),
    ("raw::move_in_user", |dst, src, len| {
        // SAFETY: (1) the test's pages.
        bare(dst, src, len, unsafe { raw::move_in_user(dst, src, len) })
    }),
    ("raw::nofault::move_in_user", |dst, src, len| {
        let (to, from) =
            (ptr::with_exposed_provenance_mut::<u8>(dst), ptr::with_exposed_provenance::<u8>(src));
        // SAFETY: as above.
        bare(dst, src, len, unsafe { raw::nofault::move_in_user(to, from, len) })
    }),
];

/// Moves, and compares all of the area and the answer with the oracle's.
fn meet(area: &mut Area, (name, call): (&str, Move), dst: usize, src: usize, len: usize) {
    area.fill();
    let mut expected = area.bytes().to_vec();
    let [read, written] =
        [(src, PROT_READ), (dst, PROT_WRITE)].map(|(at, right)| area.permitted(at, len, right));
    let done = read.min(written);
    expected.copy_within(src..src + done, dst);
    let (from, to) = (area.user + src, area.user + dst);
    let answer = call(to, from, len).map_err(|fault| (fault.done, fault.addr, fault.access));
    let due = match done {
        done if done == len => Ok(()),
        done if read <= written => Err((done, from + done, Access::Read)),
        done => Err((done, to + done, Access::Write)),
    };
    let rights = area.rights;
    let what = || format!("{name} of {len} bytes from {src} to {dst}, {rights:?}");
    assert_eq!(answer, due, "{}", what());
    let found = area.bytes();
    if found != expected {
        let wrong = found.iter().zip(&expected).position(|(found, expected)| found != expected);
        panic!("{}: byte {wrong:?} is wrong", what());
    }
}

const ALL: i32 = PROT_READ | PROT_WRITE;
const LAYOUTS: [[i32; PAGES]; 6] = [
    [ALL; PAGES],
    [ALL, ALL, PROT_NONE, PROT_NONE],
    [ALL, ALL, PROT_READ, PROT_READ],
    [PROT_NONE, PROT_NONE, ALL, ALL],
    [PROT_READ, PROT_READ, ALL, ALL],
    [ALL, PROT_NONE, ALL, ALL],
];
const EDGE: usize = 2 * PAGE;

fn is_tiny() -> bool {
    env::var("AXPTR_SWEEP").is_ok_and(|value| value == "tiny")
}

#[test]
fn every_overlap_is_memmove_up_to_the_edge_of_either_side() {
    let _alone = alone();
    let distances = [
        0_usize, 1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 100, 255, 256, 257, 300, 511, 1000, 4095, 4096,
        5000,
    ];
    let lens = [
        0_usize, 1, 2, 3, 8, 9, 16, 17, 33, 64, 65, 130, 255, 256, 257, 300, 511, 513, 700, 1100, 4096, 4200,
        5100,
    ];
    let mut cases = 0;
    for rights in LAYOUTS {
        let mut area = Area::new(rights);
        for (number, (distance, len)) in
            distances.into_iter().flat_map(|distance| lens.map(|len| (distance, len))).enumerate()
        {
            // The edge is at each of these positions of the one side and of the other.
            let befores = [0, 1, 2, 7, 9, len / 2, len.saturating_sub(9), len.saturating_sub(1), len];
            let step = if is_tiny() { 11 } else { 3 };
            for (index, before) in
                befores.into_iter().enumerate().filter(|(index, _)| (number + index) % step == 0)
            {
                for is_up in [false, true] {
                    for edge_of_source in [false, true] {
                        let at = EDGE - before.min(len);
                        let other = if is_up == edge_of_source {
                            at.checked_add(distance)
                        } else {
                            at.checked_sub(distance)
                        };
                        let Some(other) = other.filter(|other| at.max(*other) + len <= LEN) else { continue };
                        let (src, dst) = if edge_of_source { (at, other) } else { (other, at) };
                        meet(&mut area, FORMS[(number + index) % FORMS.len()], dst, src, len);
                        cases += 1;
                    }
                }
            }
        }
    }
    println!("{cases} cases");
    assert!(cases > 5_000);
}

/// Where no page is bad: every form, each distance and length, both ways.
#[test]
fn every_distance_and_length_is_memmove() {
    let _alone = alone();
    let mut area = Area::new([ALL; PAGES]);
    let step = if is_tiny() { 29 } else { 5 };
    for form in FORMS {
        for distance in (0..=20).chain((21..600).step_by(2 * step)) {
            for len in (0..=40).step_by(3).chain((41..900).step_by(13 * step)) {
                meet(&mut area, form, 1000 + distance, 1000, len);
                meet(&mut area, form, 1000, 1000 + distance, len);
            }
        }
    }
}

#[test]
fn what_is_not_in_the_user_half_is_refused_before_any_access() {
    let _alone = alone();
    let mut area = Area::new([ALL; PAGES]);
    area.fill();
    let limit = axptr::user_limit();
    for call in [axptr::move_in_user, axptr::nofault::move_in_user] {
        let fault = call(area.user + 8, limit - 7, 8).unwrap_err();
        assert_eq!((fault.done, fault.addr, fault.access), (0, limit - 7, Access::Read));
        let fault = call(limit - 7, area.user, 8).unwrap_err();
        assert_eq!((fault.done, fault.addr, fault.access), (0, limit - 7, Access::Write));
        assert!(call(usize::MAX - 3, usize::MAX - 7, 8).is_err());
    }
    assert!(area.bytes() == pattern());
}

/// A page that goes at each instruction of a descending move: what `done` counts has been moved, and what is not in the
/// destination has not changed.
#[cfg(target_arch = "x86_64")]
mod vanishing {
    use std::{
        arch::asm,
        ffi::{c_int, c_void},
        mem,
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
    };

    use super::*;

    static STEPS: AtomicUsize = AtomicUsize::new(0);
    /// The step at which a page goes, and its address.
    static DUE: AtomicUsize = AtomicUsize::new(usize::MAX);
    static GOES: AtomicUsize = AtomicUsize::new(0);

    extern "C" fn on_step(_: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
        if STEPS.fetch_add(1, SeqCst) == DUE.load(SeqCst) {
            // SAFETY: a page of the test's, in which nothing is; the call may be made in a handler.
            unsafe { libc::mprotect(ptr::with_exposed_provenance_mut(GOES.load(SeqCst)), PAGE, PROT_NONE) };
        }
    }

    fn stepped(call: impl FnOnce() -> Result<(), Fault>) -> Result<(), Fault> {
        STEPS.store(0, SeqCst);
        // SAFETY: the handler of SIGTRAP changes nothing that the program counts on.
        unsafe { asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq") };
        let result = call();
        // SAFETY: as above.
        unsafe { asm!("pushfq", "and qword ptr [rsp], ~0x100", "popfq") };
        result
    }

    #[test]
    fn a_page_that_goes_meanwhile_leaves_a_count_that_is_not_too_large() {
        let _alone = alone();
        // SAFETY: all zeros is an action without flags.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_flags = libc::SA_SIGINFO;
        action.sa_sigaction = on_step as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize;
        // SAFETY: a valid action, whose handler keeps its contract.
        assert_eq!(unsafe { libc::sigaction(libc::SIGTRAP, &raw const action, ptr::null_mut()) }, 0);
        let mut area = Area::new([ALL; PAGES]);
        let mut stopped = 0;
        for (distance, len) in [(5, 300), (300, 700), (1, 20)] {
            for page in [1, 2] {
                let src = EDGE - len / 2;
                let dst = src + distance;
                let mut due = 0;
                loop {
                    area.fill();
                    let before = pattern();
                    GOES.store(area.user + page * PAGE, SeqCst);
                    DUE.store(due, SeqCst);
                    let result = stepped(|| axptr::move_in_user(area.user + dst, area.user + src, len));
                    let steps = STEPS.load(SeqCst);
                    area.protect(page, ALL);
                    let done = result.map_or_else(|fault| fault.done, |()| len);
                    stopped += usize::from(done < len);
                    let what =
                        format!("{len} bytes by {distance}, page {page} gone at step {due}: {done} done");
                    let after = area.bytes();
                    assert!(
                        after[..dst] == before[..dst] && after[dst + len..] == before[dst + len..],
                        "{what}"
                    );
                    assert!(after[dst..dst + done] == before[src..src + done], "{what}");
                    for at in dst + done..dst + len {
                        let (byte, moved) = (after[at], before[at - distance]);
                        assert!(byte == moved || byte == before[at], "{what}, byte {at}");
                    }
                    if due >= steps {
                        break;
                    }
                    due += (steps / if is_tiny() { 15 } else { 60 }).max(1);
                }
            }
        }
        println!("{stopped} moves stopped early");
        assert!(stopped > 15);
    }
}
