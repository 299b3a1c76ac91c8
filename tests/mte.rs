// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory tagging (aarch64 MTE): user memory that ends inside a page, at any multiple of 16 bytes, and real faults for it.
//!
//! A machine without it fails these tests: it says nothing about them.

#![cfg(all(target_arch = "aarch64", target_os = "linux"))]

#[expect(dead_code, reason = "the sweep needs more of it")]
mod support;

use std::{
    arch::asm,
    ffi::c_void,
    mem::{self, MaybeUninit},
    ptr,
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use axptr::{
    Access, AnyBitPattern, Fault, FaultKind, NoUninit, UserConstPtr, UserPtr, compare_user, copy_from_user,
    copy_in_user, copy_to_user, cstr::StringError, fill_user, raw,
};
use axptr_cases::{Handler, PAGE};
use libc::{c_int, c_ulong, siginfo_t};
use support::{front, front::Front};

/// Memory with one tag each (Arm ARM D10.1: the tag granule).
const GRANULE: usize = 16;
/// Where a pointer has its tag.
const TAG_SHIFT: u32 = 56;
const PAGES: usize = 4;
/// More than any routine does in one piece, on both sides of its size classes.
const ALL_UP_TO: usize = 160;
const LONGER: [usize; 6] = [191, 256, 321, 511, 1000, 2500];

// <asm/hwcap.h>, <asm/mman.h>, <linux/prctl.h>, <asm-generic/siginfo.h>.
const HWCAP2_MTE: c_ulong = 1 << 18;
const PROT_MTE: c_int = 0x20;
const TAGGED_ADDRESSES: c_ulong = 1 << 0;
const SEGV_MTEAERR: c_int = 8;

/// How this thread's tag checks fail.
#[derive(Clone, Copy, Debug)]
enum Checks {
    Off = 0,
    Synchronous = 1 << 1,
    Asynchronous = 1 << 2,
}

impl Checks {
    fn set(self) {
        let control = TAGGED_ADDRESSES | self as c_ulong;
        // SAFETY: changes how this thread's accesses to memory with PROT_MTE are checked, which is the tests' own.
        let status = unsafe { libc::prctl(libc::PR_SET_TAGGED_ADDR_CTRL, control, 0, 0, 0) };
        assert_eq!(status, 0, "this kernel checks no tags: {}", std::io::Error::last_os_error());
    }
}

/// The old handler: it counts tag faults that belong to no instruction, and nothing else may come to it.
static ASYNCHRONOUS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn old_handler(_: c_int, info: *mut siginfo_t, _: *mut c_void) {
    // SAFETY: SA_SIGINFO: valid.
    if unsafe { (*info).si_code } != SEGV_MTEAERR {
        std::process::abort();
    }
    ASYNCHRONOUS.fetch_add(1, SeqCst);
}

/// The signals of this process, with the old handler behind axptr's.
fn begin(checks: Checks) -> Front {
    static OLD: Once = Once::new();
    // SAFETY: looks something up in what the kernel gave the process.
    assert_ne!(unsafe { libc::getauxval(libc::AT_HWCAP2) } & HWCAP2_MTE, 0, "this CPU has no memory tags");
    OLD.call_once(|| {
        // SAFETY: all zeroes is an action.
        let mut action = unsafe { mem::zeroed::<libc::sigaction>() };
        action.sa_sigaction = old_handler as *const () as libc::sighandler_t;
        action.sa_flags = libc::SA_SIGINFO;
        // SAFETY: the handler does what a handler may.
        assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, ptr::null_mut()) }, 0);
    });
    let front = Front::new(Handler::Full);
    checks.set();
    front
}

/// Tagged memory, whose tags all are 0 at first.
struct Memory {
    start: usize,
}

