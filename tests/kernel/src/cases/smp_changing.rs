// SPDX-License-Identifier: MIT OR Apache-2.0
//! All CPUs do every operation, and fault, while one of them maps, unmaps and protects the pages.
//!
//! Each of the working CPUs has pages of its own and knows what they must hold. The last CPU takes pages away, gives
//! their frames another content as if they served somebody else, looks whether anybody touches them all the same,
//! and puts all back; or forbids writing for a while.
//!
//! A fault may come in the middle of a page: a CPU drops translations when it likes, and asks the page table again. But
//! it must be in a page that has gone.

mod ops;

use alloc::{format, string::String, vec, vec::Vec};
use core::{
    ops::Range,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use axhal::{mem::virt_to_phys, paging::MappingFlags};
use axptr::{Access, FaultKind, is_accessing_user_memory};
use memory_addr::va;

use self::ops::{Does, OPS, On, Op};
use super::smp::BASE;
use crate::{
    arch::{self, window},
    ensure, fault,
    smp::{self, rng::Rng, shootdown},
    space::{self, PAGE},
    task::{READ_ONLY, READ_WRITE},
};

/// The pages of each CPU that come and go, and those behind them that stay.
pub const PAGES: usize = 6;
const STAYING: usize = PAGES;
const LEN: usize = PAGES * PAGE;

/// How often a page goes or is protected.
const CHANGES: usize = 200;

/// What a frame holds while it serves somebody else; never what a copy writes.
const FOREIGN: u8 = 0xf5;
static FOREIGN_PAGE: [u8; PAGE] = [FOREIGN; PAGE];
/// What stands where no byte may arrive; never what a copy writes.
const CANARY: u8 = 0xee;

/// Where a CPU's pages are.
pub fn start(rank: usize) -> usize {
    BASE + rank * 2 * (PAGES + STAYING) * PAGE
}

/// Frames that belong to this case, not to axmm: they are not freed with their mapping.
pub struct Frames {
    memory: *mut [u8; PAGE],
    /// How often each page that comes and goes has done so, or was protected or not: odd while something is missing.
    turns: [AtomicUsize; PAGES],
}

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
        let memory = vec![Frame([0; PAGE]); PAGES + STAYING].leak().as_mut_ptr().cast();
        Self { memory, turns: Default::default() }
    }

    fn page(&self, index: usize) -> *mut [u8; PAGE] {
        self.memory.wrapping_add(index)
    }

    /// Its words. One by one: an access to all of a page at once is a page of instructions.
    fn words(&self, index: usize) -> impl Iterator<Item = *mut u64> {
        let first = self.page(index).cast::<u64>();
        (0..PAGE / size_of::<u64>()).map(move |word| first.wrapping_add(word))
    }

    /// What it holds.
    pub fn read(&self, index: usize) -> Vec<u8> {
        let mut content = Vec::with_capacity(PAGE);
        for word in self.words(index) {
            // SAFETY: the frame is ours. What user mappings do to it meanwhile is what the reader looks for.
            content.extend_from_slice(&unsafe { word.read_volatile() }.to_ne_bytes());
        }
        content
    }

    fn write(&self, index: usize, content: &[u8]) {
        for (word, bytes) in self.words(index).zip(content.chunks_exact(size_of::<u64>())) {
            let bytes = bytes.try_into().expect("as long as a word");
            // SAFETY: as above.
            unsafe { word.write_volatile(u64::from_ne_bytes(bytes)) };
        }
    }

    /// Something of a page goes, or has come back.
    fn turn(&self, index: usize) {
        self.turns[index].fetch_add(1, Ordering::SeqCst);
    }

    fn turns(&self) -> [usize; PAGES] {
        self.turns.each_ref().map(|turns| turns.load(Ordering::SeqCst))
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

/// Does one operation after the other until `stop`, and checks each byte of what can be seen.
fn work(rank: usize, frames: &Frames, stop: &AtomicBool, ended: &Ended) -> Result<(), String> {
    let mut rng = Rng::new(rank);
    let mut model = vec![0_u8; LEN];
    // What this CPU may still remember of its pages begins here.
    let mut since = [0; PAGES];
    while !stop.load(Ordering::Acquire) {
        let turns = frames.turns();
        if shootdown::poll() {
            since = turns;
        }
        let op = &OPS[rng.below(OPS.len())];
        let (offset, len) = place(op, &mut rng);
        let what = || format!("{} of {len} bytes at page {} + {}", op.name, offset / PAGE, offset % PAGE);
        let refused = one(rank, op, &mut model[offset..offset + len], offset, rng.below(64), ended)
            .map_err(|reason| format!("{}: {reason}", what()))?;
        if let Some(pages) = refused {
            let now = frames.turns();
            let had_gone = pages.clone().any(|page| now[page] != since[page] || now[page] % 2 == 1);
            ensure!(had_gone, "{}: pages {pages:?} are refused and were there", what());
        }
        ensure!(!is_accessing_user_memory(), "{}: the flag stayed set", what());
        ensure!(!window::is_open() || !window::is_enforced(), "{}: the window stayed open", what());
    }
    // All pages are back.
    for (index, page) in model.chunks(PAGE).enumerate() {
        let frame = frames.read(index);
        let wrong = frame.iter().zip(page).position(|(found, expected)| found != expected);
        ensure!(wrong.is_none(), "page {index} holds something else from byte {wrong:?} on");
    }
    Ok(())
}

/// Where in a CPU's pages an operation is done, and to how many bytes.
fn place(op: &Op, rng: &mut Rng) -> (usize, usize) {
    match op.size {
        Some(size) if op.does == Does::Exchange => (rng.below(LEN / size) * size, size),
        // Half of them across the edge between two pages, or next to it.
        Some(size) if size > 1 && rng.below(2) == 0 => {
            ((1 + rng.below(PAGES - 1)) * PAGE - rng.below(size), size)
        }
        Some(size) => (rng.below(LEN - size + 1), size),
        None => {
            let most = if rng.below(4) == 0 { LEN } else { 200 };
            let offset = rng.below(LEN);
            (offset, rng.below(most.min(LEN - offset) + 1))
        }
    }
}

/// Does `op` to what `held` says that the memory at `offset` holds, and updates that. Returns the pages of which one is
/// said to be missing.
fn one(
    rank: usize,
    op: &Op,
    held: &mut [u8],
    offset: usize,
    seed: usize,
    ended: &Ended,
) -> Result<Option<Range<usize>>, String> {
    let (user, len) = (start(rank) + offset, held.len());
    let new = |index: usize| match op.does {
        Does::Fill => 0x40 | seed as u8,
        // Here a string ends.
        _ if op.size.is_none() && index + 1 == len => 0,
        _ => (0x40 + (index + seed) % 64) as u8,
    };
    let access = op.does.access();
    let mut kernel: Vec<u8> = match access {
        Access::Read => vec![CANARY; len],
        Access::Write => (0..len).map(new).collect(),
    };
    let result = (op.run)(On { user, partner: start(rank) + LEN, kernel: &mut kernel, held });
    let zero = held.iter().position(|&byte| byte == 0);
    let (copied, refused) = match result {
        Ok(copied) => {
            ended.whole.fetch_add(1, Ordering::Relaxed);
            let all = zero.filter(|_| op.does == Does::ReadString).map_or(len, |zero| zero + 1);
            ensure!(copied == all, "{copied} bytes, not {all}");
            (copied, None)
        }
        Err(stop) => {
            let whole_range = op.in_regions && (stop.done, stop.kind) == (0, FaultKind::Permission);
            let [forbidden, absent] = [arch::FORBIDDEN, FaultKind::NotPresent].map(fault::told);
            let counter = match (stop.kind, access) {
                // Where nobody tells the two apart, holes are counted here too.
                (kind, Access::Write) if kind == forbidden => &ended.at_a_protected_page,
                (kind, _) if kind == absent => &ended.at_a_hole,
                // What region mode says itself, of a page that has not come.
                (FaultKind::NotPresent, _) if op.in_regions => &ended.at_a_hole,
                _ if whole_range => &ended.at_a_hole,
                _ => return Err(format!("{stop:x?}")),
            };
            counter.fetch_add(1, Ordering::Relaxed);
            let consistent = stop.addr == user + stop.done && stop.access == access;
            ensure!(consistent && stop.done < len, "{stop:x?}");
            let behind_the_end = zero.is_some_and(|zero| zero < stop.done);
            ensure!(op.does != Does::ReadString || !behind_the_end, "behind the terminator: {stop:x?}");
            // One access may reach across the edge: if its first page is back when what lies before the edge is tried
            // again, the fault is told at the edge.
            let reached = (offset + stop.done.saturating_sub(1)) / PAGE;
            let last = if whole_range { offset + len - 1 } else { offset + stop.done } / PAGE;
            (stop.done, Some(reached..last + 1))
        }
    };
    match op.does {
        Does::Read | Does::ReadWhole | Does::ReadString => {
            let seen = if refused.is_some() && op.does == Does::ReadWhole { 0 } else { copied };
            let wrong = (0..seen).find(|&index| kernel[index] != held[index]);
            ensure!(wrong.is_none(), "byte {wrong:?} is {:#x}", kernel[wrong.unwrap_or(0)]);
            ensure!(kernel[seen..].iter().all(|&byte| byte == CANARY), "bytes behind the fault");
        }
        Does::Write | Does::Fill => {
            for (index, byte) in held[..copied].iter_mut().enumerate() {
                *byte = new(index);
            }
        }
        Does::Exchange if refused.is_some() => ensure!(copied == 0, "{copied} bytes of an atomic"),
        Does::Exchange => {
            ensure!(kernel == held, "it was {kernel:x?} before, and not {held:x?}");
            for (index, byte) in held.iter_mut().enumerate() {
                *byte = new(index);
            }
        }
    }
    Ok(refused)
}

/// Takes pages away from the first `ranks` of the others and gives them back.
fn change(all: &[Frames], ranks: usize) -> Result<(), String> {
    let mut rng = Rng::new(99);
    let me = all.len() - 1;
    let mut bytes = vec![0; PAGE];
    // What this CPU copies meanwhile, from a page that stays into a hole.
    let mut meanwhile = || -> Result<(), String> {
        let stays = start(me) + LEN;
        let result = axptr::copy_from_user(&mut bytes, stays);
        ensure!(result == Ok(()), "{result:x?}");
        let fault = axptr::copy_in_user(space::HOLE.start(), stays, PAGE);
        ensure!(fault.is_err_and(|fault| fault.done == 0), "{fault:x?}");
        Ok(())
    };
    for round in 0..CHANGES {
        let (rank, index) = (rng.below(ranks), rng.below(PAGES));
        let frames = &all[rank];
        let what = || format!("change {round}, page {index} of rank {rank}");
        frames.turn(index);
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
            frames.write(index, &FOREIGN_PAGE);
            meanwhile()?;
            ensure!(frames.read(index) == FOREIGN_PAGE, "{}: written to while it is foreign", what());
            frames.write(index, &content);
            frames.map(rank, index, READ_WRITE);
        }
        frames.turn(index);
    }
    Ok(())
}

