// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values and strings at every position around a page's edge.

use alloc::{format, string::String, vec};
use core::{ptr, slice};

use axptr::{
    Access, UserConstPtr,
    cstr::StringError,
    internal::{choose_by_cpu, cpu_paths},
};

use crate::{
    area::{Area, Content},
    ensure::ensure,
    expect::{demand_traps, due},
    forms::{FORMS, Form, MOST},
    site::{PAGE, PageKind, Site},
    sweep::Report,
};

use PageKind::{Good, Unmapped};

/// Pages in front of the edge and behind it.
const LAYOUTS: [[PageKind; 4]; 3] = [
    [Good, Good, Unmapped, Unmapped],
    [Unmapped, Unmapped, Good, Good],
    [Unmapped, Unmapped, Unmapped, Unmapped],
];
const EDGE: usize = 2 * PAGE;
/// Pages of kernel memory: as many as the longest string needs that is asked for.
const FENCED: usize = 3;

/// Checks them all; of strings, one length in `stride`; of values, one position in three where that is large, which
/// still is every alignment.
pub fn sweep_small(site: &mut dyn Site, stride: usize) -> Report {
    let step = if stride > 8 { 3 } else { 1 };
    let mut report = Report::default();
    let mut fenced = Area::kernel(site, FENCED, Content::Background);
    for layout in LAYOUTS {
        let mut area = Area::user(site, &layout, Content::Source);
        for form in FORMS {
            for offset in (EDGE - form.size - 16..EDGE + 16).step_by(step) {
                report.count(read(site, &area, *form, offset));
                report.count(write(site, &mut area, *form, offset));
            }
        }
        for before in (0..=80).chain([PAGE - 1, PAGE, PAGE + 1]) {
            for len in (0..=96).step_by(stride).chain([PAGE - 1, PAGE, PAGE + 9]) {
                strings(site, &mut area, &mut fenced, [EDGE - before, len], &mut report);
            }
        }
    }
    report
}

fn read(site: &mut dyn Site, area: &Area, form: Form, offset: usize) -> Result<(), String> {
    let due = due(site, area, offset, form.size, Access::Read, form.nofault);
    let mut bytes = [0; MOST];
    let before = site.traps();
    let result = (form.read)(area.at(offset), &mut bytes[..form.size]);
    let what = || format!("reading {} at {}: {result:x?}", form.name, offset as isize - EDGE as isize);
    demand_traps(site, before, traps(due.map(|fault| fault.done), offset, form.size))
        .map_err(|reason| format!("{}: {reason}", what()))?;
    let expected = due.map_or(Ok(()), Err);
    ensure!(result == expected, "{}, expected {expected:x?}", what());
    let wrong = result.is_ok() && bytes[..form.size] != *area.expected(offset..offset + form.size);
    ensure!(!wrong, "{}: {:x?}", what(), &bytes[..form.size]);
    Ok(())
}

fn write(site: &mut dyn Site, area: &mut Area, form: Form, offset: usize) -> Result<(), String> {
    let due = due(site, area, offset, form.size, Access::Write, form.nofault);
    // No byte of it is one of the area's, and its neighbours differ.
    let value: [u8; MOST] = core::array::from_fn(|index| 0x80 | (index * 5) as u8);
    let value = &value[..form.size];
    let before = site.traps();
    let result = (form.write)(area.at(offset), value);
    let what = || format!("writing {} at {}: {result:x?}", form.name, offset as isize - EDGE as isize);
    let copied = due.map_or(form.size, |fault| fault.done);
    let around = offset - 16..offset + form.size + 16;
    let wrong = area
        .first_difference(offset, &value[..copied])
        .or_else(|| area.first_wrong(around.start..offset))
        .or_else(|| area.first_wrong(offset + copied..around.end));
    area.restore(around);
    ensure!(wrong.is_none(), "{}: byte {wrong:?} is wrong", what());
    demand_traps(site, before, traps(due.map(|fault| fault.done), offset, form.size))
        .map_err(|reason| format!("{}: {reason}", what()))?;
    let expected = due.map_or(Ok(()), Err);
    ensure!(result == expected, "{}, expected {expected:x?}", what());
    Ok(())
}

/// One, or two if the first byte is bad and the value goes on behind the edge (contract C16).
fn traps(copied: Option<usize>, offset: usize, size: usize) -> core::ops::RangeInclusive<usize> {
    let crosses = offset < EDGE && offset + size > EDGE;
    match copied {
        None => 0..=0,
        Some(0) if crosses => 1..=2,
        Some(_) => 1..=1,
    }
}

