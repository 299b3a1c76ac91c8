// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages that go away before a chosen access: each one of each call, done by hand up to there.
//!
//! The pages permit nothing, so each access to user memory is a signal. The handler does the load or the store itself,
//! by the mapping that stays, until the chosen one: from there on pages are away, and what needs them is refused.

#[expect(dead_code, reason = "the sweep needs more of it")]
#[path = "../support/registers/mod.rs"]
mod registers;

use std::{
    cell::UnsafeCell,
    ffi::c_void,
    mem::{MaybeUninit, transmute},
    ptr,
    sync::atomic::{
        AtomicBool, AtomicU8, AtomicUsize,
        Ordering::{Relaxed, SeqCst},
    },
    time::Instant,
};

use libc::{c_int, siginfo_t};
use registers::Registers;

use crate::{
    Numbers, is_long,
    memory::PAGE,
    model::{ALL, Case, Findings, Pages, Scene, lengths},
    one_test,
    operations::{self, Operation},
};

struct Shared(UnsafeCell<Option<Scene>>);

// SAFETY: written before the handler can run.
unsafe impl Sync for Shared {}

static SCENE: Shared = Shared(UnsafeCell::new(None));
static FORMER: AtomicUsize = AtomicUsize::new(0);
/// The one whose signals are ours.
static THREAD: AtomicUsize = AtomicUsize::new(0);

/// Accesses of this call, and the number of the first that may be refused.
static ACCESSES: AtomicUsize = AtomicUsize::new(0);
static FIRST: AtomicUsize = AtomicUsize::new(0);
/// The pages that are away from there on, and whether they come back where one was refused.
static AWAY: AtomicU8 = AtomicU8::new(0);
static COME_BACK: AtomicBool = AtomicBool::new(false);

extern "C" fn on_fault(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: asks for a number.
    let thread = unsafe { libc::gettid() } as usize;
    // SAFETY: the kernel hands a SA_SIGINFO handler a valid one that is nobody else's.
    let info_ref = unsafe { &*info };
    // SAFETY: the kernel filled it for SIGSEGV.
    let addr = unsafe { info_ref.si_addr() }.addr();
    // SAFETY: written before this handler could run.
    let scene = unsafe { *SCENE.0.get() };
    let area = scene.and_then(|scene| {
        let sides = [(scene.source, 0), (scene.target, 2)];
        sides.into_iter().find(|(area, _)| area.contains(addr))
    });
    if let Some((area, bit)) = area.filter(|_| thread == THREAD.load(Relaxed)) {
        // SAFETY: (1) the kernel hands a SA_SIGINFO handler a valid frame that is nobody else's.
        let mut registers = unsafe { Registers::of(context) };
        let Some(access) = registers.insn() else { std::process::abort() };
        let last = access.addr + access.size - 1;
        if !area.contains(access.addr) || !area.contains(last) {
            // Not one byte outside.
            std::process::abort();
        }
        let page = |addr: usize| 1_u8 << (bit + (addr - area.start) / PAGE);
        let needs = page(access.addr) | page(last);
        let is_late = ACCESSES.fetch_add(1, Relaxed) >= FIRST.load(Relaxed);
        if !(is_late && needs & AWAY.load(Relaxed) != 0) {
            // SAFETY: (1) inside of the area.
            return unsafe { registers.carry_out(access, area.alias_of(access.addr)) };
        }
        if COME_BACK.load(Relaxed) {
            AWAY.store(0, Relaxed);
        }
    }
    // SAFETY: the address of the function that was the handler; it takes three arguments.
    let former = unsafe {
        transmute::<usize, extern "C" fn(c_int, *mut siginfo_t, *mut c_void)>(FORMER.load(Relaxed))
    };
    former(signal, info, context);
}

/// The handler, until dropped.
struct Refuser {
    former: libc::sigaction,
}

