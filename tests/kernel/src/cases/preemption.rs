// SPDX-License-Identifier: MIT OR Apache-2.0
//! The timer's interrupt stops a long copy and switches to another task, which copies too.

use alloc::{boxed::Box, format, string::String, vec, vec::Vec};
use core::{
    cell::UnsafeCell,
    mem,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering},
};

use axhal::{mem::phys_to_virt, time::monotonic_time};
use axptr::{is_accessing_user_memory, switch_accessing_user_memory};
use memory_addr::va;

use super::smp::BASE;
use crate::{
    arch::window,
    ensure,
    line::{self, TaskContext, asm::enable_irqs},
    smp::timer,
    space::{self, PAGE},
    task::READ_WRITE,
};

/// How many bytes a copy has at first, and how many where it is over before an interrupt comes: where one instruction
/// copies, an emulator moves pages at once, and its timer may be later than that.
const LEN: usize = 1 << 20;
const MOST: usize = 8 << 20;

/// How often each copy must have been stopped in the middle, and how often that is tried.
const HITS: usize = 5;
const TRIES: usize = 2000;

/// The interrupt comes in each of so many parts of the copy in turn; if none of them is a hit, the copy is too short.
const PARTS: u32 = 20;

const STACK_WORDS: usize = 4096;

/// What a copy writes, and what stands there before.
const NEW: u8 = 0x5a;
const OLD: u8 = 0xee;

static CONTEXTS: AtomicPtr<[UnsafeCell<TaskContext>; 2]> = AtomicPtr::new(core::ptr::null_mut());

/// The first and the last byte that the copy writes, as the kernel sees them.
static FIRST: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());
static LAST: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());

/// How often the interrupt came in the middle.
static IN_THE_MIDDLE: AtomicUsize = AtomicUsize::new(0);
/// Whether it found the window open, or the flag clear.
static WINDOW_WAS_OPEN: AtomicBool = AtomicBool::new(false);
static FLAG_WAS_CLEAR: AtomicBool = AtomicBool::new(false);
/// What went wrong in the other task.
static WRONG: AtomicUsize = AtomicUsize::new(0);
const WRONG_WINDOW: usize = 1;
const WRONG_FLAG: usize = 2;
const WRONG_COPY: usize = 4;

fn context(task: usize) -> *mut TaskContext {
    // SAFETY: set and alive while the case lasts.
    let contexts = unsafe { &*CONTEXTS.load(Ordering::Relaxed) };
    contexts[task].get()
}

/// In the interrupt, behind its handler: goes on with the other task until that gives up the CPU.
fn preempt() {
    let byte = |place: &AtomicPtr<u8>| {
        // SAFETY: set for the case, in memory that stays.
        unsafe { place.load(Ordering::Relaxed).read_volatile() }
    };
    if byte(&FIRST) != NEW || byte(&LAST) != OLD {
        return;
    }
    IN_THE_MIDDLE.fetch_add(1, Ordering::Relaxed);
    if window::is_open() && window::is_enforced() {
        WINDOW_WAS_OPEN.store(true, Ordering::Relaxed);
    }
    if !is_accessing_user_memory() {
        FLAG_WAS_CLEAR.store(true, Ordering::Relaxed);
    }
    let flag = switch_accessing_user_memory(false);
    let window = SUSPENDS.load(Ordering::Relaxed).then(axptr::window::suspend);
    switch(0, 1);
    if let Some(window) = window {
        window.resume();
    }
    let _ = switch_accessing_user_memory(flag);
}

/// Whether the switch uses the hook for the window.
static SUSPENDS: AtomicBool = AtomicBool::new(true);

fn switch(from: usize, to: usize) {
    // SAFETY: the task that comes does not run; it looks at the one that leaves only to come back.
    unsafe { line::switch(context(from), context(to)) };
}

/// The other task.
extern "C" fn other() -> ! {
    let mut bytes = vec![0_u8; 3000];
    let wrong = |what| {
        WRONG.fetch_or(what, Ordering::Relaxed);
    };
    loop {
        if window::is_open() && window::is_enforced() {
            wrong(WRONG_WINDOW);
        }
        if is_accessing_user_memory() {
            wrong(WRONG_FLAG);
        }
        space::LAZY.renew();
        let whole = axptr::copy_from_user(&mut bytes, space::RW.start()) == Ok(());
        let paged_in = axptr::fill_user(space::LAZY.start(), 1, 100) == Ok(());
        let failed = axptr::copy_to_user(space::EDGE_TO_HOLE.end() - 10, &bytes[..20]);
        if !whole || !paged_in || failed.map_err(|fault| fault.done) != Err(10) {
            wrong(WRONG_COPY);
        }
        if window::is_open() && window::is_enforced() {
            wrong(WRONG_WINDOW);
        }
        switch(1, 0);
    }
}

/// The copies; the last writes its destination from user memory to user memory.
const OPS: [&str; 4] = ["copy_from_user", "copy_to_user", "fill_user", "copy_in_user"];
const SOURCE: usize = BASE;
const DESTINATION: usize = BASE + MOST;

/// Does as many bytes as `kernel` has.
fn run(op: usize, kernel: &mut [u8]) -> Result<(), axptr::Fault> {
    match op {
        0 => axptr::copy_from_user(kernel, SOURCE),
        1 => axptr::copy_to_user(DESTINATION, kernel),
        2 => axptr::fill_user(DESTINATION, NEW, kernel.len()),
        _ => axptr::copy_in_user(DESTINATION, SOURCE, kernel.len()),
    }
}

