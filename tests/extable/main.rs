// SPDX-License-Identifier: MIT OR Apache-2.0
//! The exception table as a value, as this image's, and as a loaded module's; the macro for one's own entries.
//!
//! Proves contract C6 (which accesses an entry accepts) and C13 (a lookup is a function of its arguments).

#![cfg(target_os = "linux")]

#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
#[cfg_attr(target_arch = "riscv64", path = "riscv64.rs")]
#[cfg_attr(target_arch = "loongarch64", path = "loongarch64.rs")]
mod machine;
#[expect(dead_code, reason = "the sweep needs more of it")]
#[path = "../support/registers/mod.rs"]
mod registers;
mod sites;

use std::{
    ffi::c_void,
    fs, iter,
    ops::Range,
    ptr,
    sync::{
        Once,
        atomic::{AtomicPtr, AtomicUsize, Ordering},
    },
};

use axptr::{
    Access, FaultKind,
    extable::{self, Entry, Landing, Table, TableError},
    trap::{self, Operands, Recovery, Report, TrapFrame},
};
use libc::{c_int, siginfo_t};
use machine::{generic, inlined, read, read_to_kernel, read_write, write, write_from_kernel};
use registers::Registers;

/// No page of a Linux process is mapped there, and none below it.
const BAD: usize = 0x18;

const ACCESSES: [Option<Access>; 3] = [None, Some(Access::Read), Some(Access::Write)];

/// What one access of ours came to, and where its instruction is.
#[derive(Debug, PartialEq, Eq)]
struct Site {
    insn: usize,
    landing: usize,
    faulted: bool,
    /// What the trap side left in the landing's register; 0 if nothing.
    cause: usize,
}

unsafe extern "C" {
    fn extable_test_two_loads(first: usize, second: usize) -> usize;
}

/// The cause, or 0.
fn two_loads(first: usize, second: usize) -> usize {
    // SAFETY: both are bytes of the caller's own, or bad; a bad one goes on at the landing.
    unsafe { extable_test_two_loads(first, second) }
}

/// Uses each site once, with good memory or a bad address.
fn every_site(good: bool) -> Vec<(Site, &'static str)> {
    let mut memory = [0_u64; 2];
    let memory = memory.as_mut_ptr();
    let user = if good { memory.addr() } else { BAD };
    let kernel = memory.wrapping_add(1).cast::<u8>();
    let mut sites = vec![
        (read(user), "read"),
        (write(user), "write"),
        (read_write(user), "read_write"),
        (generic::<u8>(user), "generic::<u8>"),
        (generic::<u16>(user), "generic::<u16>"),
        (generic::<[u8; 3]>(user), "generic::<[u8; 3]>"),
        (generic::<&str>(user), "generic::<&str>"),
        (inlined(user), "inlined here"),
        (inlined(user), "inlined there"),
        (iter::once(user).map(inlined).next().unwrap(), "inlined by a library"),
    ];
    // Nothing tells the side of an instruction with two, where the machine does not tell the access.
    if good || machine::TELLS_THE_ACCESS {
        sites.push((read_to_kernel(user, kernel), "read_to_kernel"));
        sites.push((write_from_kernel(user, kernel), "write_from_kernel"));
    }
    sites
}

#[test]
fn every_entry_of_ours_is_recovered_and_found() {
    setup();
    for good in [true, false] {
        let sites = every_site(good);
        for (site, name) in &sites {
            assert_eq!(site.faulted, !good, "{name}");
            assert_eq!(site.cause != 0, !good, "{name}: the landing is told a cause, and only then");
            let entry = Table::image().find(site.insn).unwrap_or_else(|| panic!("{name} has no entry"));
            assert_eq!((entry.insn(), entry.landing()), (site.insn, site.landing), "{name}");
        }
        let mut addresses: Vec<_> = sites.iter().map(|(site, _)| site.insn).collect();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(
            addresses.len(),
            sites.len(),
            "two sites share an instruction: the test shows less than it says"
        );
    }
}

#[test]
fn entries_in_global_asm_are_recovered() {
    setup();
    let word = 5_u64;
    let good = (&raw const word).addr();
    assert_eq!(two_loads(good, good), 0);
    assert_ne!(two_loads(BAD, good), 0);
    assert_ne!(two_loads(good, BAD), 0);
}