impl Memory {
    fn new() -> Self {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let protection = libc::PROT_READ | libc::PROT_WRITE | PROT_MTE;
        // SAFETY: a fresh mapping touches no memory of others.
        let start = unsafe { libc::mmap(ptr::null_mut(), PAGES * PAGE, protection, flags, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED, "this kernel has no tagged memory");
        Self { start: start.expose_provenance() }
    }

    /// Gives a tag to whole granules.
    fn tag(&self, from: usize, to: usize, tag: usize) {
        assert!(from.is_multiple_of(GRANULE) && self.start <= from && to <= self.start + PAGES * PAGE);
        for granule in (from..to).step_by(GRANULE) {
            let pointer = granule | tag << TAG_SHIFT;
            // SAFETY: changes a granule's tag, of memory that only this test has.
            unsafe { asm!(".arch_extension memtag", "stg {0}, [{0}]", in(reg) pointer, options(nostack)) };
        }
    }

    /// Sets all bytes, whatever their tags.
    fn fill(&self, checks: Checks, byte_at: impl Fn(usize) -> u8) {
        Checks::Off.set();
        for at in 0..PAGES * PAGE {
            // SAFETY: this mapping's byte; no reference to it exists.
            unsafe { ptr::with_exposed_provenance_mut::<u8>(self.start + at).write(byte_at(at)) };
        }
        checks.set();
    }

    /// The bytes from `from` on, whatever their tags.
    fn bytes(&self, checks: Checks, from: usize, len: usize) -> Vec<u8> {
        assert!(self.start <= from && from + len <= self.start + PAGES * PAGE);
        Checks::Off.set();
        // SAFETY: this mapping's bytes; nobody writes them meanwhile.
        let bytes = unsafe { std::slice::from_raw_parts(ptr::with_exposed_provenance(from), len) }.to_vec();
        checks.set();
        bytes
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        Checks::Off.set();
        // SAFETY: the mapping is ours.
        unsafe { libc::munmap(ptr::with_exposed_provenance_mut(self.start), PAGES * PAGE) };
    }
}

/// What the bytes of tagged memory are: no two neighbours, and none 256 apart, are alike.
fn pattern(at: usize) -> u8 {
    (at * 7 + at / 256 * 3 + 1) as u8
}

const UNTOUCHED: u8 = 0xee;
const NEW: u8 = 0x11;

/// Tags of the good and of the bad memory: the pointers are the good one's.
///
/// The range check refuses an address with a tag, so what is called with the second pair is the raw form.
const TAGS: [(usize, usize); 2] = [(0, 5), (9, 0)];

/// Where the tag changes: in the middle of a page, by one granule from its edges, and at the edge.
const EDGES: [usize; 4] = [PAGE + PAGE / 2, 2 * PAGE - GRANULE, 2 * PAGE, 2 * PAGE + GRANULE];

fn lengths() -> impl Iterator<Item = usize> {
    (0..=ALL_UP_TO).chain(LONGER)
}

/// Some, so that every position meets enough lengths in the time of an emulator: all where the tag changes in mid-page.
fn is_wanted(edge: usize, good: usize, len: usize) -> bool {
    edge == EDGES[0] || (good * 3 + len) % 7 == 0
}

/// What an operation has to say that has `good` bytes before the tag changes.
#[track_caller]
fn check_outcome(outcome: raw::Outcome, len: usize, good: usize, access: Access, traps: usize, what: &str) {
    let done = len.min(good);
    assert_eq!(len - outcome.left(), done, "{what}");
    if done < len {
        assert_eq!((outcome.kind(), outcome.access()), (FaultKind::Tag, Some(access)), "{what}");
        assert!((1..=2).contains(&traps), "{what}: {traps} traps");
    } else {
        assert_eq!(traps, 0, "{what}");
    }
}

fn counted(operation: impl FnOnce() -> raw::Outcome) -> (raw::Outcome, usize) {
    let before = front::traps();
    let outcome = operation();
    (outcome, front::traps() - before)
}

#[test]
fn reads_are_exact_wherever_the_tag_changes() {
    type Read = unsafe fn(*mut u8, usize, usize) -> raw::Outcome;
    const READS: [(&str, Read); 3] = [
        ("copy_from_user", raw::copy_from_user),
        ("nofault", raw::nofault::copy_from_user),
        ("unpredictable", raw::unpredictable::copy_from_user),
    ];
    let checks = Checks::Synchronous;
    let _front = begin(checks);
    let memory = Memory::new();
    memory.fill(checks, pattern);
    let expected = memory.bytes(checks, memory.start, PAGES * PAGE);
    for (tag, other) in TAGS {
        for edge in EDGES {
            memory.tag(memory.start, memory.start + edge, tag);
            memory.tag(memory.start + edge, memory.start + PAGES * PAGE, other);
            for (good, len) in lengths().flat_map(|good| lengths().map(move |len| (good, len))) {
                let from = edge - good;
                for (name, read) in READS.into_iter().filter(|_| is_wanted(edge, good, len)) {
                    let mut buffer = vec![UNTOUCHED; len + 8];
                    let start = memory.start + from | tag << TAG_SHIFT;
                    // SAFETY: (1) the buffer is longer; (2) the memory is the test's.
                    let (outcome, traps) = counted(|| unsafe { read(buffer.as_mut_ptr(), start, len) });
                    let what = format!("{name}: {len} bytes, {good} in front of {edge:#x}, tag {tag}");
                    check_outcome(outcome, len, good, Access::Read, traps, &what);
                    let done = len.min(good);
                    assert_eq!(buffer[..done], expected[from..from + done], "{what}");
                    assert!(buffer[done..].iter().all(|&byte| byte == UNTOUCHED), "{what}");
                }
            }
        }
    }
}

#[test]
fn writes_are_exact_wherever_the_tag_changes() {
    type Write = unsafe fn(usize, *const u8, usize) -> raw::Outcome;
    /// A fill in the form of the copies.
    ///
    /// # Safety
    ///
    /// As `raw::fill_user`.
    unsafe fn fill(dst: usize, _: *const u8, len: usize) -> raw::Outcome {
        // SAFETY: ours.
        unsafe { raw::fill_user(dst, NEW, len) }
    }
    const WRITES: [(&str, Write); 4] = [
        ("copy_to_user", raw::copy_to_user),
        ("nofault", raw::nofault::copy_to_user),
        ("unpredictable", raw::unpredictable::copy_to_user),
        ("fill_user", fill),
    ];
    let checks = Checks::Synchronous;
    let _front = begin(checks);
    let memory = Memory::new();
    memory.fill(checks, |_| UNTOUCHED);
    let source = [NEW; 2500];
    for (tag, other) in TAGS {
        for edge in EDGES {
            memory.tag(memory.start, memory.start + edge, tag);
            memory.tag(memory.start + edge, memory.start + PAGES * PAGE, other);
            for (good, len) in lengths().flat_map(|good| lengths().map(move |len| (good, len))) {
                let from = memory.start + edge - good;
                for (name, write) in WRITES.into_iter().filter(|_| is_wanted(edge, good, len)) {
                    let start = from | tag << TAG_SHIFT;
                    // SAFETY: (1) the source has as many bytes; (2) the memory is the test's.
                    let (outcome, traps) = counted(|| unsafe { write(start, source.as_ptr(), len) });
                    let what = format!("{name}: {len} bytes, {good} in front of {edge:#x}, tag {tag}");
                    check_outcome(outcome, len, good, Access::Write, traps, &what);
                    let done = len.min(good);
                    let around = memory.bytes(checks, from - 64, len + 128);
                    assert!(around[..64].iter().all(|&byte| byte == UNTOUCHED), "{what}: in front");
                    assert!(around[64..64 + done].iter().all(|&byte| byte == NEW), "{what}: not done");
                    assert!(around[64 + done..].iter().all(|&byte| byte == UNTOUCHED), "{what}: behind");
                    // SAFETY: (1) what was done is good memory.
                    assert_eq!(unsafe { raw::fill_user(start, UNTOUCHED, done) }.left(), 0);
                }
            }
        }
    }
}

#[test]
fn copies_inside_user_memory_are_exact_on_either_side() {
    let checks = Checks::Synchronous;
    let _front = begin(checks);
    let (source, destination) = (Memory::new(), Memory::new());
    source.fill(checks, pattern);
    destination.fill(checks, |_| UNTOUCHED);
    let edge = EDGES[0];
    let change = |memory: &Memory| memory.tag(memory.start + edge, memory.start + PAGES * PAGE, 5);
    let expected = source.bytes(checks, source.start, PAGES * PAGE);
    for side in [Access::Read, Access::Write] {
        let changing = if side == Access::Read { &source } else { &destination };
        change(changing);
        for good in lengths() {
            for len in lengths().filter(|len| (good + len) % 3 == 0) {
                // The other side lies otherwise to a granule, and has no edge.
                let (from, to) = match side {
                    Access::Read => (edge - good, 3 + len % 16),
                    Access::Write => (3 + len % 16, edge - good),
                };
                let (src, dst) = (source.start + from, destination.start + to);
                // SAFETY: (1) the memory is the test's.
                let (outcome, traps) = counted(|| unsafe { raw::copy_in_user(dst, src, len) });
                let what = format!("{side:?}: {len} bytes, {good} in front of the edge");
                check_outcome(outcome, len, good, side, traps, &what);
                let done = len.min(good);
                let written = destination.bytes(checks, dst, len + 64);
                assert_eq!(written[..done], expected[from..from + done], "{what}");
                assert!(written[done..].iter().all(|&byte| byte == UNTOUCHED), "{what}: behind");
                // SAFETY: (1) what was done is good memory.
                assert_eq!(unsafe { raw::fill_user(dst, UNTOUCHED, done) }.left(), 0);
            }
        }
        changing.tag(changing.start + edge, changing.start + PAGES * PAGE, 0);
    }
}

/// One granule is bad, and what follows it is good again: nobody may go on there.
#[test]
fn nothing_goes_on_behind_a_bad_granule() {
    let checks = Checks::Synchronous;
    let _front = begin(checks);
    let memory = Memory::new();
    memory.fill(checks, |_| UNTOUCHED);
    let hole = memory.start + PAGE + 5 * GRANULE;
    memory.tag(hole, hole + GRANULE, 5);
    let source = [NEW; 600];
    for good in 0..=ALL_UP_TO {
        let start = hole - good;
        for len in [good + 1, good + 8, good + GRANULE, good + GRANULE + 1, good + 40, good + 150, good + 400]
        {
            let fault = |access| Told { done: good, addr: hole, access, kind: FaultKind::Tag };
            let mut buffer = vec![NEW; len];
            assert_eq!(told(copy_from_user(&mut buffer, start)), Err(fault(Access::Read)));
            assert!(buffer[good..].iter().all(|&byte| byte == NEW), "{len} bytes, {good} good");
            let same = vec![UNTOUCHED; len];
            assert_eq!(told(compare_user(start, &same).map(|_| ())), Err(fault(Access::Read)));
            for fills in [false, true] {
                let write = || {
                    if fills { fill_user(start, NEW, len) } else { copy_to_user(start, &source[..len]) }
                };
                assert_eq!(told(write()), Err(fault(Access::Write)));
                let around = memory.bytes(checks, start, len + 64);
                assert!(around[..good].iter().all(|&byte| byte == NEW), "{len} bytes, {good} good");
                assert!(around[good..].iter().all(|&byte| byte == UNTOUCHED), "{len} bytes, {good} good");
                assert_eq!(fill_user(start, UNTOUCHED, good), Ok(()));
            }
            let behind = hole + GRANULE;
            assert_eq!(told(copy_in_user(behind + 100, start, len)), Err(fault(Access::Read)));
            assert_eq!(fill_user(behind, UNTOUCHED, 100 + len), Ok(()));
        }
    }
}

/// A fault, as a value that tests can make.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    done: usize,
    addr: usize,
    access: Access,
    kind: FaultKind,
}

