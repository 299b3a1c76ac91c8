// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signals sent by processes are never taken for faults, however many arrive in the middle of copies.

use std::{
    env,
    ffi::c_void,
    mem, panic, ptr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use axptr::{
    Access, copy_from_user, copy_in_user, copy_to_user,
    extable::{Table, selftest},
    fill_user,
};
use libc::{c_int, siginfo_t};

use crate::{
    child,
    handlers::{BOTH, install, queue, set_three, tgkill, thread_id},
    memory::{PAGE, good_then_bad, map},
    registers::Registers,
};

/// Signals of each of the two numbers, and copies. An emulator takes a hundred times as long for a signal.
fn amounts() -> (usize, usize) {
    if child::is_emulated() || is_small() { (2_000, 4_000) } else { (50_000, 100_000) }
}

/// Whether a small storm will do: `cargo xtask mutate` has hundreds of them.
fn is_small() -> bool {
    env::var("AXPTR_STORM").is_ok_and(|value| value == "small")
}

/// One storm at a time: each needs a processor for the copies and one for the signals.
static ALONE: Mutex<()> = Mutex::new(());

/// What the old handler has seen, per signal.
static SEEN: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];
/// How often it found an instruction of the table interrupted: what a handler that judges by the pc would take
/// for a fault. An emulator interrupts only where a piece of code that it has translated begins: which pieces those
/// are, and so this number, is chance there.
static INSIDE: AtomicUsize = AtomicUsize::new(0);

/// An eventfd that counts what the sender still waits for; -1 if nobody does.
static WAITING: AtomicI32 = AtomicI32::new(-1);

/// Where the old handler's frames were.
static LOWEST: AtomicUsize = AtomicUsize::new(usize::MAX);
static HIGHEST: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: SA_SIGINFO: valid.
    let code = unsafe { (*info).si_code };
    assert!(code <= 0, "a fault was passed on: si_code {code}");
    // SAFETY: (1) SA_SIGINFO: valid, and nobody else uses it.
    let mut registers = unsafe { Registers::of(context) };
    let frame = (&raw const code).addr();
    LOWEST.fetch_min(frame, SeqCst);
    HIGHEST.fetch_max(frame, SeqCst);
    if Table::image().find(registers.pc()).is_some() {
        INSIDE.fetch_add(1, SeqCst);
    }
    SEEN[usize::from(signal == libc::SIGBUS)].fetch_add(1, SeqCst);
    let waiting = WAITING.load(SeqCst);
    if waiting >= 0 {
        let one = 1_u64;
        // SAFETY: writes 8 bytes of a local.
        assert_eq!(unsafe { libc::write(waiting, (&raw const one).cast(), 8) }, 8);
    }
}

#[test]
fn a_storm_of_signals_makes_no_fault_of_a_good_copy() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    child::run(|| {
        // As std installs its own: on the alternate stack, which has room for one frame only.
        let (lost, _) = storm(PATIENCE, libc::SA_ONSTACK, &BOTH, &Copier::good);
        assert_eq!(lost, [0, 0]);
        let [lowest, highest] = [&LOWEST, &HIGHEST].map(|address| address.load(SeqCst));
        assert!(
            highest - lowest < 1024,
            "signals were delivered on top of each other: {lowest:#x}..{highest:#x}"
        );
    })
    .expect_success();
}

#[test]
fn a_storm_of_signals_leaves_faults_exact() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    child::run(|| {
        let ([of_the_number, of_the_other], sent) = storm(SOON, 0, &[], &|copier, i| {
            // Where most of the time is faults, most of what is lost is the kernel's doing.
            (i * COPIES_OF_A_PATH..(i + 1) * COPIES_OF_A_PATH).for_each(|i| copier.good(i));
            copier.bad(i);
        });
        assert_eq!(of_the_other, 0, "of {sent}: no fault was a SIGBUS");
        // The kernel drops a signal that is sent while the same one is on its way for a fault. How many that are is a
        // matter of how long faults take: of a hundred, one on a Zen 5, 6 to 12 in emulators there; a C program with a
        // handler of its own, and no axptr, lost 2 to 7 on it.
        let most = sent / if child::is_emulated() { 2 } else { 10 };
        assert!(of_the_number < most, "{of_the_number} SIGSEGV of {sent} never reached the old handler");
    })
    .expect_success();
}