impl Refuser {
    fn new(scene: &Scene) -> Self {
        scene.take_away(ALL, &AtomicU8::new(0));
        // SAFETY: no handler runs yet.
        unsafe { *SCENE.0.get() = Some(*scene) };
        let mut former = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: only asks; `former` has room for the answer.
        assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, ptr::null(), former.as_mut_ptr()) }, 0);
        // SAFETY: all of it is numbers, and the call has filled it.
        let former = unsafe { former.assume_init() };
        FORMER.store(former.sa_sigaction, SeqCst);
        // SAFETY: asks for a number.
        THREAD.store(unsafe { libc::gettid() } as usize, SeqCst);
        let mut action = former;
        action.sa_sigaction = on_fault as extern "C" fn(_, _, _) as libc::sighandler_t;
        // SAFETY: the handler keeps to what a handler may do.
        assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, ptr::null_mut()) }, 0);
        Self { former }
    }
}

impl Drop for Refuser {
    fn drop(&mut self) {
        THREAD.store(0, SeqCst);
        // SAFETY: the action that was there.
        unsafe { libc::sigaction(libc::SIGSEGV, &raw const self.former, ptr::null_mut()) };
    }
}

/// Makes the call, with pages away from an access on. Returns how many there were.
fn run(
    case: &Case<'_>,
    first: usize,
    (pages, for_good): (Pages, bool),
    path: &str,
    findings: &mut Findings,
) -> usize {
    case.prepare();
    FIRST.store(first, SeqCst);
    AWAY.store(pages, SeqCst);
    COME_BACK.store(!for_good, SeqCst);
    ACCESSES.store(0, SeqCst);
    let result = (case.operation.run)(case.call);
    findings.note(case, result, pages, || {
        format!("{path}, pages {pages:#06b} away after {first} accesses, for good: {for_good}")
    });
    ACCESSES.load(SeqCst)
}

fn each_access(case: &Case<'_>, numbers: &mut Numbers, path: &str, findings: &mut Findings) {
    /// Of more accesses than these, that many at both ends and a few between are enough.
    const EACH: usize = 12;
    let sets = case.sets();
    let accesses = run(case, usize::MAX, (sets[0], true), path, findings);
    assert!(accesses > 0, "{case}: no access to user memory");
    for first in 0..accesses {
        let is_end = first < EACH || first + EACH >= accesses;
        if !(is_long() || is_end || numbers.below(accesses) < EACH) {
            continue;
        }
        run(case, first, (sets[0], true), path, findings);
        run(case, first, (sets[numbers.below(sets.len())], numbers.below(2) == 0), path, findings);
    }
}

fn go_through(operations: &[Operation], most: usize, title: &str) {
    let _one_test = one_test();
    let scene = Scene::new();
    let refuser = Refuser::new(&scene);
    let mut findings = Findings::default();
    let mut numbers = Numbers::new(5);
    let start = Instant::now();
    for (number, path) in axptr::internal::cpu_paths().enumerate() {
        path.force();
        for (index, operation) in operations.iter().enumerate() {
            for len in lengths(operation, most) {
                let is_chosen = operation.size.is_some() || is_long() || (len + index + number) % 4 == 0;
                if is_chosen {
                    let case = Case::new(&scene, operation, len, &mut numbers);
                    each_access(&case, &mut numbers, path.name(), &mut findings);
                }
            }
        }
    }
    drop(refuser);
    axptr::internal::choose_by_cpu();
    println!("{:.1} s", start.elapsed().as_secs_f64());
    findings.conclude(title);
}

#[test]
fn pages_that_go_away_before_any_access_of_a_routine_leave_what_the_answer_says() {
    go_through(
        &operations::routines(),
        if is_long() { 1024 } else { 160 },
        "before each access of a routine",
    );
}

#[test]
fn pages_that_go_away_before_any_access_of_a_value_leave_what_the_answer_says() {
    let mut operations = operations::all();
    operations.drain(..operations::routines().len());
    // They are one access, or two that belong together.
    operations.retain(|operation| !operation.name.starts_with("atomic"));
    go_through(&operations, if is_long() { 300 } else { 24 }, "before each access of a value");
}