/// How the kernel sees a byte of user memory.
fn kernel_view(user: usize) -> *mut u8 {
    let page = user / PAGE * PAGE;
    let (frame, _) = line::page(&space::space().lock().areas, page).expect("it is populated");
    phys_to_virt(frame).as_mut_ptr().wrapping_add(user % PAGE)
}

/// Has an interrupt come in the given part of a copy of as many bytes as `kernel` has.
fn stop(op: usize, kernel: &mut Vec<u8>, part: u32) -> Result<(), String> {
    let last = kernel.len() - 1;
    let before = monotonic_time();
    let result = run(op, kernel);
    let took = monotonic_time() - before;
    ensure!(result == Ok(()), "{result:x?}");

    let (first, last) = if op == 0 {
        kernel.fill(OLD);
        (kernel.as_mut_ptr(), kernel.as_mut_ptr().wrapping_add(last))
    } else {
        kernel.fill(NEW);
        (kernel_view(DESTINATION), kernel_view(DESTINATION + last))
    };
    FIRST.store(first, Ordering::Relaxed);
    LAST.store(last, Ordering::Relaxed);
    for end in [first, last] {
        // SAFETY: a byte of `kernel`, or of a page that stays.
        unsafe { end.write_volatile(OLD) };
    }
    timer::interrupt_in(took * part / PARTS, preempt);
    let result = run(op, kernel);
    timer::cancel();
    ensure!(result == Ok(()), "{result:x?}");
    ensure!(!window::is_open() || !window::is_enforced(), "the window is left open");
    ensure!(!is_accessing_user_memory(), "the flag is left set");
    let bytes = if op == 0 { mem::take(kernel) } else { space::peek(DESTINATION, kernel.len()) };
    ensure!(bytes.iter().all(|&byte| byte == NEW), "wrong bytes");
    *kernel = bytes;
    Ok(())
}

/// Has each copy stopped in the middle, and says whether the interrupt found the window open.
fn stop_each(suspends: bool) -> Result<bool, String> {
    SUSPENDS.store(suspends, Ordering::Relaxed);
    WRONG.store(0, Ordering::Relaxed);
    WINDOW_WAS_OPEN.store(false, Ordering::Relaxed);
    FLAG_WAS_CLEAR.store(false, Ordering::Relaxed);
    for (op, name) in OPS.into_iter().enumerate() {
        IN_THE_MIDDLE.store(0, Ordering::Relaxed);
        let mut kernel = vec![NEW; LEN];
        for tries in 0.. {
            let hits = IN_THE_MIDDLE.load(Ordering::Relaxed);
            if hits >= HITS {
                break;
            }
            ensure!(tries < TRIES, "{name} was stopped in the middle {hits} times in {tries} tries");
            let part = tries as u32 % PARTS;
            if part == 0 && tries != 0 && hits == 0 {
                kernel = vec![NEW; (2 * kernel.len()).min(MOST)];
            }
            stop(op, &mut kernel, part).map_err(|wrong| format!("{name}: {wrong}"))?;
        }
        let wrong = WRONG.load(Ordering::Relaxed);
        ensure!(
            wrong == 0,
            "the other task during {name}: window open: {}, flag set: {}, wrong copies: {}",
            wrong & WRONG_WINDOW != 0,
            wrong & WRONG_FLAG != 0,
            wrong & WRONG_COPY != 0
        );
        ensure!(!FLAG_WAS_CLEAR.load(Ordering::Relaxed), "the flag is clear in the middle of {name}");
    }
    Ok(WINDOW_WAS_OPEN.load(Ordering::Relaxed))
}

/// Runs `f` with another task and with the memory for it.
fn with_another_task<R>(f: impl FnOnce() -> Result<R, String>) -> Result<R, String> {
    let mut stack = vec![0_u128; STACK_WORDS];
    let other = line::new_task(other as *const () as usize, va!(stack.as_mut_ptr_range().end.addr()));
    let contexts = Box::new([TaskContext::new(), other].map(UnsafeCell::new));
    CONTEXTS.store((&raw const *contexts).cast_mut(), Ordering::Relaxed);
    let mapped = space::space().lock().areas.map_alloc(va!(BASE), 2 * MOST, READ_WRITE, true);
    ensure!(mapped == Ok(()), "{mapped:?}");
    space::poke(SOURCE, &vec![NEW; MOST]);
    enable_irqs();
    let result = f();
    space::space().lock().areas.unmap(va!(BASE), 2 * MOST).map_err(|error| format!("{error:?}"))?;
    crate::line::asm::flush_tlb(None);
    CONTEXTS.store(core::ptr::null_mut(), Ordering::Relaxed);
    result
}

pub fn a_copy_survives_another_task() -> Result<(), String> {
    with_another_task(|| stop_each(true)).map(|_| ())
}

/// Without the hook: closed in front of the interrupt's handler already, and so in the task that it switches to.
pub fn an_interrupt_finds_the_window_closed() -> Result<(), String> {
    let was_open = with_another_task(|| stop_each(false))?;
    ensure!(!was_open, "open in the middle of a copy");
    Ok(())
}
