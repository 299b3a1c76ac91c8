// SPDX-License-Identifier: MIT OR Apache-2.0
//! Transfers, values, arrays and atomics at every position around the edge of a file that has shrunk: the error's count,
//! the bytes before it and the bytes behind it.

use std::{
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    sync::atomic::Ordering,
};

use edited::{
    Bytes, GuestAddress, GuestMemoryBackend, GuestMemoryError, GuestMemoryRegion, MemoryRegionAddress,
    VolatileMemory, VolatileMemoryError,
};

use crate::guest::{EDGE, Guest, PAGE, REGION};

const CANARY: u8 = 0xee;

#[derive(Default)]
struct Report {
    cases: usize,
    wrong: usize,
}

impl Report {
    fn expect<T: PartialEq + std::fmt::Debug>(&mut self, found: T, expected: T, what: impl Fn() -> String) {
        self.cases += 1;
        if found != expected {
            self.wrong += 1;
            if self.wrong <= 20 {
                println!("{}: {found:?}, expected {expected:?}", what());
            }
        }
    }
}

pub fn run() -> ExitCode {
    // SAFETY: (1) no Rust object is in the guest's memory.
    unsafe { axptr::hosted::install() }.expect("the kernel lets us handle SIGSEGV and SIGBUS");
    // A value has no error but a panic, which is expected here.
    panic::set_hook(Box::new(|_| {}));
    let (guest, mut report) = (Guest::new(), Report::default());
    let lens =
        (1..=136).chain([200, 255, 256, 300, 511, 512, 513, 1000, 1500, 2048, PAGE, PAGE + 1, 2 * PAGE]);
    for len in lens {
        let positions =
            (0..=len).filter(|before| len <= 136 || *before < 20 || before + 20 > len || before % 37 == 0);
        for before in positions.filter(|before| *before <= EDGE) {
            transfers(&guest, len, before, &mut report);
        }
    }
    values(&guest, &mut report);
    across(&guest, &mut report);
    println!("{} cases, {} wrong", report.cases, report.wrong);
    if report.wrong == 0 && report.cases > 10_000 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What a transfer of `len` bytes answers of which so many are there.
fn answer(result: Result<(), GuestMemoryError>) -> Result<(), Option<(usize, usize)>> {
    result.map_err(|error| match error {
        GuestMemoryError::PartialBuffer { expected, completed } => Some((expected, completed)),
        _ => None,
    })
}

fn due(len: usize, before: usize) -> Result<(), Option<(usize, usize)>> {
    if before == len { Ok(()) } else { Err(Some((len, before))) }
}

/// Reads and writes `len` bytes, of which `before` are in front of the edge.
fn transfers(guest: &Guest, len: usize, before: usize, report: &mut Report) {
    let start = EDGE - before;
    let at = GuestAddress(start as u64);
    let what = |name: &str| format!("{name} of {len} bytes, {before} in front of the edge");
    let mut buf = vec![CANARY; len];
    report.expect(answer(guest.memory.read_slice(&mut buf, at)), due(len, before), || what("a read"));
    let expected: Vec<u8> =
        (0..len).map(|index| if index < before { Guest::byte(start + index) } else { CANARY }).collect();
    report.expect(buf == expected, true, || what("the bytes of a read"));
    // The forms that return how many.
    let region = guest.memory.find_region(at).expect("it is there");
    let count = region.read(&mut buf, MemoryRegionAddress(start as u64)).ok();
    report.expect(count, Some(before), || what("a region's read"));

    let new: Vec<u8> = (0..len).map(|index| !Guest::byte(start + index)).collect();
    report.expect(answer(guest.memory.write_slice(&new, at)), due(len, before), || what("a write"));
    let (mut expected, second) = guest.contents();
    let wrong = (0..EDGE).find(|&at| {
        let byte = if (start..start + before).contains(&at) { new[at - start] } else { Guest::byte(at) };
        expected[at] != byte
    });
    report.expect(wrong, None, || what("the bytes of a write"));
    report.expect(
        second.iter().enumerate().all(|(at, byte)| *byte == Guest::byte(REGION + at)),
        true,
        || what("the other region"),
    );
    expected.clear();
    guest.fill();
    let count = region.write(&new, MemoryRegionAddress(start as u64)).ok();
    report.expect(count, Some(before), || what("a region's write"));
    guest.fill();
}

/// Values, arrays and atomics around the edge.
fn values(guest: &Guest, report: &mut Report) {
    for start in EDGE - 40..EDGE + 40 {
        value::<u8>(guest, start, report);
        value::<u16>(guest, start, report);
        value::<u32>(guest, start, report);
        value::<u64>(guest, start, report);
    }
}

trait Value: edited::ByteValued + edited::AtomicAccess + PartialEq + std::fmt::Debug {}
impl Value for u8 {}
impl Value for u16 {}
impl Value for u32 {}
impl Value for u64 {}

fn value<T: Value>(guest: &Guest, start: usize, report: &mut Report) {
    let size = size_of::<T>();
    let there = (EDGE.saturating_sub(start)).min(size);
    let what = |name: &str| format!("{name} of {size} bytes, {there} of them there");
    let slice = guest.memory.find_region(GuestAddress(0)).expect("it is there");
    let slice = slice.as_volatile_slice().expect("it is one");
    let bytes: Vec<u8> = (start..start + size).map(Guest::byte).collect();
    let expected = *T::from_slice(&aligned(&bytes).0[..size]).expect("as many bytes");
    let place = slice.get_ref::<T>(start).expect("it is in the mapping");

    let loaded = panic::catch_unwind(AssertUnwindSafe(|| place.load())).ok();
    report.expect(loaded, (there == size).then_some(expected), || what("a load"));
    let stored = panic::catch_unwind(AssertUnwindSafe(|| place.store(expected))).is_ok();
    report.expect(stored, there == size, || what("a store"));

    // Four values: those are counted that are there as a whole.
    let array = slice.get_array_ref::<T>(start, 4).expect("it is in the mapping");
    let mut values = [expected; 4];
    let whole = (EDGE.saturating_sub(start) / size).min(4);
    report.expect(array.copy_to(&mut values), if size == 1 { there.max(whole) } else { whole }, || {
        what("an array")
    });
    let stored = panic::catch_unwind(AssertUnwindSafe(|| array.copy_from(&values))).is_ok();
    report.expect(stored || size == 1, whole == 4 || size == 1, || what("storing an array"));

    if start.is_multiple_of(size) {
        let atomic = |result: Result<(), VolatileMemoryError>| match result {
            Ok(()) => Ok(()),
            Err(VolatileMemoryError::PartialBuffer { expected, completed }) => {
                Err(Some((expected, completed)))
            }
            Err(_) => Err(None),
        };
        for order in [Ordering::Relaxed, Ordering::SeqCst] {
            let loaded = slice.load::<T>(start, order);
            report.expect(loaded.as_ref().ok().copied(), (there == size).then_some(expected), || {
                what("an atomic")
            });
            report.expect(atomic(loaded.map(drop)), due(size, there), || what("an atomic load"));
            let stored = slice.store(expected, start, order);
            report.expect(atomic(stored), due(size, there), || what("an atomic store"));
        }
        report.expect(slice.load::<T>(start, Ordering::Release).is_err(), true, || {
            what("a load that releases")
        });
    }
    guest.fill();
}

/// The bytes where a value of any type may begin.
fn aligned(bytes: &[u8]) -> Aligned {
    let mut aligned = Aligned([0; 8]);
    aligned.0[..bytes.len()].copy_from_slice(bytes);
    aligned
}

#[repr(align(8))]
struct Aligned([u8; 8]);

/// From the first region into the second: nothing behind the hole is touched.
fn across(guest: &Guest, report: &mut Report) {
    for before in [0, 1, 9, 100] {
        let start = EDGE - before;
        let len = REGION - start + 300;
        let mut buf = vec![CANARY; len];
        let read = answer(guest.memory.read_slice(&mut buf, GuestAddress(start as u64)));
        report.expect(read, due(len, before), || format!("a read across, {before} in front of the edge"));
        report
            .expect(buf[before..].iter().all(|byte| *byte == CANARY), true, || "behind the hole".to_owned());
        let written = answer(guest.memory.write_slice(&vec![CANARY; len], GuestAddress(start as u64)));
        report.expect(written, due(len, before), || format!("a write across, {before} in front of the edge"));
        let (_, second) = guest.contents();
        let untouched = second.iter().enumerate().all(|(at, byte)| *byte == Guest::byte(REGION + at));
        report.expect(untouched, true, || "the region behind the hole".to_owned());
        guest.fill();
    }
}
