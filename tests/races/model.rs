// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a call must have done, however far it came: said by the test, not by the code.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use crate::{
    Numbers,
    memory::{Area, PAGE},
    operations::{AfterFault, Call, FILL, Operation, Source, Stop},
};

/// What is looked at on both sides of the target.
const MARGIN: usize = 64;

/// Pages of the user sides: bit 0 and 1 are the source's, 2 and 3 the target's.
pub(crate) type Pages = u8;
pub(crate) const ALL: Pages = 0b1111;

/// The memory of all calls of a test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    pub(crate) source: Area,
    pub(crate) target: Area,
    kernel_source: Area,
    kernel_target: Area,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let [source, target] = [Area::user(), Area::user()];
        let [kernel_source, kernel_target] = [Area::kernel(), Area::kernel()];
        let bytes: Vec<u8> = (0..Area::LEN).map(source_byte).collect();
        source.write(0, &bytes);
        kernel_source.write(0, &bytes);
        Self { source, target, kernel_source, kernel_target }
    }

    /// Lets these pages be away, and all others be there, if `former` says which were away. Async-signal-safe.
    pub(crate) fn take_away(&self, pages: Pages, former: &AtomicU8) {
        let changed = pages ^ former.swap(pages, Relaxed);
        if changed & 0b0011 != 0 {
            self.source.set([pages & 1 == 0, pages & 2 == 0]);
        }
        if changed & 0b1100 != 0 {
            self.target.set([pages & 4 == 0, pages & 8 == 0]);
        }
    }
}

/// Sums and combinations of this and [`target_byte`] differ from both, and are no zeros.
const fn source_byte(offset: usize) -> u8 {
    1 + (offset % 61) as u8
}

const fn target_byte(offset: usize) -> u8 {
    0x80 + (offset % 59) as u8
}

/// One call at one place, to be made any number of times.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) call: Call,
    source: Place,
    target: Place,
    /// The target and its margins, before the call and after a whole one.
    old: Vec<u8>,
    new: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    area: Area,
    offset: usize,
    /// The bit of the first page, if it is a user side.
    pages: Option<u32>,
}

impl<'a> Case<'a> {
    /// Where both sides lie is up to `numbers`.
    pub(crate) fn new(scene: &Scene, operation: &'a Operation, len: usize, numbers: &mut Numbers) -> Self {
        let reads_user = operation.source == Source::User;
        let mut place = |user: bool, area: Area, kernel: Area, bit: u32| Place {
            area: if user { area } else { kernel },
            offset: offset(len, numbers) / operation.align * operation.align,
            pages: user.then_some(bit),
        };
        let source = place(reads_user, scene.source, scene.kernel_source, 0);
        let target = place(operation.to_user, scene.target, scene.kernel_target, 2);
        let mut case = Self {
            operation,
            call: Call { src: source.start(), dst: target.start(), len },
            source,
            target,
            old: (0..len + 2 * MARGIN).map(|index| target_byte(target.offset + index)).collect(),
            new: Vec::new(),
        };
        case.write_source();
        let bytes = match operation.source {
            Source::Fill => vec![FILL; len],
            _ => source.area.bytes(source.offset, len).to_vec(),
        };
        case.new = case.old.clone();
        for (new, byte) in case.new[MARGIN..].iter_mut().zip(bytes) {
            *new = (operation.combine)(*new, byte);
        }
        case
    }

    /// Makes the target what it is before a call.
    pub(crate) fn prepare(&self) {
        self.target.area.write(self.target.offset - MARGIN, &self.old);
    }

    /// The target as it is.
    pub(crate) fn target(&self) -> &[u8] {
        self.target.area.bytes(self.target.offset - MARGIN, self.old.len())
    }

