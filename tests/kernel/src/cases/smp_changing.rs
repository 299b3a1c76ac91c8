// SPDX-License-Identifier: MIT OR Apache-2.0
//! All CPUs copy and fault while one of them maps, unmaps and protects the pages.
//!
//! Each of the copying CPUs has pages of its own and knows what they must hold. The last CPU takes pages away, gives
//! their frames another content as if they served somebody else, looks whether anybody touches them all the same,
//! and puts all back; or forbids writing for a while.

use alloc::{format, string::String, vec, vec::Vec};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axhal::{mem::virt_to_phys, paging::MappingFlags};
use axptr::{
    Access, Fault, FaultKind, UserConstPtr, UserPtr, is_accessing_user_memory,
    raw::{self, Outcome},
    region,
};
use memory_addr::va;

use super::smp::BASE;
use crate::{
    arch::{self, window},
    ensure,
    smp::{self, rng::Rng, shootdown},
    space::{self, Locked, PAGE},
    task::{READ_ONLY, READ_WRITE},
};

/// The pages of each CPU that come and go, and those behind them that stay.
const PAGES: usize = 6;
const STAYING: usize = PAGES;
const LEN: usize = PAGES * PAGE;

/// How often a page goes or is protected.
const CHANGES: usize = 200;

/// What a frame holds while it serves somebody else; never what a copy writes.
const FOREIGN: u8 = 0xf5;
/// What stands where no byte may arrive; never what a copy writes.
const CANARY: u8 = 0xee;

/// Where a CPU's pages are.
fn start(rank: usize) -> usize {
    BASE + rank * 2 * (PAGES + STAYING) * PAGE
}

/// Frames that belong to this case, not to axmm: they are not freed with their mapping.
struct Frames(*mut [u8; PAGE]);

// SAFETY: used by the CPU that copies before and behind the changes, and in between by the one that changes.
unsafe impl Send for Frames {}
// SAFETY: as above.
unsafe impl Sync for Frames {}

impl Frames {
    /// As many as a CPU has pages; they stay allocated for good.
    fn new() -> Self {
        #[repr(align(4096))]
        #[derive(Clone)]
        struct Frame(#[expect(dead_code, reason = "reached through pointers")] [u8; PAGE]);
        Self(vec![Frame([0; PAGE]); PAGES + STAYING].leak().as_mut_ptr().cast())
    }

    fn page(&self, index: usize) -> *mut [u8; PAGE] {
        self.0.wrapping_add(index)
    }

    fn read(&self, index: usize) -> [u8; PAGE] {
        // SAFETY: the frame is ours. What user mappings do to it meanwhile is what the reader looks for.
        unsafe { self.page(index).read_volatile() }
    }

    fn write(&self, index: usize, content: &[u8; PAGE]) {
        // SAFETY: as above.
        unsafe { self.page(index).write_volatile(*content) };
    }

    fn map(&self, rank: usize, index: usize, flags: MappingFlags) {
        let frame = virt_to_phys(va!(self.page(index).addr()));
        let page = start(rank) + index * PAGE;
        let mapped = space::space().lock().areas.map_linear(va!(page), frame, PAGE, flags);
        assert_eq!(mapped, Ok(()), "page {index} of rank {rank}");
    }
}

fn unmap(rank: usize, index: usize) {
    let unmapped = space::space().lock().areas.unmap(va!(start(rank) + index * PAGE), PAGE);
    assert_eq!(unmapped, Ok(()), "page {index} of rank {rank}");
}

fn protect(rank: usize, index: usize, flags: MappingFlags) {
    let page = va!(start(rank) + index * PAGE);
    let protected = space::space().lock().areas.protect(page, PAGE, flags);
    assert!(protected.is_ok(), "page {index} of rank {rank}: {protected:?}");
}

/// How many operations ended how.
#[derive(Default)]
struct Ended {
    whole: AtomicUsize,
    at_a_hole: AtomicUsize,
    at_a_protected_page: AtomicUsize,
}

/// The operations. The last two have no pager, and those of region mode may refuse all.
const OPS: [(&str, Access); 11] = [
    ("copy_from_user", Access::Read),
    ("copy_to_user", Access::Write),
    ("fill_user", Access::Write),
    ("copy_in_user, source", Access::Read),
    ("copy_in_user, destination", Access::Write),
    ("read_slice", Access::Read),
    ("write_slice", Access::Write),
    ("region::copy_from_user", Access::Read),
    ("region::copy_to_user", Access::Write),
    ("nofault::copy_from_user", Access::Read),
    ("nofault::copy_to_user", Access::Write),
];
const IN_REGIONS: core::ops::Range<usize> = 7..9;

/// Does it to `kernel.len()` bytes at `user`; `partner` is as much user memory that stays.
fn run(op: usize, user: usize, partner: usize, kernel: &mut [u8]) -> Result<(), Stop> {
    let result = match op {
        0 => axptr::copy_from_user(kernel, user),
        1 => axptr::copy_to_user(user, kernel),
        2 => axptr::fill_user(user, kernel.first().copied().unwrap_or_default(), kernel.len()),
        3 => {
            axptr::copy_to_user(partner, kernel).expect("it stays");
            let result = axptr::copy_in_user(partner, user, kernel.len());
            axptr::copy_from_user(kernel, partner).expect("it stays");
            result
        }
        4 => {
            axptr::copy_to_user(partner, kernel).expect("it stays");
            axptr::copy_in_user(user, partner, kernel.len())
        }
        5 => UserConstPtr::<u8>::new(user).read_slice(kernel),
        6 => UserPtr::<u8>::new(user).write_slice(kernel),
        7 => region::copy_from_user(Locked, kernel, user),
        8 => region::copy_to_user(Locked, user, kernel),
        9 => {
            // SAFETY: (1) a buffer of ours. (2) User memory.
            let outcome = unsafe { raw::nofault::copy_from_user(kernel.as_mut_ptr(), user, kernel.len()) };
            return stop(outcome, user, kernel.len(), Access::Read);
        }
        _ => {
            // SAFETY: (1) a buffer of ours. (2) User memory.
            let outcome = unsafe { raw::nofault::copy_to_user(user, kernel.as_ptr(), kernel.len()) };
            return stop(outcome, user, kernel.len(), Access::Write);
        }
    };
    result.map_err(Stop::from)
}

/// What stopped an operation.
#[derive(Debug)]
struct Stop {
    copied: usize,
    addr: usize,
    access: Access,
    kind: FaultKind,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self { copied: fault.copied, addr: fault.addr, access: fault.access, kind: fault.kind }
    }
}

