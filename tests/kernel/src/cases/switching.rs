// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two tasks that are switched while both access user memory: the flag goes with each.

use alloc::{boxed::Box, string::String, vec, vec::Vec};
use core::{
    cell::{Cell, RefCell, UnsafeCell},
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

use axptr::{is_accessing_user_memory, switch_accessing_user_memory};
use memory_addr::va;

use crate::{
    arch::window,
    ensure, fault,
    line::{
        self, TaskContext,
        asm::{disable_irqs, enable_irqs, irqs_enabled},
    },
    space,
};

/// Takes the flag of the task that comes, returns that of the one that leaves.
type Hook = fn(bool) -> bool;

/// Two tasks on one CPU. The first is the one that the case runs in.
struct Pair {
    contexts: [UnsafeCell<TaskContext>; 2],
    flags: [Cell<bool>; 2],
    running: Cell<usize>,
    hook: Hook,
    seen: RefCell<Vec<Seen>>,
}

/// Which task saw the flag in which state, and where.
type Seen = (usize, &'static str, bool);

const STACK_WORDS: usize = 4096;

static PAIR: AtomicPtr<Pair> = AtomicPtr::new(ptr::null_mut());

/// The pair of the case that runs.
fn pair() -> &'static Pair {
    // SAFETY: set and alive while the case lasts; nothing but it and its tasks come here.
    unsafe { &*PAIR.load(Ordering::Relaxed) }
}

impl Pair {
    /// Notes what the running task sees.
    fn see(&self, place: &'static str) {
        assert!(!window::is_open(), "the window is open {place}");
        self.seen.borrow_mut().push((self.running.get(), place, is_accessing_user_memory()));
    }

    /// Lets the other task run until it does the same.
    fn switch(&self) {
        let from = self.running.get();
        let to = 1 - from;
        let irqs_were_on = irqs_enabled();
        disable_irqs();
        self.flags[from].set((self.hook)(self.flags[to].get()));
        self.running.set(to);
        // SAFETY: the task that comes does not run; it looks at the one that leaves only to come back.
        unsafe { line::switch(self.contexts[from].get(), self.contexts[to].get()) };
        if irqs_were_on {
            enable_irqs();
        }
    }
}

/// What each task does: an access whose page is absent, in whose pager another one, in whose pager the switch.
fn access(addr: usize, in_pager: fn()) {
    pair().see("before its access");
    fault::before_next_page(in_pager);
    let result = axptr::fill_user(addr, 0x5a, 100);
    assert_eq!(result, Ok(()), "filling {addr:#x}");
    pair().see("behind its access");
}

fn outer_pager(nested: usize) {
    pair().see("in the pager");
    let mut bytes = [0; 40];
    assert_eq!(axptr::copy_from_user(&mut bytes, space::RW.start()), Ok(()));
    pair().see("behind an access of the pager's");
    fault::before_next_page(|| {
        pair().see("in the pager's pager");
        pair().switch();
        pair().see("back in the pager's pager");
    });
    assert_eq!(axptr::fill_user(nested, 0xa5, 8), Ok(()));
    pair().see("behind the switch");
}

fn first() {
    access(space::LAZY.page(0), || outer_pager(space::LAZY.page(1)));
}

extern "C" fn second() -> ! {
    enable_irqs();
    access(space::LAZY.page(2), || outer_pager(space::LAZY.page(3)));
    loop {
        pair().switch();
    }
}

/// Runs both tasks and returns what they saw.
fn run(hook: Hook) -> Vec<Seen> {
    space::LAZY.renew();
    let mut stack = vec![0_u128; STACK_WORDS];
    let stack_top = stack.as_mut_ptr_range().end;
    let contexts = [TaskContext::new(), line::new_task(second as *const () as usize, va!(stack_top.addr()))];
    let pair = Box::new(Pair {
        contexts: contexts.map(UnsafeCell::new),
        flags: [const { Cell::new(false) }; 2],
        running: Cell::new(0),
        hook,
        seen: RefCell::default(),
    });
    PAIR.store((&raw const *pair).cast_mut(), Ordering::Relaxed);
    first();
    // The second is still in its access.
    pair.switch();
    pair.see("at the end");
    PAIR.store(ptr::null_mut(), Ordering::Relaxed);
    pair.seen.take()
}

const ACCESS: [(&str, bool); 7] = [
    ("before its access", false),
    ("in the pager", true),
    ("behind an access of the pager's", true),
    ("in the pager's pager", true),
    ("back in the pager's pager", true),
    ("behind the switch", true),
    ("behind its access", false),
];

/// What must be seen: the first stops at its switch, the second at its own, and so on.
fn expected() -> Vec<Seen> {
    let (before, behind) = ACCESS.split_at(4);
    let of = |task: usize, part: &[(&'static str, bool)]| -> Vec<Seen> {
        part.iter().map(|&(place, flag)| (task, place, flag)).collect()
    };
    [of(0, before), of(1, before), of(0, behind), of(1, behind), of(0, &[("at the end", false)])].concat()
}

pub fn each_task_sees_its_own_flag() -> Result<(), String> {
    let seen = run(switch_accessing_user_memory);
    let expected = expected();
    let wrong = seen.iter().zip(&expected).find(|(seen, expected)| seen != expected);
    ensure!(wrong.is_none() && seen.len() == expected.len(), "{wrong:?} of {seen:?}");
    let bytes = [0, 2].map(|page| space::peek(space::LAZY.page(page), 101));
    let filled = bytes.iter().all(|bytes| bytes[..100] == [0x5a; 100] && bytes[100] == 0);
    ensure!(filled, "wrong bytes");
    Ok(())
}

/// So the case above can tell.
pub fn without_the_hook_it_is_anothers() -> Result<(), String> {
    let seen = run(|next| next);
    let _ = switch_accessing_user_memory(false);
    let expected = expected();
    let wrong: Vec<_> = seen.iter().zip(&expected).filter(|(seen, expected)| seen != expected).collect();
    // The second starts with the first one's flag.
    let told = wrong.first().map(|(seen, _)| **seen);
    ensure!(told == Some((1, "before its access", true)), "{wrong:?} of {seen:?}");
    Ok(())
}