    /// Makes the target what [`target`](Self::target) was.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn restore(&self, bytes: &[u8]) {
        self.target.area.write(self.target.offset - MARGIN, bytes);
    }

    /// The user pages that the call needs.
    pub(crate) fn pages(&self) -> Pages {
        self.source.needs(self.call.len) | self.target.needs(self.call.len)
    }

    /// Sets of user pages that may go away together: of each side each, and all of both.
    pub(crate) fn sets(&self) -> Vec<Pages> {
        let needs = self.pages();
        let mut sets: Vec<_> = (1..=ALL)
            .filter(|set| set & !needs == 0 && (*set == needs || set & 3 == 0 || set & 12 == 0))
            .collect();
        sets.sort_by_key(|&set| set != needs);
        sets
    }

    /// Whether a call that ended so, while only pages of `away` were ever away, has done what it must.
    pub(crate) fn check(&self, result: Result<(), Stop>, away: Pages) -> Result<(), String> {
        let done = match result {
            Ok(()) => self.call.len,
            Err(Stop::Wrong(what)) => return Err(what.to_owned()),
            Err(Stop::Fault { done, addr }) => {
                self.check_fault(done, addr, away)?;
                done
            }
        };
        let now = self.target();
        if result.is_err() && self.operation.after_fault == AfterFault::Either {
            let both = self.old.iter().zip(&self.new);
            let wrong = now.iter().zip(both).position(|(now, (old, new))| now != old && now != new);
            return wrong.map_or(Ok(()), |at| Err(format!("byte {} is neither old nor new", at - MARGIN)));
        }
        let nothing = result.is_err() && self.operation.after_fault == AfterFault::Nothing;
        let mut end = MARGIN + if nothing { 0 } else { done };
        if let Err(Stop::Fault { addr, .. }) = result {
            end += self.uncounted(&now[end..], &self.new[end..], addr);
        }
        if now[..end] == self.new[..end] && now[end..] == self.old[end..] {
            return Ok(());
        }
        let is_wrong =
            |index: &usize| now[*index] != if *index < end { self.new[*index] } else { self.old[*index] };
        let wrong: Vec<_> = (0..now.len()).filter(is_wrong).collect();
        let (first, last) = (wrong[0] as isize, wrong[wrong.len() - 1] as isize);
        let margin = MARGIN as isize;
        Err(format!("done {done}, {} bytes wrong in {}..={}", wrong.len(), first - margin, last - margin))
    }

    /// How many bytes behind a fault's count a fill has stored nevertheless.
    ///
    /// Intel's `rep stos` stores 32 bytes at a time. If its page goes away in the middle of the instruction, it may have
    /// stored them and have counted one element only (seen on a Cascade Lake, once in 65 million calls; a `rep movs` never).
    fn uncounted(&self, now: &[u8], new: &[u8], addr: usize) -> usize {
        let is_fill = self.operation.source == Source::Fill && self.call.len > 128;
        let most = if is_fill && is_intel() && !addr.is_multiple_of(PAGE) { 31 } else { 0 };
        now.iter().zip(new).take(most).take_while(|(now, new)| now == new).count()
    }

    fn check_fault(&self, done: usize, addr: usize, away: Pages) -> Result<(), String> {
        if done >= self.call.len {
            return Err(format!("a fault, but {done} bytes are done"));
        }
        let sides = [&self.source, &self.target];
        let Some(side) = sides.iter().find(|side| side.pages.is_some() && addr == side.start() + done) else {
            return Err(format!("the fault is at {addr:#x}, which is on neither side {done} bytes on"));
        };
        // A byte that was there all the time stops no call, unless one before it was away: an access may lie across an
        // edge, or do again the end of what is done.
        let was_away = |at: usize| sides.iter().any(|side| side.page_of(at) & away != 0);
        if side.page_of(done) & away == 0 && !(0..done).any(was_away) {
            return Err(format!("done {done}: the byte at {addr:#x} was there all the time"));
        }
        // What was there all the time must be done, up to the first byte that was not.
        if let Some(first) = (0..self.call.len).find(|&at| was_away(at)).filter(|&first| done < first) {
            return Err(format!("done {done}, but {first} bytes were there all the time"));
        }
        Ok(())
    }

    fn write_source(&self) {
        if self.operation.source != Source::Fill {
            let Place { area, offset, .. } = self.source;
            let mut bytes: Vec<_> = (offset..offset + self.call.len).map(source_byte).collect();
            if self.operation.is_string {
                bytes[self.call.len - 1] = 0;
            }
            area.write(offset, &bytes);
        }
    }
}

impl Drop for Case<'_> {
    fn drop(&mut self) {
        // A string's end is no other's byte.
        if self.operation.is_string {
            let last = self.source.offset + self.call.len - 1;
            self.source.area.write(last, &[source_byte(last)]);
        }
    }
}

