// SPDX-License-Identifier: MIT OR Apache-2.0
//! A copy waits for its page while its CPU does something else, and goes on on another CPU.

use alloc::{format, string::String, vec};
use core::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use axptr::{FaultKind, is_accessing_user_memory, switch_accessing_user_memory};
use kspin::SpinNoIrq;
use memory_addr::va;

use super::smp::BASE;
use crate::{
    arch::window,
    ensure, fault,
    line::{
        self, TaskContext,
        asm::{disable_irqs, enable_irqs},
    },
    op::pattern,
    smp::{self, shootdown},
    space::{self, PAGE},
    task::READ_WRITE,
};

/// How often the copying task is handed from one CPU to the next.
const HANDS: usize = 200;

const STACK_WORDS: usize = 4096;

/// The task that copies, and what each CPU was doing when it switched to it.
struct Traveller {
    context: UnsafeCell<TaskContext>,
    homes: [UnsafeCell<TaskContext>; smp::MOST],
    /// The flag while it does not run.
    flag: AtomicBool,
    /// The CPU whose turn it is to run it.
    turn: AtomicUsize,
    /// What it has to say.
    reason: SpinNoIrq<Option<String>>,
    /// How many of its pages have come on another CPU than the one that they were missed on.
    moved: AtomicUsize,
}

// SAFETY: who has the turn is the only one to touch the contexts.
unsafe impl Sync for Traveller {}

static TRAVELLER: SpinNoIrq<Option<&'static Traveller>> = SpinNoIrq::new(None);

fn traveller() -> &'static Traveller {
    let traveller = *TRAVELLER.lock();
    traveller.expect("the case sets it")
}

impl Traveller {
    fn new(stack: &'static mut [u128]) -> Self {
        let top = va!(stack.as_mut_ptr_range().end.addr());
        let context = line::new_task(travel as *const () as usize, top);
        Self {
            context: UnsafeCell::new(context),
            homes: [(); smp::MOST].map(|()| UnsafeCell::new(TaskContext::new())),
            flag: AtomicBool::new(false),
            turn: AtomicUsize::new(0),
            reason: SpinNoIrq::new(None),
            moved: AtomicUsize::new(0),
        }
    }

    /// Lets the task run on this CPU until it leaves it.
    #[inline(never)]
    fn run(&self) {
        disable_irqs();
        let flag = switch_accessing_user_memory(self.flag.load(Ordering::Relaxed));
        let window = axptr::window::suspend();
        // SAFETY: this CPU's own; it has the turn, and the task has left the CPU that had it before.
        unsafe { line::switch(self.homes[smp::rank()].get(), self.context.get()) };
        window.resume();
        self.flag.store(switch_accessing_user_memory(flag), Ordering::Relaxed);
        enable_irqs();
    }

    /// Leaves this CPU; returns on the one that runs the task next.
    // Out of line: the audit takes `suspend` at its word, and follows the window through the function that calls it.
    #[inline(never)]
    fn leave(&self) {
        disable_irqs();
        let window = axptr::window::suspend();
        // SAFETY: only the task itself comes here, and nobody else looks until it has left. The other was filled when
        // this CPU switched to the task.
        unsafe { line::switch(self.context.get(), self.homes[smp::rank()].get()) };
        window.resume();
        enable_irqs();
    }
}

/// The task.
extern "C" fn travel() -> ! {
    enable_irqs();
    for round in 0.. {
        if let Err(reason) = copy_across_cpus(round) {
            traveller().reason.lock().get_or_insert(format!("round {round}: {reason}"));
        }
        traveller().leave();
    }
    unreachable!("the counter ends");
}

