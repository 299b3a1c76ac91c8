// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lookups in tables of any bytes: damaged, unsorted, torn.
#![no_main]

use arbitrary::Arbitrary;
use axptr::{
    Access, FaultKind,
    extable::{Entry, Table, TableError},
    trap::{self, Recovery, Report, TrapFrame},
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    entries: Vec<Raw>,
    /// Bytes that are missing at the end.
    torn: u8,
    sort: bool,
    pc: Pc,
    access: Option<bool>,
    kind: u8,
    addr: Option<u64>,
    repairs: bool,
    text: Option<(i32, i32)>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Pc {
    OfEntry(u8),
    Beside(u8, i8),
    Any(u64),
}

/// An entry's fields: instruction relative to itself, landing relative to the instruction, flags.
#[derive(Arbitrary, Clone, Copy, Debug)]
#[repr(C)]
struct Raw {
    insn: i32,
    landing: i16,
    flags: u16,
}

/// The flag of the self test's own entries. They end the kernel if they are met for ever, as they are here.
const OF_THE_SELF_TEST: u16 = 32;

struct Frame {
    pc: usize,
    cause: usize,
}

// SAFETY: (1) to (4) nothing ever resumes.
unsafe impl TrapFrame for Frame {
    fn pc(&self) -> usize {
        self.pc
    }
    fn set_pc(&mut self, pc: usize) {
        self.pc = pc;
    }
    fn set_cause(&mut self, value: usize) {
        self.cause = value;
    }
}

const KINDS: [FaultKind; 5] = [
    FaultKind::NotPresent,
    FaultKind::Permission,
    FaultKind::NonCanonical,
    FaultKind::Poison,
    FaultKind::Unknown,
];

fuzz_target!(|input: Input| {
    let mut raw = input.entries;
    raw.truncate(64);
    for entry in &mut raw {
        entry.flags &= !OF_THE_SELF_TEST;
    }
    // Where they will lie decides what they mean.
    let base = raw.as_ptr().addr();
    let insn = |index: usize, raw: &Raw| (base + index * 8).wrapping_add_signed(raw.insn as isize);
    if input.sort {
        let mut insns: Vec<(usize, Raw)> =
            raw.iter().enumerate().map(|(i, raw)| (insn(i, raw), *raw)).collect();
        insns.sort_by_key(|(insn, _)| *insn);
        for (index, (insn, old)) in insns.into_iter().enumerate() {
            let distance = insn.wrapping_sub(base + index * 8) as isize;
            raw[index] = Raw { insn: distance.clamp(i32::MIN as isize, i32::MAX as isize) as i32, ..old };
        }
    }
    let start = raw.as_ptr().cast::<Entry>();
    let bytes = (raw.len() * 8).saturating_sub(usize::from(input.torn) % 12);
    let stop = start.wrapping_byte_add(bytes);
    // SAFETY: (1) the vector outlives it. (2) No entry is one of the crate's, but nothing here resumes at a landing.
    let table = unsafe { Table::from_raw(start, stop) };
    let Ok(table) = table else {
        let error = table.unwrap_err();
        assert_eq!(error, if bytes == 0 { TableError::Empty } else { TableError::Torn });
        assert!(bytes == 0 || !bytes.is_multiple_of(8));
        return;
    };
    assert!(bytes != 0 && bytes.is_multiple_of(8));
    let raw = &raw[..bytes / 8];
    let insns: Vec<usize> = raw.iter().enumerate().map(|(index, raw)| insn(index, raw)).collect();
    let landings: Vec<usize> =
        insns.iter().zip(raw).map(|(insn, raw)| insn.wrapping_add_signed(raw.landing as isize)).collect();
    check(&table, raw, &insns, &landings, input.text);

    let pc = match input.pc {
        Pc::OfEntry(index) => insns[usize::from(index) % insns.len()],
        Pc::Beside(index, distance) => {
            insns[usize::from(index) % insns.len()].wrapping_add_signed(distance.into())
        }
        Pc::Any(pc) => pc as usize,
    };
    let access = input.access.map(|write| if write { Access::Write } else { Access::Read });
    let kind = KINDS[usize::from(input.kind) % KINDS.len()];
    let found = table.find(pc);
    let last = insns.iter().rposition(|&insn| insn == pc);
    let entry = found.map(|entry| (&raw const *entry).addr().wrapping_sub(base) / 8);
    assert_eq!(entry, last, "of equal ones the last");
    let landing = table.lookup(pc, access, kind);
    let accepted = found.is_some_and(|entry| entry.accepts(access));
    assert_eq!(landing.is_some(), accepted);
    if let (Some(landing), Some(last)) = (landing, last) {
        assert_eq!(landing.pc(), landings[last]);
        assert_ne!(landing.cause(), 0);
    }

    let mut frame = Frame { pc, cause: 0 };
    let mut asked = None;
    let addr = input.addr.map(|addr| addr as usize);
    let report = Report { access, kind, addr, ..Report::default() };
    let recovery = trap::recover_in(&table, &mut frame, report, |addr, access| {
        asked = Some((addr, access));
        input.repairs
    });
    if let Some((given, side)) = asked {
        assert_eq!(Some(given), addr);
        assert!(access.is_none_or(|access| access == side));
        assert!(matches!(kind, FaultKind::NotPresent | FaultKind::Permission));
        assert!(found.is_some_and(|entry| !entry.is_nofault()));
    }
    match recovery {
        Recovery::NotOurs => {
            assert!(!accepted && asked.is_none());
            assert_eq!((frame.pc, frame.cause), (pc, 0));
        }
        Recovery::Repaired => {
            assert!(asked.is_some() && input.repairs);
            assert_eq!((frame.pc, frame.cause), (pc, 0));
        }
        Recovery::Landed => {
            assert!(accepted && !(asked.is_some() && input.repairs));
            assert_eq!(Some(frame.pc), last.map(|last| landings[last]));
        }
    }
});

fn check(table: &Table, raw: &[Raw], insns: &[usize], landings: &[usize], text: Option<(i32, i32)>) {
    assert_eq!(table.entries().len(), raw.len());
    let text = text.map(|(from, to)| {
        let at = |distance: i32| raw.as_ptr().addr().wrapping_add_signed(distance as isize);
        at(from.min(to))..at(from.max(to))
    });
    let answer = table.check(text.clone());
    let descends = (1..raw.len()).find(|&index| insns[index - 1] > insns[index]);
    match (answer, descends) {
        (Err(TableError::Unsorted { index }), Some(first)) => assert_eq!(index, first),
        (Err(TableError::Conflict { index }), None) => {
            assert_eq!(insns[index - 1], insns[index]);
            let same =
                raw[index - 1].landing == raw[index].landing && raw[index - 1].flags == raw[index].flags;
            assert!(!same);
        }
        (Err(TableError::OutsideText { index }), None) => {
            let text = text.expect("a text was given");
            let outside = |at: usize| !text.contains(&insns[at]) || !text.contains(&landings[at]);
            assert_eq!((0..raw.len()).find(|&at| outside(at)), Some(index));
        }
        (Ok(()), None) => {}
        (answer, _) => panic!("{answer:?}, and the first that descends is {descends:?}"),
    }
}
