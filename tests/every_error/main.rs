// SPDX-License-Identifier: MIT OR Apache-2.0
//! A second oracle for errors: every public operation that can answer with a fault, held against the same model, which
//! knows the pages' kinds and nothing else.
//!
//! For each: `addr` is the start and `done` bytes, `done` is no more than the length, the access is the one that the page
//! does not permit, success means that all bytes permit it, and nothing outside of the range nor behind `done` has
//! changed, on either side. Where an operation's documentation says something else, its row says so in the same words
//! (`operation.rs`). The sources are read to see that no operation is missing.

#![cfg(target_os = "linux")]

mod operation;
mod pages;
#[path = "../support/sources.rs"]
mod sources;
#[expect(dead_code, reason = "the sweep needs more of it")]
#[path = "../support/mod.rs"]
mod support;
mod table;
#[cfg(feature = "untag")]
mod tagged;

use std::{cell::Cell, collections::BTreeMap, env, ops::Range, ptr::NonNull, slice};

use axptr::{
    Access, Fault, FaultKind, UserConstPtr, UserPtr, UserRange, bulk, fault_in,
    iovec::{IoVec, IoVecError, IoVecs},
    structs::{StructError, read_struct, write_struct},
};
use axptr_cases::{Handler, PAGE, PageKind, Site};
use operation::{Answer, Call, Content, Done, Effect, Operation, Refusal, Sizes, Tag};
use pages::{Layout, PAGES, first_bad};
use sources::{faults_of, functions_of, public_functions};
use support::{
    front::{self, Front},
    site::HostedSite,
};

use Access::{Read, Write};
use PageKind::{Good, ReadOnly, Unmapped};

/// What an edge in the middle of the pages may be between.
const EDGES: [[PageKind; PAGES]; 4] = [
    [Good, Good, Unmapped, Unmapped],
    [Unmapped, Unmapped, Good, Good],
    [Good, Good, ReadOnly, ReadOnly],
    [ReadOnly, ReadOnly, Good, Good],
];
const EDGE: usize = 2 * PAGE;

/// Something bad with good on both sides.
const HOLES: [[PageKind; PAGES]; 2] = [[Good, Unmapped, Good, Good], [Good, ReadOnly, Good, Good]];

#[test]
fn every_operation_stops_exactly_where_the_pages_do() {
    let _front = Front::new(Handler::Full);
    let mut findings = Findings::default();
    for kinds in EDGES {
        let mut bed = Bed::new(kinds);
        for row in table::all() {
            for len in lengths(&row) {
                for before_edge in positions(&row, len) {
                    findings.note(&row, bed.meet_pages(&row, EDGE - before_edge, len));
                }
            }
        }
    }
    for kinds in HOLES {
        let mut bed = Bed::new(kinds);
        // A struct is no larger than a page.
        for row in table::all().into_iter().filter(|row| !row.name.ends_with("_struct")) {
            let Sizes::MultiplesOf(unit) = row.sizes else { continue };
            for before_edge in [1, 9, 64, 500] {
                let len = (before_edge + PAGE + 71).next_multiple_of(unit);
                findings.note(&row, bed.meet_pages(&row, PAGE - before_edge, len));
            }
        }
    }
    findings.report();
}

#[test]
fn every_operation_refuses_what_is_not_in_the_user_half() {
    meet_limits(
        |row| !row.is_made_before && row.refusal != Refusal::Unchecked,
        |row, len, start| {
            // Above the limit, where memory is; around the end of the address space; the limit's own.
            let mut others = vec![(EDGE + 64, start + EDGE)];
            let default = axptr::user_limit();
            for addr in [usize::MAX - len / 2, usize::MAX - 15, usize::MAX / 2 + 1, default, default + PAGE] {
                let addr = addr / row.align * row.align;
                others.push((addr.wrapping_sub(start), default));
            }
            // A kernel without a handler for #GP counts on this: with the whole half, the first address behind it is not
            // accessed, which is not canonical on x86_64.
            others.push((WHOLE_HALF.wrapping_sub(start), WHOLE_HALF));
            others
        },
    );
}

