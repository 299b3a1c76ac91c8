// SPDX-License-Identifier: MIT OR Apache-2.0
//! Fills that are longer than those of the sweep: in a process on x86_64 they go by another instruction.

use alloc::{format, string::String, vec};

use axptr::{
    internal::{choose_by_cpu, cpu_paths},
    nofault,
};

use crate::{
    ensure::ensure,
    site::{PAGE, PageKind, Site},
    sweep::Report,
};

/// 280 KiB.
const PAGES: usize = 70;
const GOOD: usize = PAGES * PAGE;

/// Fills up to the end of good pages and beyond, on each set of paths that this CPU can take.
pub fn sweep_large_fills(site: &mut dyn Site) -> Report {
    let mut kinds = vec![PageKind::Good; PAGES];
    kinds.extend([PageKind::Unmapped; 2]);
    let base = site.map(&kinds);
    let mut memory = vec![0; GOOD];
    let (mut report, mut byte) = (Report::default(), 0_u8);
    for path in cpu_paths() {
        path.force();
        let places =
            [0, 1, 31, 4095].into_iter().flat_map(|start| [0, 1, 5000].map(|behind| [start, behind]));
        for (place, nofault) in places.flat_map(|place| [(place, false), (place, true)]) {
            byte = byte.wrapping_add(37);
            let outcome = fill(base, place, byte, nofault, &mut memory);
            report.count(outcome.map_err(|reason| format!("{}, {place:?}: {reason}", path.name())));
        }
    }
    choose_by_cpu();
    report
}

fn fill(
    base: usize,
    [start, behind]: [usize; 2],
    byte: u8,
    nofault: bool,
    memory: &mut [u8],
) -> Result<(), String> {
    axptr::fill_user(base, !byte, PAGE).map_err(|fault| format!("{fault:?}"))?;
    let (dst, len) = (base + start, GOOD - start + behind);
    let result = if nofault { nofault::fill_user(dst, byte, len) } else { axptr::fill_user(dst, byte, len) };
    let exact = match result {
        Ok(()) => behind == 0,
        Err(fault) => behind > 0 && (fault.done, fault.addr) == (GOOD - start, base + GOOD),
    };
    ensure!(exact, "{result:x?}");
    axptr::copy_from_user(memory, base).map_err(|fault| format!("{fault:?}"))?;
    let wrong = memory.iter().enumerate().position(|(at, &is)| is != if at < start { !byte } else { byte });
    ensure!(wrong.is_none(), "byte {wrong:?} is wrong");
    Ok(())
}
