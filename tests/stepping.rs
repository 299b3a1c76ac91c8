// SPDX-License-Identifier: MIT OR Apache-2.0
//! A page goes away between any two instructions of a call: every byte in front of the count is stored, and none behind.
//!
//! The call is single-stepped by the trap flag, and at one step the page is taken away. All steps have their turn.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::{
    arch::asm,
    ffi::{c_int, c_void},
    mem, ptr, slice,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use axptr::raw;

const PAGE: usize = 4096;
/// RFLAGS.TF.
const TRAP_FLAG: i64 = 0x100;
const CANARY: u8 = 0xa5;

/// Steps to go until the page is taken away, and which it is.
static STEPS: AtomicUsize = AtomicUsize::new(0);
static DOOMED: AtomicUsize = AtomicUsize::new(0);

/// Ends the stepping too: what follows is of no interest, and long.
extern "C" fn on_step(_: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
    let left = STEPS.load(Relaxed);
    if left > 0 {
        STEPS.store(left - 1, Relaxed);
        return;
    }
    protect(DOOMED.load(Relaxed), libc::PROT_NONE);
    // SAFETY: the kernel passes a context of this type, which is ours while the handler runs.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    context.uc_mcontext.gregs[libc::REG_EFL as usize] &= !TRAP_FLAG;
}

fn protect(page: usize, protection: c_int) {
    // SAFETY: it is a page of this test's, in which no Rust object is.
    assert_eq!(unsafe { libc::mprotect(ptr::with_exposed_provenance_mut(page), PAGE, protection) }, 0);
}