impl std::fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = |place: &Place| (place.offset as isize) - PAGE as isize;
        let (name, len) = (&self.operation.name, self.call.len);
        write!(f, "{name}, {len} bytes, source at edge {:+}", side(&self.source))?;
        write!(f, ", target at edge {:+}", side(&self.target))
    }
}

impl Place {
    fn start(&self) -> usize {
        self.area.start + self.offset
    }

    /// The page of a byte.
    fn page_of(&self, at: usize) -> Pages {
        self.pages.map_or(0, |bit| 1 << (bit as usize + (self.offset + at) / PAGE))
    }

    fn needs(&self, len: usize) -> Pages {
        self.page_of(0) | self.page_of(len - 1)
    }
}

/// Whether the CPU is Intel's.
#[cfg(target_arch = "x86_64")]
fn is_intel() -> bool {
    std::arch::x86_64::__cpuid(0).ebx == u32::from_le_bytes(*b"Genu")
}

/// Whether the CPU is Intel's: no other machine's is.
#[cfg(not(target_arch = "x86_64"))]
fn is_intel() -> bool {
    false
}

/// Where a range may begin: in front of the edge between both pages, across it, at it or behind it.
fn offset(len: usize, numbers: &mut Numbers) -> usize {
    let room = 1 + numbers.below(64);
    match numbers.below(8) {
        0 => PAGE - len,
        1 => PAGE - len - room,
        2 => PAGE + room,
        3 => PAGE,
        4 => PAGE - 1 - numbers.below(len.min(16)),
        5 => PAGE - len + numbers.below(len.min(16)),
        _ => PAGE - numbers.below(len),
    }
}

/// The lengths of an operation, of those that are asked for.
pub(crate) fn lengths(operation: &Operation, most: usize) -> impl Iterator<Item = usize> + use<> {
    let size = operation.size;
    (1..=most.max(size.unwrap_or(0))).filter(move |len| size.is_none_or(|size| size == *len))
}

/// What a test has found: how often, and the first and the last length of each operation and path.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) calls: usize,
    pub(crate) faults: usize,
    /// Faults behind the first byte.
    pub(crate) in_mid_call: usize,
    /// Of those, the ones that no edge of a page explains.
    pub(crate) in_mid_page: usize,
    wrong: usize,
    lines: Vec<String>,
    kinds: std::collections::BTreeMap<String, (usize, usize, usize)>,
}

impl Findings {
    /// Takes a call's result down.
    pub(crate) fn note(
        &mut self,
        case: &Case<'_>,
        result: Result<(), Stop>,
        away: Pages,
        when: impl FnOnce() -> String,
    ) {
        self.calls += 1;
        if let Err(Stop::Fault { done, addr }) = result {
            self.faults += 1;
            self.in_mid_call += usize::from(done > 0);
            self.in_mid_page += usize::from(done > 0 && !addr.is_multiple_of(PAGE));
        }
        let Err(error) = case.check(result, away) else { return };
        self.wrong += 1;
        let (name, len) = (&case.operation.name, case.call.len);
        let (count, least, most) = self.kinds.entry(name.clone()).or_insert((0, len, len));
        (*count, *least, *most) = (*count + 1, len.min(*least), len.max(*most));
        if *count <= 3 {
            self.lines.push(format!("{case}, {}: {error}", when()));
        }
    }

    /// Prints the numbers, and panics if anything was wrong.
    pub(crate) fn conclude(self, title: &str) {
        let Self { calls, faults, in_mid_call, in_mid_page, wrong, lines, kinds } = self;
        println!(
            "{title}: {calls} calls, {faults} faults, {in_mid_call} in mid-call, {in_mid_page} of them in mid-page, \
             {wrong} wrong"
        );
        lines.iter().for_each(|line| println!("  {line}"));
        for (name, (count, least, most)) in &kinds {
            println!("  {name}: {count} wrong, of {least} to {most} bytes");
        }
        assert_eq!(wrong, 0, "calls that left other bytes than they said");
        assert!(calls > faults && faults > in_mid_call && in_mid_call > 0, "calls that ended in all ways");
    }
}
