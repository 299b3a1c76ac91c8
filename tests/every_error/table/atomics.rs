// SPDX-License-Identifier: MIT OR Apache-2.0
//! Atomics: an aligned value lies in one page, so that all of it is done or nothing.

use std::any::type_name;

use axptr::{UserPtr, atomic::AtomicValue, futex::FutexOp};

use crate::operation::{
    Answer, Call,
    Effect::{FromKernel, None, Value},
    Operation, ToAnswer, reads, writes,
};

pub(super) fn all(rows: &mut Vec<Operation>) {
    of::<u8>(rows);
    of::<i16>(rows);
    of::<u32>(rows);
    of::<u64>(rows);
    for apply in [
        (|c| FutexOp::decode(FUTEX_ADD).unwrap().apply(UserPtr::<u32>::from(c.addr).atomic()).answer())
            as fn(&mut Call<'_>) -> Answer,
        |c| {
            FutexOp::decode(FUTEX_ADD)
                .unwrap()
                .apply(UserPtr::<u32>::from(c.addr).nofault().atomic())
                .answer()
        },
    ] {
        rows.push(changing("FutexOp::apply", apply).of(4).aligned(4));
    }
}

/// Adds 1, and compares with 1.
const FUTEX_ADD: u32 = 1 << 28 | 1 << 12 | 1;

fn of<T: AtomicValue>(rows: &mut Vec<Operation>) {
    // A value of the kernel's bytes, and the one that is there.
    fn given<T: AtomicValue>(c: &Call<'_>) -> T {
        bytemuck::pod_read_unaligned(c.kernel)
    }
    fn there<T: AtomicValue>(c: &Call<'_>) -> T {
        bytemuck::pod_read_unaligned(c.there)
    }
    macro_rules! both {
        ($make:ident, $name:literal $(, $effect:expr)?; |$c:ident, $atomic:ident| $run:expr) => {
            for run in [
                (|$c| {
                    let $atomic = UserPtr::<T>::from($c.addr).atomic();
                    $run.answer()
                }) as fn(&mut Call<'_>) -> Answer,
                |$c| {
                    let $atomic = UserPtr::<T>::from($c.addr).nofault().atomic();
                    $run.answer()
                },
            ] {
                let row = $make(concat!("UserAtomic::", $name), $($effect,)? run);
                rows.push(row.of(size_of::<T>()).aligned(size_of::<T>()).form(type_name::<T>()));
            }
        };
    }
    both!(reads, "load", None; |c, atomic| atomic.load());
    both!(writes, "store", FromKernel; |c, atomic| atomic.store(given(c)));
    both!(changing, "swap"; |c, atomic| atomic.swap(given(c)));
    both!(changing, "fetch_add"; |c, atomic| atomic.fetch_add(given(c)));
    both!(changing, "fetch_and"; |c, atomic| atomic.fetch_and(given(c)));
    both!(changing, "fetch_or"; |c, atomic| atomic.fetch_or(given(c)));
    both!(changing, "fetch_xor"; |c, atomic| atomic.fetch_xor(given(c)));
    both!(changing, "fetch_and_not"; |c, atomic| atomic.fetch_and_not(given(c)));
    both!(changing, "compare_exchange"; |c, atomic| atomic.compare_exchange(there(c), given(c)));
}

/// What reads and writes: where the page permits neither, the machine may say either.
fn changing(name: &'static str, run: fn(&mut Call<'_>) -> Answer) -> Operation {
    Operation { either_access: true, ..writes(name, Value, run) }
}