/// Runs `call` step by step; the page is gone before step number `step`. Whether there was such a step.
fn stepped<R>(step: usize, page: usize, call: impl FnOnce() -> R) -> (R, bool) {
    DOOMED.store(page, Relaxed);
    STEPS.store(step, Relaxed);
    // SAFETY: the handler of SIGTRAP is `on_step`, which changes nothing that the program sees.
    unsafe { asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq") };
    let result = call();
    // SAFETY: as above.
    unsafe { asm!("pushfq", "and qword ptr [rsp], ~0x100", "popfq") };
    let reached = STEPS.swap(usize::MAX, Relaxed) == 0;
    (result, reached)
}

fn install() {
    // SAFETY: (1) the test passes addresses of its own mappings only, in which no Rust object is.
    unsafe { axptr::hosted::install() }.unwrap();
    // SAFETY: all zeros is an action without flags.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = on_step as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: the handler touches atomics, a page of the test's and its own context only.
    assert_eq!(unsafe { libc::sigaction(libc::SIGTRAP, &raw const action, ptr::null_mut()) }, 0);
}

/// Fresh pages, for the rest of the process.
fn map(pages: usize) -> usize {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a fresh mapping touches no memory of others.
    let start = unsafe { libc::mmap(ptr::null_mut(), pages * PAGE, protection, flags, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED);
    start.expose_provenance()
}

/// The bytes of a mapping, or a part of it.
fn bytes<'a>(start: usize, len: usize) -> &'a mut [u8] {
    // SAFETY: the mapping lasts, and one slice of it exists at a time.
    unsafe { slice::from_raw_parts_mut(ptr::with_exposed_provenance_mut(start), len) }
}

fn at(addr: usize) -> *mut u8 {
    ptr::with_exposed_provenance_mut(addr)
}

/// Stores `len` bytes at its first argument, those at the second unless it fills, and says how many it has not.
type Operation = fn(usize, usize, usize) -> usize;

/// An operation by its name, and whether its source and its destination are user memory.
macro_rules! operation {
    ($name:literal, $source:literal, $destination:literal, |$dst:ident, $src:ident, $len:ident| $call:expr) => {
        (
            $name,
            (|$dst, $src, $len| {
                // SAFETY: (1), (2) both are pages of this test's; those of the kernel's side stay.
                unsafe { $call }.left()
            }) as Operation,
            $source,
            $destination,
        )
    };
}

const FILLED: u8 = 0x5a;
const OPERATIONS: &[(&str, Operation, bool, bool)] = &[
    operation!("from user", true, false, |dst, src, len| raw::copy_from_user(at(dst), src, len)),
    operation!("to user", false, true, |dst, src, len| raw::copy_to_user(dst, at(src), len)),
    operation!("in user", true, true, |dst, src, len| raw::copy_in_user(dst, src, len)),
    operation!("fill", false, true, |dst, _src, len| raw::fill_user(dst, FILLED, len)),
    operation!("string", true, false, |dst, src, len| raw::copy_string(at(dst), src, len)),
    operation!("unpredictable from", true, false, |dst, src, len| raw::unpredictable::copy_from_user(
        at(dst),
        src,
        len
    )),
    operation!("unpredictable to", false, true, |dst, src, len| raw::unpredictable::copy_to_user(
        dst,
        at(src),
        len
    )),
    operation!("nofault from", true, false, |dst, src, len| raw::nofault::copy_from_user(at(dst), src, len)),
    operation!("nofault to", false, true, |dst, src, len| raw::nofault::copy_to_user(dst, at(src), len)),
    operation!("nofault in", true, true, |dst, src, len| raw::nofault::copy_in_user(dst, src, len)),
    operation!("nofault fill", false, true, |dst, _src, len| raw::nofault::fill_user(dst, FILLED, len)),
];

/// Two pages each: the first bytes of a range are in the first, the others in the second.
struct Pages {
    source: usize,
    destination: usize,
}

/// How the operation is named, what it does, and how long it is; how much of each side lies in front of the edge.
struct Case {
    operation: &'static (&'static str, Operation, bool, bool),
    len: usize,
    source_edge: usize,
    destination_edge: usize,
}

impl Case {
    /// Takes `page` away before each step of the call in turn. Returns the number of faults.
    fn run(&self, pages: &Pages, page: usize) -> usize {
        let &(name, operation, ..) = self.operation;
        let len = self.len;
        let src = pages.source + PAGE - self.source_edge;
        let dst = pages.destination + PAGE - self.destination_edge;
        let expected: Vec<u8> =
            if name.ends_with("fill") { vec![FILLED; len] } else { bytes(src, len).to_vec() };
        let mut faults = 0;
        // Long ones are a loop, or one instruction.
        for step in (0..).step_by(1 + len / 96) {
            bytes(dst, len + 64).fill(CANARY);
            let (left, reached) = stepped(step, page, || operation(dst, src, len));
            protect(page, libc::PROT_READ | libc::PROT_WRITE);
            let done = len - left;
            let found = bytes(dst, len + 64);
            let stored = found.iter().rposition(|&byte| byte != CANARY).map_or(0, |last| last + 1);
            assert!(
                found[..done] == expected[..done] && stored == done,
                "{name}, {len} bytes, {} and {} in front of the edge, page {page:#x} of {:#x} and {:#x} gone before \
                 step {step}: {done} done, {stored} stored",
                self.source_edge,
                self.destination_edge,
                pages.source,
                pages.destination,
            );
            faults += usize::from(left > 0);
            if !reached {
                assert_eq!(left, 0, "{name}");
                return faults;
            }
        }
        unreachable!()
    }
}

/// Lengths of all classes, and around their ends.
fn lengths() -> impl Iterator<Item = usize> {
    (1..=34).chain([
        39, 40, 41, 47, 48, 50, 56, 57, 63, 64, 65, 71, 81, 96, 119, 127, 128, 129, 145, 193, 257, 513,
    ])
}

#[test]
fn counts_are_exact_though_a_page_goes_away_at_any_step() {
    install();
    let pages = Pages { source: map(2), destination: map(2) };
    for (index, byte) in bytes(pages.source, 2 * PAGE).iter_mut().enumerate() {
        *byte = 1 + (index % 127) as u8; // neither 0 nor the canary
    }
    let mut faults = 0;
    let mut seed = 1_usize;
    let mut below = |limit: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % limit
    };
    for path in axptr::internal::cpu_paths() {
        path.force();
        for len in lengths() {
            for operation in OPERATIONS {
                let &(_, _, source, destination) = operation;
                let user = [(source, pages.source), (destination, pages.destination)];
                for page in user.iter().filter(|(user, _)| *user).flat_map(|(_, page)| [*page, page + PAGE]) {
                    let (source_edge, destination_edge) = (below(len + 1), below(len + 1));
                    faults += Case { operation, len, source_edge, destination_edge }.run(&pages, page);
                }
            }
        }
    }
    axptr::internal::choose_by_cpu();
    println!("{faults} faults");
    assert!(faults > 10_000, "{faults}");
}