fn stop(outcome: Outcome, user: usize, len: usize, access: Access) -> Result<(), Stop> {
    match outcome.left() {
        0 => Ok(()),
        left => {
            let copied = len - left;
            Err(Stop { copied, addr: user + copied, access, kind: outcome.kind() })
        }
    }
}

/// Copies until `stop`, and checks each byte of what can be seen.
fn copy(rank: usize, frames: &Frames, stop: &AtomicBool, ended: &Ended) -> Result<(), String> {
    let mut rng = Rng::new(rank);
    let mut model = vec![0_u8; LEN];
    let partner = start(rank) + LEN;
    while !stop.load(Ordering::Acquire) {
        shootdown::poll();
        let op = rng.below(OPS.len());
        let (name, access) = OPS[op];
        let most = if rng.below(4) == 0 { LEN } else { 200 };
        let offset = rng.below(LEN);
        let len = rng.below(most.min(LEN - offset) + 1);
        let seed = rng.below(64);
        let new = |index: usize| if op == 2 { 0x40 | seed as u8 } else { (0x40 + (index + seed) % 64) as u8 };
        let mut kernel: Vec<u8> = match access {
            Access::Read => vec![CANARY; len],
            Access::Write => (0..len).map(new).collect(),
        };
        let user = start(rank) + offset;
        let what = || format!("{name} of {len} bytes at page {} + {}", offset / PAGE, offset % PAGE);
        let result = run(op, user, partner, &mut kernel);
        let copied = match result {
            Ok(()) => {
                ended.whole.fetch_add(1, Ordering::Relaxed);
                len
            }
            Err(fault) => {
                let whole_range =
                    IN_REGIONS.contains(&op) && (fault.copied, fault.kind) == (0, FaultKind::Permission);
                let counter = match (fault.kind, access) {
                    // Where the machine does not tell the two apart, holes are counted here too.
                    (arch::FORBIDDEN, Access::Write) => &ended.at_a_protected_page,
                    (FaultKind::NotPresent, _) => &ended.at_a_hole,
                    _ if whole_range => &ended.at_a_hole,
                    _ => return Err(format!("{}: {fault:x?}", what())),
                };
                counter.fetch_add(1, Ordering::Relaxed);
                let at_a_page = fault.copied == 0 || fault.addr.is_multiple_of(PAGE);
                let consistent = fault.addr == user + fault.copied && fault.access == access;
                ensure!(at_a_page && consistent && fault.copied < len, "{}: {fault:x?}", what());
                fault.copied
            }
        };
        ensure!(!is_accessing_user_memory(), "{}: the flag stayed set", what());
        ensure!(!window::is_open() || !window::is_enforced(), "{}: the window stayed open", what());
        match access {
            Access::Read => {
                let wrong = (0..copied).find(|&index| kernel[index] != model[offset + index]);
                ensure!(wrong.is_none(), "{}: byte {wrong:?} is {:#x}", what(), kernel[wrong.unwrap_or(0)]);
                let rest = kernel[copied..].iter().all(|&byte| byte == CANARY);
                ensure!(rest, "{}: bytes behind the fault", what());
            }
            Access::Write => {
                for index in 0..copied {
                    model[offset + index] = new(index);
                }
            }
        }
    }
    // All pages are back.
    for (index, page) in model.chunks(PAGE).enumerate() {
        let frame = frames.read(index);
        let wrong = frame.iter().zip(page).position(|(found, expected)| found != expected);
        ensure!(wrong.is_none(), "page {index} holds something else from byte {wrong:?} on");
    }
    Ok(())
}