/// A POSIX timer's expiry has a code of its own, and comes from the kernel itself.
#[test]
fn a_timer_that_raises_sigsegv_makes_no_fault_of_a_good_copy() {
    const EXPIRIES: usize = 2000;
    child::run(|| {
        set_three(libc::SIGSEGV, count, 0, &[]);
        install();
        // SAFETY: all zeroes is an event's description.
        let mut event = unsafe { mem::zeroed::<libc::sigevent>() };
        event.sigev_signo = libc::SIGSEGV;
        // To the copier, and not to a thread that this program does not know of: emulators have some.
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_notify_thread_id = thread_id();
        let mut timer = ptr::null_mut();
        // SAFETY: `timer` has room for its name.
        let status = unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) };
        assert_eq!(status, 0);
        let often = libc::timespec { tv_sec: 0, tv_nsec: 50_000 };
        let schedule = libc::itimerspec { it_interval: often, it_value: often };
        // SAFETY: the timer exists.
        let status = unsafe { libc::timer_settime(timer, 0, &raw const schedule, ptr::null_mut()) };
        assert_eq!(status, 0);
        let mut copier = Copier::new();
        let mut copies = 0;
        // How many meet a copy is the scheduler's: on a busy machine it may take more.
        while SEEN[0].load(SeqCst) < EXPIRIES || !has_met_copies(0, SEEN[0].load(SeqCst), EXPIRIES) {
            copier.good(copies);
            copies += 1;
        }
        println!(
            "scene: {} timer expiries, {} inside of a copy, {copies} good copies",
            SEEN[0].load(SeqCst),
            INSIDE.load(SeqCst)
        );
        assert!(INSIDE.load(SeqCst) > 0 || child::is_emulated());
    })
    .expect_success();
}

/// A child gets the handler, and one thread of its own; a thread that ends takes its alternate stack along.
#[test]
fn forks_and_ending_threads_among_faults_leave_each_exact() {
    child::run(|| {
        install();
        let rounds = if child::is_emulated() { 20 } else { 400 };
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let faults = scope.spawn(|| {
                let mut copier = Copier::new();
                let faults = (0..).take_while(|_| !done.load(SeqCst)).inspect(|&i| copier.bad(i));
                faults.count()
            });
            let mut of_child = Copier::new();
            for round in 0..rounds {
                thread::spawn(move || Copier::new().bad(round)).join().expect("its fault was exact");
                // SAFETY: the child calls what needs no other thread, and ends.
                let child = unsafe { libc::fork() };
                if child == 0 {
                    let faults = panic::AssertUnwindSafe(|| (0..64).for_each(|i| of_child.bad(round + i)));
                    let failed = panic::catch_unwind(faults).is_err();
                    // SAFETY: ends this process.
                    unsafe { libc::_exit(c_int::from(failed)) };
                }
                let mut status = 0;
                // SAFETY: `status` has room for what it is.
                assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
                assert_eq!(status, 0, "how the child of round {round} has ended");
                // What the child did was its own.
                of_child.bad(round);
            }
            done.store(true, SeqCst);
            let faults = faults.join().expect("each fault was exact");
            println!("scene: {rounds} forks and threads among {faults} faults");
            assert!(faults > rounds);
        });
    })
    .expect_success();
}

/// How many milliseconds the busiest machine takes for a signal that is sure to come.
const PATIENCE: c_int = 10_000;

/// How many it takes for a SIGSEGV behind the SIGBUS that was sent with it, if it comes at all.
const SOON: c_int = 5;

/// Copies by `step` while signals arrive. Returns how many of each of [`BOTH`] never reached the old handler, and how many
/// were sent; the sender waits `patience` milliseconds for a SIGSEGV. That handler has `flags` and `mask`.
fn storm(
    patience: c_int,
    flags: c_int,
    mask: &[c_int],
    step: &dyn Fn(&mut Copier, usize),
) -> ([usize; 2], usize) {
    BOTH.iter().for_each(|&signal| set_three(signal, count, flags, mask));
    install();
    assert_eq!(selftest(), Ok(()));
    // SAFETY: makes a file.
    let waiting = unsafe { libc::eventfd(0, 0) };
    WAITING.store(waiting, SeqCst);
    let copier = thread_id();
    let done = AtomicBool::new(false);
    let (signals, most_copies) = amounts();
    let (copied, has_failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let sent = thread::scope(|scope| {
        let sender = scope.spawn(|| {
            // SAFETY: this thread's own timers.
            unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1) };
            let mut round = 0;
            while !has_failed.load(SeqCst)
                && (round < signals || !has_met_copies(inside_at_least(), round, signals))
            {
                // The copies go on meanwhile, even if both threads have one processor.
                thread::sleep(Duration::from_nanos(round as u64 % 64 * 100));
                // On a busy machine that may be too little: all signals would meet the copier on its way out of the last.
                let before = copied.load(SeqCst);
                while round % 16 == 0 && copied.load(SeqCst) == before && !has_failed.load(SeqCst) {
                    thread::yield_now();
                }
                for signal in BOTH {
                    match round % 4 {
                        0 => queue(copier, signal, libc::SI_QUEUE),
                        1 => queue(copier, signal, libc::SI_ASYNCIO),
                        _ => tgkill(copier, signal),
                    }
                }
                // The next ones are sent when these were seen, because the kernel merges what is pending.
                let mut seen = 0;
                while seen < BOTH.len() as u64 {
                    // The SIGBUS comes, and is the first of the two.
                    let first = SEEN[1].load(SeqCst) <= round;
                    let more = take(waiting, if first { PATIENCE } else { patience });
                    if more == 0 {
                        break;
                    }
                    seen += more;
                }
                round += 1;
            }
            done.store(true, SeqCst);
            round
        });
        let mut memory = Copier::new();
        let copies = panic::AssertUnwindSafe(|| {
            while !done.load(SeqCst) || copied.load(SeqCst) < most_copies {
                step(&mut memory, copied.load(SeqCst));
                copied.fetch_add(1, SeqCst);
            }
        });
        if let Err(why) = panic::catch_unwind(copies) {
            // Who sends would wait for the next copy.
            has_failed.store(true, SeqCst);
            panic::resume_unwind(why);
        }
        sender.join().expect("it sends what it should")
    });
    let copies = copied.into_inner();
    let seen = SEEN.each_ref().map(|seen| seen.load(SeqCst));
    let inside = INSIDE.load(SeqCst);
    println!("scene: {seen:?} signals, {inside} inside of a copy, {copies} rounds of copies");
    assert!(seen.iter().all(|&seen| seen <= sent), "more signals than were sent");
    let is_enough = inside > inside_at_least() || child::is_emulated();
    assert!(is_enough, "the storm missed the copies: {inside} of {sent}");
    (seen.map(|seen| sent - seen), sent)
}

