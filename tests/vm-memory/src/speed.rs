// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads and writes of both packages in turn, in one run: the ratio of the two, and whether it meets the goal.

use std::{hint::black_box, process::ExitCode, time::Instant};

/// What axptr may cost, times what it costs without.
const GOAL: f64 = 1.05;

const SIZES: [usize; 24] = [
    1, 2, 3, 4, 8, 12, 16, 31, 32, 64, 100, 128, 192, 256, 384, 512, 1024, 1536, 2048, 4096, 16_384, 65_536,
    262_144, 1_048_576,
];
const ROUNDS: usize = 31;
/// Bytes that one measurement moves at least, and calls.
const BYTES: usize = 1 << 20;
const CALLS: usize = 4000;

/// One way of doing one thing: so many calls.
type Calls = Box<dyn FnMut(usize)>;

macro_rules! sides {
    ($package:ident, $memory:expr, $len:expr) => {{
        use $package::{Bytes, VolatileSlice};
        let memory: &mut [u8] = $memory;
        let len: usize = $len;
        // SAFETY: the buffer lives as long, and is used by nothing else meanwhile.
        let slice = unsafe { VolatileSlice::new(memory.as_mut_ptr(), memory.len()) };
        let mut buf = vec![1_u8; len];
        let out = vec![2_u8; len];
        let (for_read, for_write) = (slice.clone(), slice.clone());
        let read: Calls = Box::new(move |calls| {
            for _ in 0..calls {
                black_box(&for_read).read_slice(black_box(&mut buf[..]), black_box(64)).unwrap();
            }
        });
        let write: Calls = Box::new(move |calls| {
            for _ in 0..calls {
                black_box(&for_write).write_slice(black_box(&out[..]), black_box(64)).unwrap();
            }
        });
        (read, write, slice)
    }};
}

macro_rules! values {
    ($package:ident, $memory:expr, $type:ty) => {{
        use $package::VolatileMemory;
        let (_, _, slice) = sides!($package, $memory, 1);
        let (for_load, for_store) = (slice.clone(), slice);
        let load: Calls = Box::new(move |calls| {
            let place = for_load.get_ref::<$type>(black_box(64)).unwrap();
            for _ in 0..calls {
                black_box(black_box(&place).load());
            }
        });
        let store: Calls = Box::new(move |calls| {
            let place = for_store.get_ref::<$type>(black_box(64)).unwrap();
            for _ in 0..calls {
                black_box(&place).store(black_box(3));
            }
        });
        (load, store)
    }};
}

pub fn run() -> ExitCode {
    // SAFETY: (1) no Rust object but bytes is in the memory that is copied.
    unsafe { axptr::hosted::install() }.expect("the kernel lets us handle SIGSEGV and SIGBUS");
    let (mut one, mut other) = (buffer(), buffer());
    println!("{:>22} {:>12} {:>12} {:>7}  goal {GOAL}", "", "published/ns", "edited/ns", "ratio");
    let mut missed = 0;
    for len in SIZES {
        let (mut published_read, mut published_write, _) = sides!(published, &mut one, len);
        let (mut edited_read, mut edited_write, _) = sides!(edited, &mut other, len);
        let calls = (BYTES / len).clamp(8, CALLS);
        missed += row(&format!("read {len}"), calls, &mut published_read, &mut edited_read);
        missed += row(&format!("write {len}"), calls, &mut published_write, &mut edited_write);
    }
    macro_rules! value {
        ($($type:ty)+) => {$(
            let (mut published_load, mut published_store) = values!(published, &mut one, $type);
            let (mut edited_load, mut edited_store) = values!(edited, &mut other, $type);
            let name = concat!("VolatileRef<", stringify!($type), ">");
            missed += row(&format!("{name} load"), CALLS, &mut published_load, &mut edited_load);
            missed += row(&format!("{name} store"), CALLS, &mut published_store, &mut edited_store);
        )+};
    }
    value!(u8 u16 u32 u64);
    println!("{missed} rows miss the goal");
    ExitCode::SUCCESS
}

fn buffer() -> Vec<u8> {
    vec![5; SIZES[SIZES.len() - 1] + 128]
}

/// Measures both in turn, and prints the medians. Returns 1 if the goal is missed.
fn row(name: &str, calls: usize, published: &mut Calls, edited: &mut Calls) -> usize {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (index, side) in [&mut *published, &mut *edited].into_iter().enumerate() {
            let start = Instant::now();
            side(calls);
            let time = start.elapsed().as_secs_f64() * 1e9 / calls as f64;
            // The first round only warms up.
            if round > 0 {
                times[index].push(time);
            }
        }
    }
    let [before, after] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    let ratio = after / before;
    let meets = ratio <= GOAL;
    println!(
        "{name:>22} {before:>12.2} {after:>12.2} {ratio:>7.2}  {}",
        if meets { "met" } else { "MISSED" }
    );
    usize::from(!meets)
}