#[test]
fn only_strict_entries_ask_for_the_access() {
    setup();
    let mut bytes = [0_u8; 2];
    let kernel = bytes.as_mut_ptr();
    let user = kernel.wrapping_add(1).addr();
    let (reads, writes) = (Some(Access::Read), Some(Access::Write));
    for (site, accepted) in [
        (read(BAD), &ACCESSES[..]),
        (write(BAD), &ACCESSES[..]),
        (read_write(BAD), &ACCESSES[..]),
        (read_to_kernel(user, kernel), &[reads]),
        (write_from_kernel(user, kernel), &[writes]),
    ] {
        let entry = Table::image().find(site.insn).unwrap();
        for access in ACCESSES {
            let expected = accepted.contains(&access);
            assert_eq!(entry.accepts(access), expected, "{access:?}");
            let landing = extable::lookup(site.insn, access, FaultKind::NotPresent);
            assert_eq!(landing.map(|landing| landing.pc()), expected.then_some(site.landing), "{access:?}");
        }
    }
}

/// What a landing is told: kind in the low byte, access in the next, never 0.
#[test]
fn a_landing_tells_the_access_of_the_instruction_where_the_machine_does_not() {
    setup();
    for (site, access, expected) in [
        (read(BAD), None, 1),
        (write(BAD), None, 2),
        (read_write(BAD), None, 0),
        (read_write(BAD), Some(Access::Read), 1),
        (read_write(BAD), Some(Access::Write), 2),
    ] {
        for kind in [FaultKind::Unknown, FaultKind::NotPresent, FaultKind::Bus, FaultKind::Poison] {
            let cause = extable::lookup(site.insn, access, kind).unwrap().cause();
            assert_ne!(cause, 0);
            assert_eq!((cause & 0xff, cause >> 8 & 0xff), (kind as usize, expected), "{access:?} {kind:?}");
        }
    }
    assert_eq!(Landing::REGISTER, machine::CAUSE_REGISTER);
}

#[test]
fn the_image_is_sorted_whole_and_inside_the_text() {
    assert_eq!(extable::selftest(), Ok(()));
    let table = Table::image();
    assert_eq!(table.check(Some(text())), Ok(()));
    assert!(table.entries().is_sorted_by_key(Entry::insn));
    // The routines are linked into this binary because `selftest` is; the sites above are.
    assert!(table.entries().len() > every_site_count(), "{} entries", table.entries().len());
}

fn every_site_count() -> usize {
    setup();
    every_site(false).len()
}

#[test]
fn a_lookup_finds_every_instruction_and_nothing_beside_it() {
    let table = Table::image();
    let insns: Vec<_> = table.entries().iter().map(Entry::insn).collect();
    for entry in table.entries() {
        assert!(ptr::eq(table.find(entry.insn()).unwrap(), entry));
        for beside in [entry.insn() - 1, entry.insn() + 1] {
            let expected = insns.contains(&beside);
            assert_eq!(table.find(beside).is_some(), expected, "{beside:#x}");
            assert_eq!(extable::lookup(beside, Some(Access::Read), FaultKind::Unknown).is_some(), expected);
        }
    }
    for nowhere in [0, 1, usize::MAX, 1 << 47, insns[0] - 2, insns[insns.len() - 1] + 2] {
        assert!(table.find(nowhere).is_none(), "{nowhere:#x}");
    }
}

#[test]
fn what_is_no_table_is_refused() {
    let buffer = Synthetic::new(&[(64, 4, 1), (80, 4, 1)]);
    let start = buffer.start();
    let bytes = |offset: isize| start.wrapping_byte_offset(offset);
    assert_eq!(from_raw(start, start), Err(TableError::Empty));
    for stop in (1..16).filter(|bytes| bytes % 8 != 0) {
        assert_eq!(from_raw(start, bytes(stop)), Err(TableError::Torn), "{stop} bytes");
    }
    for shift in 1..4 {
        assert_eq!(from_raw(bytes(shift), bytes(shift + 8)), Err(TableError::Torn), "start + {shift}");
    }
    assert_eq!(from_raw(bytes(8), start), Err(TableError::Torn));
    assert_eq!(from_raw(ptr::null(), ptr::null::<Entry>().wrapping_add(1)), Err(TableError::Torn));
    assert_eq!(from_raw(start, bytes(16)), Ok(2));
}

/// `Table::from_raw`, reduced to the number of entries.
fn from_raw(start: *const Entry, stop: *const Entry) -> Result<usize, TableError> {
    // SAFETY: (1), (2) what is no table is refused before it is read; what is one lies in a `Synthetic`.
    unsafe { Table::from_raw(start, stop) }.map(|table| table.entries().len())
}

