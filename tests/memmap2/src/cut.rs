// SPDX-License-Identifier: MIT OR Apache-2.0
//! A file that has been cut off: each transfer ends exactly where the last page of the file does.

use std::process::ExitCode;

use axptr::{Access, Fault, FaultKind};

use crate::mapped::{Mapped, PAGE, SIZE};

const CANARY: u8 = 0xee;

pub fn run() -> ExitCode {
    let (mut mapped, mut cases, mut wrong) = (Mapped::new(), 0, 0);
    for file in [5 * PAGE, 5 * PAGE - 1, 4 * PAGE + 1, 0] {
        mapped.file.set_len(file as u64).expect("a file can be made shorter");
        let edge = file.next_multiple_of(PAGE);
        let lens = (1..=136).chain([255, 256, 511, 512, 513, 1000, 2048, PAGE, PAGE + 1, 2 * PAGE]);
        for len in lens {
            for before in (0..=len).filter(|at| *at < 20 || at + 20 > len || at % 37 == 0) {
                let Some(start) = edge.checked_sub(before) else { continue };
                cases += 1;
                if let Err(what) = transfer(&mut mapped, file, start, len, before) {
                    wrong += 1;
                    println!("{len} bytes, {before} of them in a file of {file}: {what}");
                }
            }
        }
        mapped.file.set_len(SIZE as u64).expect("a file can be made longer");
        mapped.fill(SIZE);
    }
    println!("{cases} cases, {wrong} wrong");
    if wrong == 0 && cases > 10_000 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Reads and writes `len` bytes, of which `before` lie in pages that the file has.
fn transfer(mapped: &mut Mapped, file: usize, start: usize, len: usize, before: usize) -> Result<(), String> {
    let addr = mapped.start() + start;
    let due = |access, told: Result<(), Fault>| match told {
        Ok(()) if before == len => Ok(()),
        Err(fault)
            if before < len
                && (fault.done, fault.addr, fault.access, fault.kind)
                    == (before, addr + before, access, FaultKind::Bus) =>
        {
            Ok(())
        }
        other => Err(format!("{access:?}: {other:?}")),
    };
    let mut buf = vec![CANARY; len];
    due(Access::Read, axptr::copy_from_user(&mut buf, addr))?;
    // Behind the file's end its last page is 0.
    let held = |at: usize| if at < file { Mapped::byte(at) } else { 0 };
    let expected = |at| if at < before { held(start + at) } else { CANARY };
    if let Some(at) = (0..len).find(|&at| buf[at] != expected(at)) {
        return Err(format!("byte {at} that was read is {}, and should be {}", buf[at], expected(at)));
    }

    let new: Vec<u8> = (0..len).map(|at| !Mapped::byte(start + at)).collect();
    due(Access::Write, axptr::copy_to_user(addr, &new))?;
    let contents = mapped.contents(file);
    let expected = |at: usize| {
        let written = at.checked_sub(start).filter(|&at| at < before);
        written.map_or(Mapped::byte(at), |at| new[at])
    };
    if let Some(at) = (0..file).find(|&at| contents[at] != expected(at)) {
        return Err(format!("byte {at} of the file is {}, and should be {}", contents[at], expected(at)));
    }
    mapped.fill(file);
    // Zeros again where the file ends inside a page.
    let tail = file.next_multiple_of(PAGE) - file;
    axptr::fill_user(mapped.start() + file, 0, tail).map_err(|fault| format!("the tail: {fault}"))
}