/// Strings of `len` bytes and a terminator, with limits around that.
fn strings(
    site: &mut dyn Site,
    area: &mut Area,
    fenced: &mut Area,
    [offset, len]: [usize; 2],
    report: &mut Report,
) {
    let end = offset + len;
    if end >= area.len() {
        return;
    }
    let former = area.expected(end..end + 1)[0];
    area.put(end, &[0]);
    for max in
        [0, 1, len.saturating_sub(7), len.saturating_sub(1), len, len + 1, len + 2, len + 9, len + PAGE]
    {
        for nofault in [false, true] {
            report.count(string(site, area, fenced, [offset, len], max, nofault));
        }
    }
    area.put(end, &[former]);
}

/// Counts and copies strings on each set of paths that this CPU can take: from `step` to `step` bytes, each distance of the
/// start to a page's edge, up to `most` bytes. In front of each string and behind it stand other zeros.
pub fn sweep_strings(site: &mut dyn Site, [step, most]: [usize; 2]) -> Report {
    let mut report = Report::default();
    let mut fenced = Area::kernel(site, FENCED, Content::Background);
    for layout in LAYOUTS {
        let mut area = Area::user(site, &layout, Content::Source);
        for path in cpu_paths() {
            path.force();
            for (before, len) in (1..=most).flat_map(|b| (0..=most).step_by(step).map(move |l| (b, l))) {
                // So that each length meets each alignment, though not each edge.
                let offset = EDGE - before;
                let len = len + before % step;
                let zeros = [offset - 1, offset + len, offset + len + 5];
                let former = zeros.map(|zero| area.expected(zero..zero + 1)[0]);
                zeros.iter().for_each(|&zero| area.put(zero, &[0]));
                for max in [len / 2, len, len + 1, len + 200] {
                    let outcome = string(site, &area, &mut fenced, [offset, len], max, before % 2 == 0);
                    report.count(outcome.map_err(|reason| format!("{}: {reason}", path.name())));
                }
                zeros.iter().zip(former).for_each(|(&zero, byte)| area.put(zero, &[byte]));
            }
        }
    }
    choose_by_cpu();
    report
}

/// Looks at a string of `len` bytes by its length, and copies it into `max` bytes with a fence behind them.
fn string(
    site: &mut dyn Site,
    area: &Area,
    fenced: &mut Area,
    [offset, len]: [usize; 2],
    max: usize,
    nofault: bool,
) -> Result<(), String> {
    const CANARY: u8 = 0xee;
    let needed = max.min(len + 1);
    let due = due(site, area, offset, needed, Access::Read, nofault);
    let expected = match due {
        Some(fault) => Err(StringError::Fault(fault)),
        None if needed == len + 1 => Ok(len),
        None => Err(StringError::TooLong),
    };
    let stored = due.map_or(needed, |fault| fault.done);
    let start = fenced.len() - max;
    fenced.put(start, &vec![CANARY; max]);
    let user = UserConstPtr::<u8>::from(area.at(offset)).as_cstr();

    let before = site.traps();
    // SAFETY: kernel memory of the area's, which nobody looks at meanwhile.
    let buf = unsafe { slice::from_raw_parts_mut(ptr::with_exposed_provenance_mut(fenced.at(start)), max) };
    let result = if nofault { user.nofault().read(buf) } else { user.read(buf) };
    let result = result.map(|text| text.count_bytes());
    let what = || format!("{len} bytes at {} into {max}, {result:x?}", offset as isize - EDGE as isize);
    let traps = usize::from(due.is_some());
    demand_traps(site, before, traps..=traps).map_err(|reason| format!("{}: {reason}", what()))?;
    ensure!(result == expected, "{}, expected {expected:x?}", what());
    let wrong = fenced.first_difference(start, area.expected(offset..offset + stored));
    ensure!(wrong.is_none(), "{}: wrong bytes", what());
    ensure!(fenced.first_wrong(start + stored..fenced.len()).is_none(), "{}: bytes behind the end", what());
    let before = start.saturating_sub(64)..start;
    ensure!(fenced.first_wrong(before).is_none(), "{}: bytes before the start", what());
    fenced.restore(start..start + stored);

    let before = site.traps();
    let counted = if nofault { user.nofault().len(max) } else { user.len(max) };
    ensure!(counted == expected, "{}, its length {counted:x?}", what());
    demand_traps(site, before, traps..=traps).map_err(|reason| format!("{}: length: {reason}", what()))
}