#[test]
fn a_synthetic_table_answers_like_a_linear_search() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut compared = 0_usize;
    for len in (1..=33).chain([63, 64, 65, 100, 255, 1000, 4096]) {
        // Ascending, with gaps of 1 to 8 bytes, so that neighbours are asked for too.
        let mut offset = -(random.below(1 << 20) as i64);
        let mut ascending = Vec::new();
        for _ in 0..len {
            offset += 1 + random.below(8) as i64;
            let landing = random.below(1 << 16) as u16 as i16;
            ascending.push((offset, landing, random.below(8) as u16));
        }
        let mut shuffled = ascending.clone();
        for i in (1..shuffled.len()).rev() {
            shuffled.swap(i, random.below(i as u64 + 1) as usize);
        }
        let mut doubled = ascending.clone();
        doubled.insert(len / 2, ascending[len / 2]);
        let mut tripled = doubled.clone();
        tripled.insert(len / 2, ascending[len / 2]);
        let (insn, landing, flags) = ascending[len / 2];
        let [mut elsewhere, mut otherwise] = [doubled.clone(), doubled.clone()];
        elsewhere[len / 2] = (insn, landing ^ 2, flags);
        otherwise[len / 2] = (insn, landing, flags ^ 8);
        let conflict = Err(TableError::Conflict { index: len / 2 + 1 });
        let disorder = shuffled.windows(2).position(|pair| pair[0].0 > pair[1].0);
        let unsorted = disorder.map_or(Ok(()), |before| Err(TableError::Unsorted { index: before + 1 }));
        for (entries, expected) in [
            (&ascending, Ok(())),
            (&shuffled, unsorted),
            (&doubled, Ok(())),
            (&tripled, Ok(())),
            (&elsewhere, conflict),
            (&otherwise, conflict),
        ] {
            let synthetic = Synthetic::new(entries);
            let table = synthetic.table();
            assert_eq!(table.check(None), expected, "{len} entries");
            let halved = !matches!(expected, Err(TableError::Unsorted { .. }));
            assert!(format!("{table:?}").ends_with(&format!("sorted: {halved} }}")), "{expected:?}");

            let stride = (len / 64).max(1);
            let near = entries.iter().step_by(stride).flat_map(|entry| (-2..=2).map(|d| entry.0 + d));
            let far = (0..64).map(|_| random.below(1 << 21) as i64 - (1 << 20)).collect::<Vec<_>>();
            for offset in near.chain(far).chain([i64::MIN / 2, i64::MAX / 2]) {
                let access = ACCESSES[random.below(3) as usize];
                let landing = table.lookup(synthetic.pc(offset), access, FaultKind::Unknown);
                assert_eq!(
                    landing.map(|landing| landing.pc()),
                    oracle(entries, offset, access).map(|landing| synthetic.pc(landing)),
                    "{len} entries, offset {offset}, {access:?}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 20_000, "{compared}");
}

/// The offset of the landing, found the slow way: of equal ones, the last.
fn oracle(entries: &[(i64, i16, u16)], offset: i64, access: Option<Access>) -> Option<i64> {
    let &(insn, landing, flags) = entries.iter().rfind(|(insn, ..)| *insn == offset)?;
    let strict = flags & 4 != 0;
    let fits = access.is_some_and(|access| flags & access as u16 != 0);
    (!strict || fits).then_some(insn + i64::from(landing))
}

#[test]
fn the_check_finds_what_points_out_of_the_text() {
    let entries = [(0x100, 0x10, 1), (0x110, -0x20, 1), (0x120, 0x30, 1)];
    let synthetic = Synthetic::new(&entries);
    let check =
        |text: Range<i64>| synthetic.table().check(Some(synthetic.pc(text.start)..synthetic.pc(text.end)));
    assert_eq!(check(0xf0..0x151), Ok(()));
    assert_eq!(check(0x101..0x151), Err(TableError::OutsideText { index: 0 }), "insn below");
    assert_eq!(check(0xf1..0x151), Err(TableError::OutsideText { index: 1 }), "landing below");
    assert_eq!(check(0xf0..0x150), Err(TableError::OutsideText { index: 2 }), "landing at the end");
    assert_eq!(check(0xf0..0x120), Err(TableError::OutsideText { index: 2 }), "insn at the end");
}

#[test]
fn the_operands_decide_only_where_the_access_is_unknown() {
    setup();
    // No page table of any of the machines can map it.
    let hole = 1_usize << 56;
    let mut bytes = [0_u8; 2];
    let kernel = bytes.as_mut_ptr();
    let strict = read_to_kernel(kernel.wrapping_add(1).addr(), kernel);
    let plain = read(BAD);
    let frame = |insn: usize, read: usize, write: usize| FakeFrame { pc: insn, cause: 0, read, write };
    let unknown = Report { access: None, kind: FaultKind::NonCanonical, addr: None, ..Report::default() };
    for (mut frame, report, expected) in [
        (frame(strict.insn, hole, 0x1000), unknown, Recovery::Landed),
        (frame(strict.insn, 0x1000, hole), unknown, Recovery::NotOurs),
        (frame(strict.insn, hole, hole), unknown, Recovery::NotOurs),
        (frame(strict.insn, 0x1000, 0x2000), unknown, Recovery::NotOurs),
        (frame(strict.insn, hole, 0), Report { access: Some(Access::Write), ..unknown }, Recovery::NotOurs),
        (frame(plain.insn, 0, 0), unknown, Recovery::Landed),
        (frame(plain.insn + 1, 0, 0), unknown, Recovery::NotOurs),
        (frame(0, 0, 0), unknown, Recovery::NotOurs),
    ] {
        let before = (frame.pc, frame.cause);
        let recovery =
            trap::recover(&mut frame, report, |_, _| panic!("no page fault: the pager has no say"));
        assert_eq!(recovery, expected, "{frame:x?}");
        if recovery == Recovery::Landed {
            assert_ne!(frame.cause, 0);
            assert_ne!(frame.pc, before.0);
        } else {
            assert_eq!((frame.pc, frame.cause), before, "a frame that is not ours stays as it is");
        }
    }
}

#[test]
fn the_pager_is_asked_for_page_faults_of_our_accesses_only() {
    setup();
    let site = write(BAD);
    let fault = Report {
        access: Some(Access::Write),
        kind: FaultKind::NotPresent,
        addr: Some(BAD),
        ..Report::default()
    };
    for (pc, repairs, expected, asked) in [
        (site.insn, true, Recovery::Repaired, 1),
        (site.insn, false, Recovery::Landed, 1),
        (site.insn + 1, true, Recovery::NotOurs, 0),
    ] {
        let mut frame = FakeFrame { pc, cause: 0, read: 0, write: 0 };
        let mut calls = 0;
        let recovery = trap::recover(&mut frame, fault, |addr, access| {
            assert_eq!((addr, access), (BAD, Access::Write));
            calls += 1;
            repairs
        });
        assert_eq!((recovery, calls), (expected, asked));
        let resumed = if expected == Recovery::Landed { site.landing } else { pc };
        assert_eq!(frame.pc, resumed);
    }
}

/// A trap frame that no machine made.
#[derive(Debug)]
struct FakeFrame {
    pc: usize,
    cause: usize,
    read: usize,
    write: usize,
}

// SAFETY: (1) to (4) no machine resumes it.
unsafe impl TrapFrame for FakeFrame {
    fn pc(&self) -> usize {
        self.pc
    }

    fn set_pc(&mut self, pc: usize) {
        self.pc = pc;
    }

    fn set_cause(&mut self, value: usize) {
        self.cause = value;
    }

    fn operands(&self) -> Option<Operands> {
        Some(Operands { read: self.read, write: self.write })
    }
}

unsafe extern "C" {
    #[link_name = "extable_module"]
    static MODULE: u8;
    #[link_name = "extable_module_table"]
    static MODULE_TABLE: u8;
    #[link_name = "extable_module_end"]
    static MODULE_END: u8;
}

/// Where the module's table is by now, for [`on_fault`]. Null: not loaded.
static LOADED: AtomicPtr<Entry> = AtomicPtr::new(ptr::null_mut());
static LANDED: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_loaded_module_brings_its_own_table() {
    setup();
    let start = &raw const MODULE;
    let len = (&raw const MODULE_END).addr() - start.addr();
    let table_at = (&raw const MODULE_TABLE).addr() - start.addr();
    // SAFETY: the assembler put all three labels around one object.
    let image = unsafe { std::slice::from_raw_parts(start, len) };
    let value = 0x1234_5678_9abc_def0_u64;
    for load in 1..=3 {
        let module = map_executable(image);
        LOADED.store(module.wrapping_add(table_at).cast(), Ordering::Release);
        // SAFETY: the page holds a function of this type.
        let load_or = unsafe { std::mem::transmute::<*mut u8, extern "C" fn(usize, u64) -> u64>(module) };
        assert_eq!(load_or((&raw const value).addr(), 7), value);
        assert_eq!(load_or(BAD, 7), 7);
        assert_eq!(LANDED.load(Ordering::Relaxed), load);
        // Its instruction is not this image's.
        let insn = loaded().expect("it is").entries()[0].insn();
        assert!((module.addr()..module.addr() + table_at).contains(&insn));
        assert!(extable::lookup(insn, None, FaultKind::Unknown).is_none());
    }
}

/// Copies `image` to a page of its own, readable and executable.
fn map_executable(image: &[u8]) -> *mut u8 {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a fresh mapping touches no memory of others.
    let page = unsafe { libc::mmap(ptr::null_mut(), 4096, protection, flags, -1, 0) }.cast::<u8>();
    assert_ne!(page.cast(), libc::MAP_FAILED);
    // SAFETY: the page is ours, writable, and larger than the image.
    unsafe { page.copy_from_nonoverlapping(image.as_ptr(), image.len()) };
    // SAFETY: nobody writes to the page from here on.
    let status = unsafe { libc::mprotect(page.cast(), 4096, libc::PROT_READ | libc::PROT_EXEC) };
    assert_eq!(status, 0);
    page
}

/// The module's table, if it is loaded.
fn loaded() -> Option<Table<'static>> {
    let start = LOADED.load(Ordering::Acquire);
    // SAFETY: (1), (2) a loaded module stays.
    unsafe { Table::from_raw(start, start.wrapping_add(1)) }.ok()
}

/// The handler of this program's own: knows the module, and nothing of this image.
extern "C" fn on_fault(signal: c_int, _: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: (1) the kernel hands a SA_SIGINFO handler a valid context.
    let mut registers = unsafe { Registers::of(context) };
    match loaded().and_then(|table| table.lookup(registers.pc(), None, FaultKind::Unknown)) {
        Some(landing) => {
            registers.set_pc(landing.pc());
            registers.set_cause(landing.cause());
            LANDED.fetch_add(1, Ordering::Relaxed);
        }
        // The instruction raises it again.
        // SAFETY: the default action needs no handler.
        None => _ = unsafe { libc::signal(signal, libc::SIG_DFL) },
    }
}

/// Puts the program's own handler in place, then axptr's in front of it.
fn setup() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: all zeroes is an action.
        let mut action = unsafe { std::mem::zeroed::<libc::sigaction>() };
        let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = on_fault;
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        // SAFETY: the handler reads constant memory and writes its frame.
        assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, ptr::null_mut()) }, 0);
        // SAFETY: (1) these tests pass addresses of their own locals, and bad ones.
        unsafe { axptr::hosted::install() }.unwrap();
    });
}