fn told(result: Result<(), Fault>) -> Result<(), Told> {
    result.map_err(|Fault { done, addr, access, kind, .. }| Told { done, addr, access, kind })
}

/// What is inlined faults once more than a routine: that one begins anew.
const TRAPS_OF_A_VALUE: usize = 3;

#[test]
fn values_are_exact_around_a_tag_change() {
    fn check<T: AnyBitPattern + NoUninit>(memory: &Memory, edge: usize) {
        let size = size_of::<T>();
        for good in 0..=size + GRANULE {
            let start = edge - good;
            let what = format!("{size} bytes, {good} in front of the edge");
            let done = size.min(good);
            let fault = |access| Told { done, addr: start + done, access, kind: FaultKind::Tag };
            let expected = |access| if done < size { Err(fault(access)) } else { Ok(()) };
            let before = front::traps();
            let value = UserConstPtr::<T>::from(start).read();
            assert!(front::traps() - before <= TRAPS_OF_A_VALUE, "{what}: read");
            if let Ok(value) = &value {
                assert!(bytemuck::bytes_of(value).iter().all(|&byte| byte == UNTOUCHED), "{what}");
            }
            assert_eq!(told(value.map(|_| ())), expected(Access::Read), "{what}");
            // SAFETY: any bytes are a `T`.
            let new = unsafe { mem::transmute_copy::<[u8; 256], T>(&[NEW; 256]) };
            let before = front::traps();
            let result = UserPtr::<T>::from(start).write(new);
            assert!(front::traps() - before <= TRAPS_OF_A_VALUE, "{what}: write");
            assert_eq!(told(result), expected(Access::Write), "{what}");
            let around = memory.bytes(Checks::Synchronous, start - 32, size + 96);
            assert!(around[..32].iter().all(|&byte| byte == UNTOUCHED), "{what}: in front");
            assert!(around[32..32 + done].iter().all(|&byte| byte == NEW), "{what}: not done");
            assert!(around[32 + done..].iter().all(|&byte| byte == UNTOUCHED), "{what}: behind");
            assert_eq!(fill_user(start, UNTOUCHED, done), Ok(()));
        }
    }
    let checks = Checks::Synchronous;
    let _front = begin(checks);
    let memory = Memory::new();
    memory.fill(checks, |_| UNTOUCHED);
    for edge in EDGES {
        let edge = memory.start + edge;
        memory.tag(memory.start, edge, 0);
        memory.tag(edge, memory.start + PAGES * PAGE, 5);
        check::<u8>(&memory, edge);
        check::<u16>(&memory, edge);
        check::<u32>(&memory, edge);
        check::<u64>(&memory, edge);
        check::<[u8; 3]>(&memory, edge);
        check::<[u8; 7]>(&memory, edge);
        check::<[u16; 5]>(&memory, edge);
        check::<[u64; 2]>(&memory, edge);
        check::<[u8; 24]>(&memory, edge);
        check::<[u64; 4]>(&memory, edge);
        check::<[u32; 11]>(&memory, edge);
        check::<[u64; 8]>(&memory, edge);
    }
}

