// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages that another thread takes away and gives back, whenever it likes; and so does a timer's signal.
//!
//! Where there are fewer CPUs than busy threads, the two run in turns of milliseconds, and the thread hits between two
//! calls a thousand times as often as in one. The signal comes where the calling thread is.

use std::{
    mem::MaybeUninit,
    ptr,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use libc::c_int;

use crate::{
    Numbers, is_long,
    memory::Area,
    model::{ALL, Case, Findings, Scene, lengths},
    one_test, operations,
};

const MOST: usize = 1024;
const REPETITIONS: usize = 30;

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Until `stop`, pages come and go, in all ways there are.
fn change(scene: &Scene, stop: &AtomicBool, turns: &AtomicUsize) {
    let mut numbers = Numbers::new(4);
    while !stop.load(Relaxed) {
        let area: &Area = if numbers.below(2) == 0 { &scene.source } else { &scene.target };
        let page = numbers.below(2);
        match numbers.below(4) {
            0 => area.set([false; 2]),
            1 => area.only_read(page),
            2 => area.unmap(page),
            _ => area.set([page == 0, page == 1]),
        }
        // For a while, mostly a short one, it stays so.
        (0..numbers.below(8) * numbers.below(60)).for_each(|_| std::hint::spin_loop());
        (0..2).for_each(|page| area.map_file(page));
        (0..numbers.below(8) * numbers.below(60)).for_each(|_| std::hint::spin_loop());
        turns.fetch_add(1, Relaxed);
    }
}

static SCENE: OnceLock<Scene> = OnceLock::new();
static SIGNALS: AtomicUsize = AtomicUsize::new(0);

/// Takes pages away.
extern "C" fn on_alarm(_signal: c_int) {
    let Some(scene) = SCENE.get() else { return };
    match SIGNALS.fetch_add(1, Relaxed) % 6 {
        0 => scene.source.set([false, true]),
        1 => scene.source.set([true, false]),
        2 => scene.source.set([false; 2]),
        3 => scene.target.set([false, true]),
        4 => scene.target.set([true, false]),
        _ => scene.target.set([false; 2]),
    }
}

/// A timer, until dropped. Its handler stays: a last signal may still be under way.
struct Alarm;

impl Alarm {
    fn new(every: Duration) -> Self {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: only asks; `action` has room for the answer.
        assert_eq!(unsafe { libc::sigaction(libc::SIGALRM, ptr::null(), action.as_mut_ptr()) }, 0);
        // SAFETY: all of it is numbers, and the call has filled it.
        let mut action = unsafe { action.assume_init() };
        action.sa_sigaction = on_alarm as extern "C" fn(c_int) as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART;
        // SAFETY: the handler keeps to what a handler may do.
        assert_eq!(unsafe { libc::sigaction(libc::SIGALRM, &raw const action, ptr::null_mut()) }, 0);
        Self::set(every);
        Self
    }

    fn set(every: Duration) {
        let time = libc::timeval { tv_sec: 0, tv_usec: every.as_micros() as _ };
        let timer = libc::itimerval { it_interval: time, it_value: time };
        // SAFETY: sets the process's timer, which nothing else uses.
        let status = unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, ptr::null_mut()) };
        assert_eq!(status, 0);
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        Self::set(Duration::ZERO);
    }
}

#[test]
fn pages_that_come_and_go_at_any_time_leave_what_the_answer_says() {
    let _one_test = one_test();
    let scene = *SCENE.get_or_init(Scene::new);
    let operations = operations::all();
    let (stop, turns) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut findings = Findings::default();
    // A whole turn through all operations, lengths and paths is one at least; more of them in the time there is.
    let time = if is_long() { Duration::from_secs(180) } else { Duration::from_secs(3) };
    thread::scope(|scope| {
        scope.spawn(|| change(&scene, &stop, &turns));
        // Also where something panics, so that the scope ends.
        let _stop = StopOnDrop(&stop);
        let _alarm = Alarm::new(Duration::from_micros(100));
        let start = Instant::now();
        let mut numbers = Numbers::new(1);
        let mut round = 0;
        while round == 0 || start.elapsed() < time {
            for path in axptr::internal::cpu_paths() {
                path.force();
                for operation in &operations {
                    for len in lengths(operation, MOST) {
                        let case = Case::new(&scene, operation, len, &mut numbers);
                        // Those that succeed do not take long, so that most of the time a call is under way.
                        for _ in 0..REPETITIONS {
                            case.prepare();
                            let result = (operation.run)(case.call);
                            findings.calls += 1;
                            if result.is_err() {
                                findings.calls -= 1;
                                findings.note(&case, result, ALL, || path.name().to_owned());
                                scene.take_away(0, &AtomicU8::new(ALL));
                                break;
                            }
                        }
                        case.prepare();
                        let result = (operation.run)(case.call);
                        findings.note(&case, result, ALL, || path.name().to_owned());
                    }
                }
            }
            round += 1;
        }
        let (turns, signals) = (turns.load(Relaxed), SIGNALS.load(Relaxed));
        println!("{round} rounds, {turns} turns of the pages, {signals} signals");
    });
    axptr::internal::choose_by_cpu();
    findings.conclude("at any time");
}