/// Takes pages away from the others and gives them back.
fn change(all: &[Frames]) -> Result<(), String> {
    let mut rng = Rng::new(99);
    let me = all.len() - 1;
    let mut bytes = vec![0; PAGE];
    // What this CPU copies meanwhile, from a page that stays into a hole.
    let mut meanwhile = || -> Result<(), String> {
        let stays = start(me) + LEN;
        let result = axptr::copy_from_user(&mut bytes, stays);
        ensure!(result == Ok(()), "{result:x?}");
        let fault = axptr::copy_in_user(space::HOLE.start(), stays, PAGE);
        ensure!(fault.is_err_and(|fault| fault.copied == 0), "{fault:x?}");
        Ok(())
    };
    for round in 0..CHANGES {
        let (rank, index) = (rng.below(me), rng.below(PAGES));
        let frames = &all[rank];
        let what = || format!("change {round}, page {index} of rank {rank}");
        if rng.below(3) == 0 {
            protect(rank, index, READ_ONLY);
            shootdown::all_cpus();
            let before = frames.read(index);
            meanwhile()?;
            ensure!(frames.read(index) == before, "{}: written to while it is protected", what());
            protect(rank, index, READ_WRITE);
        } else {
            unmap(rank, index);
            shootdown::all_cpus();
            // From here on the frame may serve somebody else.
            let content = frames.read(index);
            frames.write(index, &[FOREIGN; PAGE]);
            meanwhile()?;
            ensure!(frames.read(index) == [FOREIGN; PAGE], "{}: written to while it is foreign", what());
            frames.write(index, &content);
            frames.map(rank, index, READ_WRITE);
        }
    }
    Ok(())
}

pub fn copies_stay_exact_while_pages_come_and_go() -> Result<(), String> {
    let cpus = smp::count();
    let all: Vec<Frames> = (0..cpus).map(|_| Frames::new()).collect();
    for (rank, frames) in all.iter().enumerate() {
        for index in 0..PAGES + STAYING {
            frames.map(rank, index, READ_WRITE);
        }
    }
    let (stop, ended) = (AtomicBool::new(false), Ended::default());
    let result = smp::on_all(|rank| {
        if rank != cpus - 1 {
            return copy(rank, &all[rank], &stop, &ended);
        }
        let result = change(&all);
        stop.store(true, Ordering::Release);
        result
    });
    for rank in 0..cpus {
        for index in 0..PAGES + STAYING {
            unmap(rank, index);
        }
    }
    shootdown::all_cpus();
    result?;
    let [whole, holes, protected] = [&ended.whole, &ended.at_a_hole, &ended.at_a_protected_page]
        .map(|count| count.load(Ordering::Relaxed));
    // Otherwise nothing was tried.
    ensure!(
        whole > 100 && holes > 10 && protected > 3,
        "{whole} whole, {holes} at holes, {protected} protected"
    );
    Ok(())
}
