// SPDX-License-Identifier: MIT OR Apache-2.0
//! A file that is cut off and made longer again while its mapping is read and written: whatever a call says, the bytes
//! are so.

use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use axptr::{Fault, FaultKind};

use crate::mapped::{Mapped, PAGE, SIZE};

/// What the file never loses.
const ALWAYS: usize = 3 * PAGE;
const TIME: Duration = Duration::from_secs(20);
const CANARY: u8 = 0xee;

#[derive(Debug, Default)]
struct Sums {
    calls: u64,
    faults: u64,
    wrong: u64,
}

pub fn run() -> ExitCode {
    let (mapped, ends) = (Mapped::new(), AtomicBool::new(false));
    let sums = thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = fastrand::Rng::with_seed(1);
            while !ends.load(Ordering::Relaxed) {
                mapped.file.set_len(random.usize(ALWAYS..SIZE) as u64).expect("it can be cut off");
                mapped.file.set_len(SIZE as u64).expect("it can be made longer");
            }
        });
        let sums = read(&mapped);
        ends.store(true, Ordering::Relaxed);
        sums
    });
    println!("{} calls, {} of them met the end of the file, {} wrong", sums.calls, sums.faults, sums.wrong);
    if sums.wrong == 0 && sums.faults > 1000 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(mapped: &Mapped) -> Sums {
    let (mut random, mut sums, start) = (fastrand::Rng::with_seed(2), Sums::default(), Instant::now());
    let mut buf = vec![0; SIZE];
    while start.elapsed() < TIME {
        let at = random.usize(0..SIZE);
        let len = random.usize(0..=(SIZE - at).min(3 * PAGE));
        let addr = mapped.start() + at;
        let writes = random.u8(0..4) == 0;
        let buf = &mut buf[..len];
        let answer = if writes {
            // What is there anyway: the readers' model does not change.
            for (index, byte) in buf.iter_mut().enumerate() {
                *byte = Mapped::byte(at + index);
            }
            axptr::copy_to_user(addr, buf)
        } else {
            buf.fill(CANARY);
            axptr::copy_from_user(buf, addr)
        };
        sums.calls += 1;
        sums.faults += u64::from(answer.is_err());
        let judged = judge(answer, at, len, addr)
            .and_then(|done| if writes { Ok(()) } else { bytes_are(buf, at, done) });
        if let Err(what) = judged {
            sums.wrong += 1;
            println!("{len} bytes at {at}: {what}");
        }
    }
    sums
}

/// How many bytes are done.
fn judge(answer: Result<(), Fault>, at: usize, len: usize, addr: usize) -> Result<usize, String> {
    let Err(fault) = answer else { return Ok(len) };
    let possible = fault.done < len
        && fault.addr == addr + fault.done
        && fault.kind == FaultKind::Bus
        && at + fault.done >= ALWAYS;
    if possible { Ok(fault.done) } else { Err(format!("{fault:?}")) }
}

/// What was done is what the file held, or the zeros of a page that was cut off; what was not is as before.
fn bytes_are(buf: &[u8], at: usize, done: usize) -> Result<(), String> {
    let good = |index: usize| match buf[index] {
        0 => index < done && at + index >= ALWAYS,
        CANARY if index >= done => true,
        byte => index < done && byte == Mapped::byte(at + index),
    };
    match (0..buf.len()).find(|&index| !good(index)) {
        None => Ok(()),
        Some(index) => Err(format!("byte {index} is {}, and {done} are done", buf[index])),
    }
}