#[test]
fn what_was_made_before_the_limit_was_lowered_is_refused() {
    meet_limits(
        |row| row.is_made_before,
        |_, len, start| {
            // Inside of a page, and all of the range behind it.
            [(EDGE + 1000 - len / 2, EDGE + 1000), (EDGE + 64, EDGE), (EDGE + 64, EDGE + 9)]
                .map(|(offset, limit)| (offset, start + limit))
                .to_vec()
        },
    );
}

/// The end of the user half with 48-bit addresses.
const WHOLE_HALF: usize = 1 << 47;

/// Where else an operation of a length meets a limit, of pages that start there: its offset in them, and the limit.
type Others = fn(&Operation, usize, usize) -> Vec<(usize, usize)>;

/// Runs the chosen operations with the limit lowered into their ranges, and as `others` says.
fn meet_limits(is_chosen: fn(&Operation) -> bool, others: Others) {
    let _front = Front::new(Handler::Full);
    let mut findings = Findings::default();
    let mut bed = Bed::new([Good; PAGES]);
    let start = bed.layout.start;
    for row in table::all().into_iter().filter(is_chosen) {
        for len in lengths(&row) {
            for before_limit in positions(&row, len).into_iter().filter(|before| *before < len) {
                findings.note(&row, bed.meet_limit(&row, EDGE - before_limit, len, start + EDGE));
            }
            for (offset, limit) in others(&row, len, start) {
                findings.note(&row, bed.meet_limit(&row, offset, len, limit));
            }
        }
    }
    findings.report();
}

#[test]
fn the_null_page_is_a_bad_page() {
    let _front = Front::new(Handler::Full);
    let mut findings = Findings::default();
    let mut bed = Bed::new([Good; PAGES]);
    for row in table::all() {
        for len in lengths(&row) {
            for addr in [0, row.align] {
                findings.note(&row, bed.meet_pages(&row, addr.wrapping_sub(bed.layout.start), len));
            }
        }
    }
    findings.report();
}

/// Refused whole means that no chunk is done, either.
#[test]
fn a_chunked_transfer_over_the_limit_accesses_nothing() {
    let _front = Front::new(Handler::Full);
    let bed = Bed::new([Good, Good, Unmapped, Unmapped]);
    let start = bed.layout.start + EDGE - 100;
    for limit in [start + 1, start + 64, bed.layout.start + EDGE, start + 199] {
        let _limit = Limit::lower(limit);
        let mut calls = 0;
        let mut count = |_| {
            calls += 1;
            std::ops::ControlFlow::Continue(())
        };
        let chunk = 16.try_into().unwrap();
        let traps = front::traps();
        let mut buf = [0xee; 200];
        let read = bulk::copy_from_user_chunked(&mut buf, start, chunk, &mut count);
        let written = bulk::copy_to_user_chunked(start, &[0xdd; 200], chunk, &mut count);
        assert_eq!(read, Err(Fault::new(start, 0, Read, FaultKind::OutOfRange)));
        assert_eq!(written, Err(Fault::new(start, 0, Write, FaultKind::OutOfRange)));
        assert_eq!((front::traps() - traps, calls, buf), (0, 0, [0xee; 200]));
        assert_eq!(bed.first_difference(), None);
    }
}