#[test]
fn strings_are_exact_around_a_tag_change() {
    let checks = Checks::Synchronous;
    let _front = begin(checks);
    let memory = Memory::new();
    memory.fill(checks, |_| b'x');
    let edge = memory.start + EDGES[0];
    memory.tag(edge, memory.start + PAGES * PAGE, 5);
    for good in 0..=ALL_UP_TO {
        let start = edge - good;
        let string = UserConstPtr::<u8>::from(start).as_cstr();
        let mut buffer = [UNTOUCHED; ALL_UP_TO + 100];
        let before = front::traps();
        let Err(StringError::Fault(fault)) = string.read(&mut buffer) else { panic!("{good}: no fault") };
        assert!(front::traps() - before <= 2, "{good}");
        let expected = Told { done: good, addr: edge, access: Access::Read, kind: FaultKind::Tag };
        assert_eq!(told(Err(fault)), Err(expected));
        assert!(buffer[..good].iter().all(|&byte| byte == b'x'), "{good}");
        assert!(buffer[good..].iter().all(|&byte| byte == UNTOUCHED), "{good}");
        // A string that ends in front of the edge does not meet it.
        for end in 0..good {
            assert_eq!(fill_user(start + end, 0, 1), Ok(()));
            let before = front::traps();
            assert_eq!(string.len(1000), Ok(end));
            assert_eq!(front::traps(), before, "{good}, {end}");
            assert_eq!(fill_user(start + end, b'x', 1), Ok(()));
        }
    }
}