/// How many signals of a storm are to interrupt a copy, and more.
fn inside_at_least() -> usize {
    if is_small() { 1 } else { 50 }
}

/// Whether enough signals have met an instruction of a copy, or so many were `sent` that more would not help. Where
/// all threads wait for one processor, few do: a fixed number of signals may miss them all.
fn has_met_copies(at_least: usize, sent: usize, signals: usize) -> bool {
    INSIDE.load(SeqCst) > at_least || child::is_emulated() || sent >= 20 * signals
}

/// Waits for the eventfd to count something, takes it, or gives up after `patience` milliseconds.
fn take(eventfd: c_int, patience: c_int) -> u64 {
    let mut poll = libc::pollfd { fd: eventfd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one description.
    if unsafe { libc::poll(&raw mut poll, 1, patience) } == 0 {
        return 0;
    }
    let mut count = 0_u64;
    // SAFETY: `count` has room for 8 bytes.
    assert_eq!(unsafe { libc::read(eventfd, (&raw mut count).cast(), 8) }, 8);
    count
}

/// From one byte to past every size class; the two long ones are `rep` for most of the time.
const LENGTHS: [usize; 8] = [1, 3, 8, 24, 100, 300, 5000, 30_000];
const PAGES: usize = 8;

/// Each of four operations with each length, then by another of the CPU's paths.
const COPIES_OF_A_PATH: usize = 4 * LENGTHS.len();

struct Copier {
    user: usize,
    other: usize,
    edge: usize,
    spoiled: usize,
    buffer: Vec<u8>,
}

impl Copier {
    fn new() -> Self {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        Self {
            user: map(PAGES, protection).addr(),
            other: map(PAGES, protection).addr(),
            spoiled: map(PAGES, protection).addr(),
            edge: good_then_bad(PAGES) + PAGES * PAGE,
            buffer: vec![0; PAGES * PAGE],
        }
    }

    /// One operation of four on good memory; fill, copy inside, copy out, copy in: a value takes the whole way.
    fn good(&mut self, i: usize) {
        let len = LENGTHS[i / 4 % LENGTHS.len()];
        // A choice asks CPUID, which takes a virtual machine longer than a copy: signals would meet nothing else.
        if i.is_multiple_of(COPIES_OF_A_PATH) {
            let mut paths = axptr::internal::cpu_paths().cycle();
            paths.nth(i / COPIES_OF_A_PATH % 4).expect("there is always one").force();
        }
        let byte = (i / 4) as u8;
        match i % 4 {
            0 => assert_eq!(fill_user(self.user, byte, len), Ok(())),
            1 => assert_eq!(copy_in_user(self.other, self.user, len), Ok(())),
            2 => {
                self.buffer[..len].fill(!byte);
                assert_eq!(copy_from_user(&mut self.buffer[..len], self.other), Ok(()));
                let alike = self.buffer[1..len] == self.buffer[..len - 1];
                assert!(self.buffer[0] == byte && alike, "{len} bytes: wrong ones");
            }
            _ => assert_eq!(copy_to_user(self.user, &self.buffer[..len]), Ok(())),
        }
    }

    /// One operation of four that ends at the bad page.
    fn bad(&mut self, i: usize) {
        let len = LENGTHS[i / 4 % LENGTHS.len()];
        let good = i / 32 % len;
        let start = self.edge - good;
        let (result, access) = match i % 4 {
            0 => (fill_user(start, 0, len), Access::Write),
            1 => (copy_in_user(self.spoiled, start, len), Access::Read),
            2 => (copy_from_user(&mut self.buffer[..len], start), Access::Read),
            _ => (copy_to_user(start, &self.buffer[..len]), Access::Write),
        };
        let fault = result.unwrap_err();
        assert_eq!(
            (fault.done, fault.addr, fault.access, fault.kind),
            (good, self.edge, access, Registers::NO_ACCESS_IS),
            "{len} bytes, operation {}",
            i % 4
        );
    }
}
