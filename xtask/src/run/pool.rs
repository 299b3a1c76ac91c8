// SPDX-License-Identifier: MIT OR Apache-2.0
//! Work of which several pieces run at once.

use std::{
    sync::{Mutex, mpsc},
    thread,
};

use anyhow::Result;

/// Does `work` on each item, on so many at once, in their order; hands each result on as it comes, to the caller's
/// thread. The first `Err` of `each` ends it, behind what is running by then.
pub fn run<T: Send, R: Send>(
    items: Vec<T>,
    at_once: usize,
    work: impl Fn(T) -> R + Sync,
    mut each: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let queue = Mutex::new(items.into_iter());
    let (results, done) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..at_once {
            let (queue, work, results) = (&queue, &work, results.clone());
            scope.spawn(move || {
                // A statement of its own: the lock must not be held during the work.
                let next = || queue.lock().ok()?.next();
                while let Some(item) = next() {
                    if results.send(work(item)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(results);
        done.into_iter().try_for_each(&mut each)
    })
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Condvar, Mutex},
        time::Duration,
    };

    use anyhow::bail;

    use super::run;

    #[test]
    fn so_many_run_at_once() {
        let (started, another) = (Mutex::new(0), Condvar::new());
        let meets_another = |_: usize| {
            let mut count = started.lock().expect("nobody has panicked");
            *count += 1;
            another.notify_all();
            let alone = another.wait_timeout_while(count, Duration::from_secs(20), |count| *count < 2);
            !alone.expect("nobody has panicked").1.timed_out()
        };
        let mut met = Vec::new();
        run(vec![1, 2], 2, meets_another, |result| {
            met.push(result);
            Ok(())
        })
        .expect("no result is an error");
        assert_eq!(met, [true, true]);
    }

    #[test]
    fn each_result_comes() {
        let mut seen = Vec::new();
        run(
            (0..6).collect(),
            2,
            |item: usize| item,
            |item| {
                seen.push(item);
                Ok(())
            },
        )
        .expect("no result is an error");
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn an_error_ends_it() {
        let mut results = 0;
        let ended = run(
            (0..100).collect(),
            1,
            |item: usize| item,
            |_| {
                results += 1;
                bail!("no more")
            },
        );
        assert!(ended.is_err());
        assert_eq!(results, 1);
    }
}