/// In the part that the kernel does not know, too.
#[test]
fn a_fault_in_a_structs_tail_counts_from_its_start() {
    let _front = Front::new(Handler::Full);
    let mut bed = Bed::new([Good, Good, Unmapped, Unmapped]);
    let edge = bed.layout.start + EDGE;
    bed.put(EDGE - 200, &[0; 200]);
    for before in 0..=64 {
        let start = edge - before;
        let read = read_struct(UserConstPtr::<[u32; 2]>::from(start), 100);
        assert!(
            matches!(read, Err(StructError::Fault(it)) if (it.done, it.addr) == (before, edge)),
            "{read:x?}"
        );
        let written = write_struct(UserPtr::<[u32; 2]>::from(start), 100, &[0, 0]);
        assert!(
            matches!(written, Err(StructError::Fault(it)) if (it.done, it.addr) == (before, edge)),
            "{written:x?}"
        );
    }
}

/// The page is touched at a byte of the range, not at a word that ends behind the limit.
#[test]
fn pages_are_made_writable_up_to_any_limit() {
    let _front = Front::new(Handler::Full);
    let bed = Bed::new([Good; PAGES]);
    for odd in 0..=9 {
        let limit = bed.layout.start + EDGE + odd;
        let _limit = Limit::lower(limit);
        for len in 1..=20 {
            let range = UserRange::new(limit - len, len).unwrap();
            for access in [Read, Write] {
                assert_eq!(fault_in::make_present(range, access), Ok(len), "{len} bytes in front of {odd}");
            }
            assert!(UserRange::new(limit - len + 1, len).is_none());
        }
    }
    assert_eq!(bed.first_difference(), None);
}

/// The fault is that element's, whose address it names; the array itself is good.
#[test]
fn a_vectors_element_outside_of_the_user_half_is_refused_at_its_own_address() {
    let _front = Front::new(Handler::Full);
    let limit = axptr::user_limit();
    for base in [limit, limit - 4, usize::MAX - 3, usize::MAX] {
        let array = [IoVec { base: 4096, len: 8 }, IoVec { base: base as u64, len: 5 }];
        let mut storage = [UserRange::EMPTY; 2];
        let array = UserConstPtr::<IoVec>::from(array.as_ptr().expose_provenance());
        let error = IoVecs::import(array, 2, &mut storage).unwrap_err();
        assert_eq!(error, IoVecError::Fault(Fault::new(base, 0, Read, FaultKind::OutOfRange)));
    }
}

#[test]
fn every_operation_that_can_fault_is_in_the_table() {
    let table = table::all();
    let names = table.iter().map(|row| row.name);
    assert_eq!(faults_of(&public_functions(), |it| can_fault(&it.signature), names), [""; 0]);
}