/// Misses a page on one CPU and gets it on another.
fn copy_across_cpus(round: usize) -> Result<(), String> {
    static MISSED_ON: AtomicUsize = AtomicUsize::new(0);

    // The last half page is missing for good in every other round.
    let whole = round % 2 == 0;
    let start = BASE + round * 4 * PAGE;
    let good = 2 * PAGE;
    let mapped = line::map(&mut space::space().lock().areas, start, good, READ_WRITE, false);
    ensure!(mapped == Ok(()), "{mapped:?}");
    let user = start + 100 + round;
    let len = if whole { PAGE } else { good };
    let bytes = pattern(len);
    let window_before = window::is_open();
    ensure!(!is_accessing_user_memory(), "the flag is set before the copy");
    fault::before_next_page(|| {
        MISSED_ON.store(smp::rank(), Ordering::Relaxed);
        assert!(is_accessing_user_memory(), "the flag is clear in the pager");
        let window = window::is_open();
        // ax-cpu leaves it as it was at the access.
        assert!(!window || !window::is_enforced() || fault::in_ax_cpu(), "the window is open in the pager");
        traveller().leave();
        assert!(is_accessing_user_memory(), "the flag got lost on the way");
        assert_eq!(window::is_open(), window, "the window is not what it was on the way");
        if MISSED_ON.load(Ordering::Relaxed) != smp::rank() {
            traveller().moved.fetch_add(1, Ordering::Relaxed);
        }
    });
    let result = axptr::copy_to_user(user, &bytes);
    ensure!(fault::detour_taken(), "the pager was not asked");
    ensure!(window::is_open() == window_before, "the window is not as before");
    ensure!(!is_accessing_user_memory(), "the flag stayed set");
    let copied = match result {
        Ok(()) if whole => len,
        Err(stopped) if !whole && stopped.kind == fault::told(FaultKind::NotPresent) => stopped.done,
        _ => return Err(format!("{result:x?}")),
    };
    ensure!(copied == if whole { len } else { start + good - user }, "{copied} of {len} bytes");
    ensure!(space::peek(user, copied) == bytes[..copied], "wrong bytes");
    Ok(())
}

/// What the CPUs do while the copy waits: copies that succeed, that page in, and that fail.
fn meanwhile(rank: usize, round: usize) -> Result<(), String> {
    let bytes = pattern(1000 + rank);
    let mut back = vec![0; bytes.len()];
    let start = BASE + (2 * HANDS + rank) * 4 * PAGE;
    if round == 0 {
        let mapped = line::map(&mut space::space().lock().areas, start, 4 * PAGE, READ_WRITE, false);
        ensure!(mapped == Ok(()), "{mapped:?}");
    }
    ensure!(!is_accessing_user_memory(), "the flag is the other task's");
    ensure!(!window::is_open() || !window::is_enforced(), "the window is the other task's");
    let sent = axptr::copy_to_user(start + PAGE - 500, &bytes);
    let received = axptr::copy_from_user(&mut back, start + PAGE - 500);
    ensure!(sent == Ok(()) && received == Ok(()) && back == bytes, "{sent:x?}, {received:x?}");
    let fault = axptr::copy_from_user(&mut back, space::HOLE.start());
    ensure!(fault.is_err_and(|fault| fault.done == 0), "{fault:x?}");
    Ok(())
}

pub fn a_copy_that_waits_goes_on_on_another_cpu() -> Result<(), String> {
    let stack: &'static mut [u128] = vec![0; STACK_WORDS].leak();
    let task: &'static Traveller = alloc::boxed::Box::leak(alloc::boxed::Box::new(Traveller::new(stack)));
    *TRAVELLER.lock() = Some(task);
    let cpus = smp::count();
    let result = smp::on_all(|rank| {
        for round in 0..HANDS / cpus {
            let mine = round * cpus + rank;
            while task.turn.load(Ordering::Acquire) != mine {
                ensure!(task.reason.lock().is_none(), "the task has failed");
                shootdown::poll();
                core::hint::spin_loop();
            }
            meanwhile(rank, round)?;
            task.run();
            meanwhile(rank, round + 1)?;
            // It has left this CPU for good: its registers are all in its context.
            task.turn.store(mine + 1, Ordering::Release);
        }
        Ok(())
    });
    let (moved, reason) = (task.moved.load(Ordering::Relaxed), task.reason.lock().take());
    *TRAVELLER.lock() = None;
    for place in 0..2 * HANDS + cpus {
        // What was never mapped is no error to axmm.
        let unmapped = space::space().lock().areas.unmap(va!(BASE + place * 4 * PAGE), 4 * PAGE);
        ensure!(unmapped == Ok(()), "{unmapped:?}");
    }
    shootdown::all_cpus();
    ensure!(reason.is_none(), "{reason:?}");
    result?;
    ensure!(cpus == 1 || moved > HANDS / 4, "only {moved} of {HANDS} have moved");
    Ok(())
}
