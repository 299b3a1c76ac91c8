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
    use std::sync::Barrier;

    use anyhow::bail;

    use super::run;

    #[test]
    fn so_many_run_at_once_and_each_result_comes() {
        // Nobody passes alone.
        let both = Barrier::new(2);
        let mut seen = Vec::new();
        let work = |item: usize| {
            both.wait();
            item
        };
        run((0..6).collect(), 2, work, |item| {
            seen.push(item);
            Ok(())
        })
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