#[test]
fn an_operation_that_is_in_no_row_is_found() {
    let text = "
        impl<T, C> UserThing<T, C> {
            /// -> Result<(), Fault>
            pub const fn quiet(&self) -> Result<u8, Infallible> {}
            pub unsafe fn peek<U>(self, f: impl Fn(u8) -> Fault) -> Result<Vec<T>, VecError> { pub fn no() -> Fault {} }
            pub(crate) fn hidden() -> Result<(), Fault> {}
        }
        pub mod inner { pub fn poke(a: [u8; 3]) -> Result<(), Fault>; }
        macro_rules! both { ($name:ident, $($it:ty)+) => { $(impl $name<$it> { pub fn put(self) -> Result<(), crate::Fault> {} })+ } }
        both!(One, u8 &str);
        macro_rules! ops { ($($(#[$doc:meta])+ $op:ident: $which:expr;)+) => { impl Two { $(#[doc] pub fn $op() -> Fault {})+ } } }
        ops! { /// First.
            inc: f(1, 2); dec: g[3]; }
    ";
    let functions = functions_of(&["thing".to_owned()], text);
    let faults = faults_of(&functions, |it| can_fault(&it.signature), ["UserThing::quiet"]);
    let missing = ["One::put", "Two::dec", "Two::inc", "UserThing::peek", "thing::inner::poke"];
    let mut expected: Vec<_> =
        missing.iter().map(|name| format!("`{name}` is in no row of the table")).collect();
    expected.push("the table names `UserThing::quiet`, which is not there".to_owned());
    assert_eq!(faults, expected);
}

/// Whether what comes back says how far something came.
fn can_fault(signature: &[String]) -> bool {
    const ERRORS: [&str; 9] = [
        "Fault",
        "Outcome",
        "AtomicError",
        "CursorError",
        "FutexError",
        "IoVecError",
        "StringError",
        "StructError",
        "VecError",
    ];
    // The last arrow is the function's own, unless it returns one that is behind another.
    let depths = signature.iter().scan(0_i32, |depth, token| {
        match token.as_str() {
            "(" | "[" => *depth += 1,
            ")" | "]" => *depth -= 1,
            _ => {}
        }
        Some(*depth)
    });
    let arrow = signature.iter().zip(depths).position(|(token, depth)| token == "->" && depth == 0);
    arrow.is_some_and(|arrow| signature[arrow..].iter().any(|token| ERRORS.contains(&token.as_str())))
}

fn lengths(row: &Operation) -> Vec<usize> {
    match row.sizes {
        Sizes::Fixed(size) => vec![size],
        Sizes::MultiplesOf(1) if is_tiny() => vec![1, 2, 3, 8, 13, 16, 33, 64, 65, 130],
        Sizes::MultiplesOf(1) => {
            vec![
                1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 96, 130, 200, 300,
                600,
            ]
        }
        Sizes::MultiplesOf(unit) => [1, 2, 3, 5].map(|count| count * unit).to_vec(),
    }
}

/// How many of the bytes may lie in front of an edge: each number; of many, those near the ends and some between.
fn positions(row: &Operation, len: usize) -> Vec<usize> {
    let step = match (is_tiny(), len) {
        (false, ..=200) | (true, ..=16) => 1,
        (false, _) => 7,
        (true, _) => 11,
    };
    let is_chosen =
        |before: &usize| *before <= 2 || before + 3 > len || before.is_multiple_of(step) || row.align > 1;
    (0..=len + 1).filter(is_chosen).filter(|before| before.is_multiple_of(row.align)).collect()
}

/// As for the sweep: what runs emulated does less.
fn is_tiny() -> bool {
    env::var("AXPTR_SWEEP").is_ok_and(|value| value == "tiny")
}

/// What went wrong: of each operation the first case, and how many there were.
#[derive(Default)]
struct Findings {
    cases: usize,
    by_operation: BTreeMap<String, (usize, String)>,
}

impl Findings {
    fn note(&mut self, row: &Operation, result: Result<(), String>) {
        self.cases += 1;
        if let Err(reason) = result {
            self.by_operation.entry(row.title()).or_insert((0, reason)).0 += 1;
        }
    }

    fn report(self) {
        println!("{} cases", self.cases);
        let lines =
            self.by_operation.iter().map(|(name, (count, first))| format!("{name}: {count}, first {first}"));
        let lines: Vec<_> = lines.collect();
        assert!(self.cases > 500 && lines.is_empty(), "{} operations:\n{}", lines.len(), lines.join("\n"));
    }
}

/// The limit is another one while it lives.
struct Limit(usize);

impl Limit {
    fn lower(limit: usize) -> Self {
        let former = Self(axptr::user_limit());
        // SAFETY: (1) no memory of a process is a kernel's.
        unsafe { axptr::set_user_limit(limit) };
        former
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        // SAFETY: (1) as above.
        unsafe { axptr::set_user_limit(self.0) };
    }
}

/// User memory: two good pages of other memory, a page that is not there, and the pages under test.
struct Bed {
    site: HostedSite,
    windows: Vec<NonNull<u8>>,
    layout: Layout,
    /// What the pages hold between two operations.
    rest: Vec<u8>,
    /// What they hold now.
    model: Vec<u8>,
    /// The tag in the addresses that operations get.
    tag: Tag,
}

/// Pages in front of those under test.
const FRONT: usize = 3;
/// Where the other memory begins.
const OTHER: usize = 64;
/// Bytes around the kernel's buffer.
const CANARY: usize = 32;

/// What an operation should have done.
#[derive(Clone, Copy, Debug)]
struct Expected {
    /// The bytes that are done, and the fault. Without one, all are.
    fault: Option<(usize, Fault)>,
    may_trap: bool,
    access_may_differ: bool,
    kind_may_differ: bool,
    /// It may have stopped earlier.
    done_may_be_less: bool,
}

impl Bed {
    fn new(kinds: [PageKind; PAGES]) -> Self {
        let mut site = HostedSite::new(Handler::Full);
        let mut all = vec![Good, Good, Unmapped];
        all.extend(kinds);
        let start = site.map(&all);
        let windows = (0..all.len()).map(|page| site.window(start + page * PAGE).expect("it has memory"));
        let windows: Vec<_> = windows.collect();
        // Not zero, not UTF-8's business, and neighbours differ.
        let byte = |at: usize| (at * 37 + at / 251) as u8 % 127 + 1;
        let rest: Vec<u8> = (0..all.len() * PAGE).map(byte).collect();
        let layout = Layout { start: start + FRONT * PAGE, kinds };
        let mut bed = Self { site, windows, layout, model: rest.clone(), rest, tag: Tag::default() };
        bed.store();
        bed
    }

    /// Makes the pages hold what the model says.
    fn store(&mut self) {
        self.store_part(0..self.model.len());
    }

    /// The same for some of their bytes.
    fn store_part(&mut self, part: Range<usize>) {
        let mut at = part.start;
        while at < part.end {
            let end = part.end.min((at / PAGE + 1) * PAGE);
            // SAFETY: a place in the page.
            let to = unsafe { self.windows[at / PAGE].add(at % PAGE) };
            let bytes = NonNull::from(&self.model[at..end]).cast();
            // SAFETY: they end with the page.
            unsafe { to.copy_from_nonoverlapping(bytes, end - at) };
            at = end;
        }
    }

    /// Makes these bytes stand at an offset in the pages under test.
    fn put(&mut self, offset: usize, bytes: &[u8]) {
        self.model[FRONT * PAGE + offset..][..bytes.len()].copy_from_slice(bytes);
        self.store();
    }

    /// What a page holds.
    fn page(&self, page: usize) -> &[u8] {
        // SAFETY: a page; it is written to between two calls only.
        unsafe { slice::from_raw_parts(self.windows[page].as_ptr(), PAGE) }
    }

    fn first_difference(&self) -> Option<usize> {
        let pages = self.model.chunks(PAGE).enumerate();
        let (page, model) = pages.into_iter().find(|(page, model)| self.page(*page) != *model)?;
        (0..PAGE).find(|&at| self.page(page)[at] != model[at]).map(|at| page * PAGE + at)
    }

    /// Does an operation whose bytes begin at `offset` of the pages under test.
    fn meet_pages(&mut self, row: &Operation, offset: usize, len: usize) -> Result<(), String> {
        let addr = self.layout.start.wrapping_add(offset);
        let bad = first_bad(&self.layout, addr, len, row.side);
        let fault = bad.map(|(distance, page)| {
            let (start, before) = match row.done {
                Done::OfAccess(size) => (addr + distance / size * size, 0),
                Done::Bytes | Done::BytesButTheLast | Done::NothingIfRefused | Done::NoAccess => {
                    (addr, row.before)
                }
            };
            let own = self.site.refusal(page, row.side).expect("the model says so");
            let kind = row.kind.unwrap_or(own);
            let done = if row.done == Done::NothingIfRefused { 0 } else { distance };
            let mut fault = Fault::new(start, addr + done - start, row.side, kind);
            fault.done += before;
            (done, fault)
        });
        let is_needed = |(done, _): &(usize, Fault)| match row.done {
            Done::NoAccess => false,
            Done::BytesButTheLast => done + 1 < len,
            Done::Bytes | Done::OfAccess(_) | Done::NothingIfRefused => true,
        };
        let expected = Expected {
            fault: fault.filter(is_needed),
            may_trap: bad.is_some() && row.done != Done::NoAccess,
            access_may_differ: row.either_access && bad.is_some_and(|(_, page)| page == Unmapped),
            // Another kind of absence than that of the test's own pages.
            kind_may_differ: addr < PAGE,
            done_may_be_less: false,
        };
        self.check(row, addr, len, None, expected)
    }

    /// Does an operation whose bytes end behind the limit, which is lowered before it begins or, if it was made before,
    /// before its access.
    fn meet_limit(&mut self, row: &Operation, offset: usize, len: usize, limit: usize) -> Result<(), String> {
        let addr = self.layout.start.wrapping_add(offset);
        let inside = limit.saturating_sub(addr);
        assert!(inside < len);
        let (start, done) = match row.refusal {
            Refusal::Whole => (addr, 0),
            Refusal::UpToLimit(unit) => (addr, inside / unit * unit),
            Refusal::OfAccess(size) => (addr + inside / size * size, 0),
            Refusal::Partly => (addr, inside),
            Refusal::Unchecked => unreachable!("nothing is refused here"),
        };
        let mut fault = Fault::new(start, done, row.side, FaultKind::OutOfRange);
        fault.done += row.before;
        // "A string that begins outside of the user half is refused, however small `buf` is."
        let is_needed = row.done != Done::BytesButTheLast || done + 1 < len || done == 0;
        let expected = Expected {
            fault: is_needed.then_some((done, fault)),
            may_trap: false,
            access_may_differ: false,
            kind_may_differ: false,
            done_may_be_less: row.refusal == Refusal::Partly,
        };
        self.check(row, addr, len, Some(limit), expected)
    }

    /// Does an operation, and says what is not as expected.
    fn check(
        &mut self,
        row: &Operation,
        addr: usize,
        len: usize,
        limit: Option<usize>,
        expected: Expected,
    ) -> Result<(), String> {
        let result = self.outcome(row, addr, len, limit, expected);
        if result.is_err() {
            self.model.copy_from_slice(&self.rest);
            self.store();
        }
        result
    }

    fn outcome(
        &mut self,
        row: &Operation,
        addr: usize,
        len: usize,
        limit: Option<usize>,
        expected: Expected,
    ) -> Result<(), String> {
        let size = row.before + len;
        let main = addr.wrapping_sub(self.layout.start).wrapping_add(FRONT * PAGE);
        let main = (main < self.model.len()).then_some(main..(main + len).min(self.model.len()));
        if let Some(main) = main.clone() {
            let bytes = &mut self.model[main];
            match row.content {
                Content::Terminated(last) => bytes[len - last..].fill(0),
                Content::ZeroFrom(from) if from < len => bytes[from..].fill(0),
                Content::Any | Content::AsInKernel | Content::ZeroFrom(_) => {}
            }
        }
        self.store_part(main.clone().unwrap_or(0..0));
        let there = main.clone().map_or(vec![0; len], |main| self.model[main].to_vec());
        let mut kernel: Vec<u8> = (0..CANARY + size + CANARY).map(|at| 0x80 | (at * 11) as u8).collect();
        if row.content == Content::AsInKernel {
            kernel[CANARY + row.before..][..len].copy_from_slice(&there);
        }
        let mut kernel_model = kernel.clone();

        // The operation.
        let other = self.layout.start - FRONT * PAGE + OTHER;
        let mut lowered = None;
        let lower = || limit.map(Limit::lower);
        if !row.is_made_before {
            lowered = lower();
        }
        let later = Cell::new(None);
        let made = || {
            if row.is_made_before {
                later.set(lower());
            }
        };
        let traps = front::traps();
        let buffer = &mut kernel[CANARY..CANARY + size];
        let tag = if row.takes_tags() { self.tag } else { Tag::default() };
        let [given, other] = [addr, other].map(|addr| tag.put_on(addr));
        let layout = self.layout;
        let mut call =
            Call { addr: given, len, there: &there, kernel: buffer, other, layout, tag, made: &made };
        let answer = (row.run)(&mut call);
        let traps = front::traps() - traps;
        drop((later, lowered));

        // Its answer.
        let what = format!("{addr:#x}, {len} bytes, limit {limit:x?}: {answer:x?}");
        let done = match (answer, expected.fault) {
            (Answer::Success, None) => len,
            (Answer::Fault(found), Some((done, mut due))) => {
                let less = if expected.done_may_be_less { due.done.saturating_sub(found.done) } else { 0 };
                (due.done, due.addr) = (due.done - less, due.addr - less);
                if expected.access_may_differ {
                    due.access = found.access;
                }
                if expected.kind_may_differ && found.kind != FaultKind::OutOfRange {
                    due.kind = found.kind;
                }
                if found.done > size || found != due {
                    return Err(format!("{what}, expected {due:x?}"));
                }
                done - less
            }
            (_, fault) => return Err(format!("{what}, expected {:x?}", fault.map(|(_, fault)| fault))),
        };
        if traps > 0 && !expected.may_trap {
            return Err(format!("{what}: {traps} traps"));
        }

        // What it has changed.
        let from = main.clone().map_or(0, |main| main.start);
        let before = row.before;
        let kernel_bytes = &mut kernel_model[CANARY..CANARY + size];
        match row.effect {
            Effect::None => {}
            Effect::ToKernel | Effect::ElementsToKernel(_) | Effect::ToKernelZeroing => {
                let done =
                    if let Effect::ElementsToKernel(size) = row.effect { done / size * size } else { done };
                kernel_bytes[..before].copy_from_slice(&self.model[OTHER..OTHER + before]);
                kernel_bytes[before..before + done].copy_from_slice(&there[..done]);
                if row.effect == Effect::ToKernelZeroing {
                    kernel_bytes[done..].fill(0);
                }
            }
            Effect::FromKernel => {
                self.model[OTHER..OTHER + before].copy_from_slice(&kernel_bytes[..before]);
                self.model[from..from + done].copy_from_slice(&kernel_bytes[before..before + done]);
            }
            Effect::FromKernelThenZero(known) => {
                let sent = done.min(known);
                self.model[from..from + sent].copy_from_slice(&kernel_bytes[..sent]);
                self.model[from + sent..from + done].fill(0);
            }
            Effect::Fill(byte) => self.model[from..from + done].fill(byte),
            Effect::ToOther => self.model[OTHER..OTHER + done].copy_from_slice(&there[..done]),
            Effect::FromOther => self.model.copy_within(OTHER..OTHER + done, from),
            Effect::Value if answer == Answer::Success => {
                let (page, at) = (from / PAGE, from % PAGE);
                let value = self.page(page)[at..at + len].to_vec();
                self.model[from..from + len].copy_from_slice(&value);
            }
            Effect::Value => {}
        }
        let user_wrong = self.first_difference().map(|wrong| {
            let found = self.page(wrong / PAGE)[wrong % PAGE];
            format!("{what}: the user's byte {} is {found:#x}", wrong as isize - from as isize)
        });
        // As it was, for the next.
        let touched = [main.unwrap_or(0..0), OTHER..OTHER + size];
        self.model.copy_from_slice(&self.rest);
        for touched in touched {
            self.store_part(touched);
        }
        if let Some(reason) = user_wrong {
            return Err(reason);
        }
        if kernel != kernel_model {
            let wrong = (0..kernel.len()).find(|&at| kernel[at] != kernel_model[at]).unwrap();
            let at = wrong as isize - (CANARY + before) as isize;
            return Err(format!("{what}: the kernel's byte {at} is {:#x}", kernel[wrong]));
        }
        Ok(())
    }
}
