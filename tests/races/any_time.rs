// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages that another thread takes away and gives back, whenever it likes.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Numbers, is_long,
    memory::Area,
    model::{ALL, Away, Case, Findings, Scene, lengths},
    one_test, operations,
};

const MOST: usize = 1024;

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
        // What is mapped in the place of a page must not become accessible.
        (0..2).for_each(|page| area.map_file(page));
        (0..numbers.below(8) * numbers.below(60)).for_each(|_| std::hint::spin_loop());
        turns.fetch_add(1, Relaxed);
    }
}

#[test]
fn pages_that_come_and_go_at_any_time_leave_what_the_answer_says() {
    let _one_test = one_test();
    let scene = Scene::new();
    let operations = operations::all();
    let (stop, turns) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut findings = Findings::default();
    // A whole turn through all operations, lengths and paths is one at least; more of them in the time there is.
    let time = if is_long() { Duration::from_secs(180) } else { Duration::from_secs(3) };
    thread::scope(|scope| {
        scope.spawn(|| change(&scene, &stop, &turns));
        // Also where something panics, so that the scope ends.
        let _stop = StopOnDrop(&stop);
        let start = Instant::now();
        let mut numbers = Numbers::new(1);
        let mut round = 0;
        while round == 0 || start.elapsed() < time {
            for path in axptr::internal::cpu_paths() {
                path.force();
                for operation in &operations {
                    for len in lengths(operation, MOST) {
                        let case = Case::new(&scene, operation, len, &mut numbers);
                        for _ in 0..if operation.size.is_some() { 40 } else { 2 } {
                            case.prepare();
                            let result = (operation.run)(case.call);
                            findings.note(&case, result, Away { pages: ALL, for_good: false }, || {
                                path.name().to_owned()
                            });
                        }
                    }
                }
            }
            round += 1;
        }
        println!("{round} rounds, {} turns of the pages", turns.load(Relaxed));
    });
    axptr::internal::choose_by_cpu();
    assert!(findings.faults > 0 && findings.faults < findings.calls, "{findings:?}");
    findings.conclude("at any time");
}