/// The part of the address space that this function is in.
fn text() -> Range<usize> {
    let here = text as fn() -> Range<usize> as usize;
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let range = |line: &str| {
        let (start, stop) = line.split_once(' ')?.0.split_once('-')?;
        Some(usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(stop, 16).ok()?)
    };
    maps.lines().filter_map(range).find(|range| range.contains(&here)).expect("a program has text")
}

/// An entry as the assembler lays it out.
#[derive(Clone, Copy)]
#[repr(C)]
struct RawEntry {
    insn: i32,
    landing: i16,
    flags: u16,
}

/// A table of (instruction, landing from there, flags); instructions count from the table's start.
struct Synthetic {
    entries: Vec<RawEntry>,
}

impl Synthetic {
    fn new(entries: &[(i64, i16, u16)]) -> Self {
        let raw = |(i, &(insn, landing, flags)): (usize, &(i64, i16, u16))| {
            let at = (i * size_of::<RawEntry>()) as i64;
            RawEntry { insn: (insn - at).try_into().unwrap(), landing, flags }
        };
        Self { entries: entries.iter().enumerate().map(raw).collect() }
    }

    fn start(&self) -> *const Entry {
        self.entries.as_ptr().cast()
    }

    fn table(&self) -> Table<'_> {
        let start = self.start();
        // SAFETY: (1) the vector is borrowed as long as the table; (2) it is laid out as the macros do, and
        // nobody goes to its landings.
        unsafe { Table::from_raw(start, start.wrapping_add(self.entries.len())) }.unwrap()
    }

    /// The address that `offset` stands for.
    fn pc(&self, offset: i64) -> usize {
        self.start().addr().wrapping_add_signed(offset as isize)
    }
}

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