/// Asynchronous checks let the access be made, and tell later that some access had the wrong tag: at whichever
/// instruction that is, ours among them.
#[test]
fn an_asynchronous_tag_fault_is_no_fault_of_the_instruction_that_it_interrupts() {
    let checks = Checks::Asynchronous;
    let _front = begin(checks);
    let memory = Memory::new();
    memory.fill(checks, pattern);
    let expected = memory.bytes(checks, memory.start, PAGES * PAGE);
    let edge = memory.start + EDGES[0];
    memory.tag(edge, memory.start + PAGES * PAGE, 5);
    let (before, traps) = (ASYNCHRONOUS.load(SeqCst), front::traps());
    let mut copies = 0;
    for good in (0..=ALL_UP_TO).step_by(3) {
        for len in lengths() {
            let start = edge - good;
            let from = start - memory.start;
            let mut buffer = vec![UNTOUCHED; len];
            assert_eq!(copy_from_user(&mut buffer, start), Ok(()), "{len} bytes, {good} good");
            assert_eq!(buffer, expected[from..from + len], "{len} bytes, {good} good");
            assert_eq!(copy_to_user(start, &buffer), Ok(()), "{len} bytes, {good} good");
            assert_eq!(copy_in_user(start, start, len), Ok(()), "{len} bytes, {good} good");
            copies += 1;
        }
    }
    let told = ASYNCHRONOUS.load(SeqCst) - before;
    let inside = front::traps() - traps;
    println!("{copies} rounds, {told} asynchronous faults, {inside} of them at an instruction of the table");
    assert!(told > copies / 2, "nothing was checked: {told} of {copies}");
    assert!(inside > 0, "no instruction of the table was interrupted");
    assert_eq!(memory.bytes(checks, memory.start, PAGES * PAGE), expected);
    // Other faults are what they are.
    let mut word = MaybeUninit::<u64>::uninit();
    // SAFETY: (1) the word is as long; (2) nothing is mapped there.
    let outcome = unsafe { raw::copy_from_user(word.as_mut_ptr().cast(), 0x18, 8) };
    assert_eq!((outcome.left(), outcome.kind()), (8, FaultKind::NotPresent));
}
