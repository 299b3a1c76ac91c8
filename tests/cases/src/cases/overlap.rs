// SPDX-License-Identifier: MIT OR Apache-2.0
//! Copies in user space onto themselves: contract C4.

use alloc::{format, string::String};

use axptr::Access;

use crate::{
    area::{Area, Content},
    ensure::ensure,
    op::{Api, Call, Op},
    oracle::{Oracle, Side},
    site::{PAGE, PageKind, Site},
};

const LENGTHS: [usize; 17] = [1, 2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 128, 129, 300, PAGE];

pub(crate) fn stays_inside(site: &mut dyn Site) -> Result<(), String> {
    let mut area = Area::user(site, &[PageKind::Good; 4], Content::Background);
    each(|shift, len| overlapping(site, &mut area, PAGE + 100, shift, len))
}

pub(crate) fn stops(site: &mut dyn Site) -> Result<(), String> {
    let kinds = [PageKind::Good, PageKind::Good, PageKind::Unmapped, PageKind::Unmapped];
    let mut area = Area::user(site, &kinds, Content::Background);
    for good in [0, 1, 8, 9, 60, 130] {
        each(|shift, len| overlapping(site, &mut area, 2 * PAGE - good, shift, len))?;
    }
    Ok(())
}

/// Calls `overlapping` with all distances and lengths, on each set of paths.
fn each(mut overlapping: impl FnMut(isize, usize) -> Result<(), String>) -> Result<(), String> {
    for path in axptr::internal::cpu_paths() {
        path.force();
        for len in LENGTHS {
            for shift in -40..=40 {
                overlapping(shift, len)?;
            }
        }
    }
    Ok(())
}

/// Copies `len` bytes at `src` to `shift` bytes further on. What they are then is unspecified.
fn overlapping(
    site: &mut dyn Site,
    area: &mut Area,
    src: usize,
    shift: isize,
    len: usize,
) -> Result<(), String> {
    let dst = src.wrapping_add_signed(shift);
    let side = |offset: usize, access| Side {
        access,
        start: area.at(offset),
        bad: area.first_bad(offset..offset + len, access),
    };
    let sides = [side(src, Access::Read), side(dst, Access::Write)];
    let oracle = Oracle { op: Op::InUser, len, sides: &sides, handler: site.handler() };
    let (from, to) = (area.at(src), area.at(dst));
    let call = Call { op: Op::InUser, api: Api::Typed, dst: to, src: from, byte: 0, len };
    let before = site.traps();
    // SAFETY: (1) there is no kernel side; (2) the area is user memory.
    let answer = unsafe { call.run() };
    let traps = site.traps() - before;
    let end = dst + oracle.copied();
    let outside = area.first_wrong(0..dst).or_else(|| area.first_wrong(end..area.len()));
    area.restore(0..area.len());
    let what = || format!("{len} bytes, {shift} further on, {sides:x?}");
    ensure!(oracle.agrees(answer), "{answer:x?}, expected {}: {}", oracle.copied(), what());
    ensure!(oracle.traps().contains(&traps), "{traps} traps: {}", what());
    ensure!(outside.is_none(), "byte {outside:?} outside of {dst}..{end} was written: {}", what());
    Ok(())
}