/// Calls `work` on all CPUs but the last, which changes the pages of the first `ranks` of them meanwhile.
pub fn while_pages_come_and_go(
    ranks: usize,
    work: impl Fn(usize, &[Frames], &AtomicBool) -> Result<(), String> + Sync,
) -> Result<(), String> {
    let cpus = smp::count();
    let all: Vec<Frames> = (0..cpus).map(|_| Frames::new()).collect();
    for (rank, frames) in all.iter().enumerate() {
        for index in 0..PAGES + STAYING {
            frames.map(rank, index, READ_WRITE);
        }
    }
    let stop = AtomicBool::new(false);
    let result = smp::on_all(|rank| {
        if rank != cpus - 1 {
            return work(rank, &all, &stop);
        }
        let result = change(&all, ranks);
        stop.store(true, Ordering::Release);
        result
    });
    for rank in 0..cpus {
        for index in 0..PAGES + STAYING {
            unmap(rank, index);
        }
    }
    shootdown::all_cpus();
    result
}

pub fn every_operation_stays_exact_while_pages_come_and_go() -> Result<(), String> {
    let ended = Ended::default();
    while_pages_come_and_go(smp::count() - 1, |rank, all, stop| work(rank, &all[rank], stop, &ended))?;
    let [whole, holes, protected] = [&ended.whole, &ended.at_a_hole, &ended.at_a_protected_page]
        .map(|count| count.load(Ordering::Relaxed));
    // Otherwise nothing was tried.
    ensure!(
        whole > 100 && holes > 10 && protected > 3,
        "{whole} whole, {holes} at holes, {protected} protected"
    );
    Ok(())
}
