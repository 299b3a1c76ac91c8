// SPDX-License-Identifier: MIT OR Apache-2.0
//! Atomics: an aligned value lies in one page, so that all of it is done or nothing.

use std::{any::type_name, ptr, sync::atomic::Ordering};

use axptr::{UserPtr, atomic::AtomicValue, futex::FutexOp, raw};

use crate::operation::{
    Answer, Call,
    Effect::{FromKernel, None, Value},
    Operation, Refusal, ToAnswer, reads, writes,
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
        ([$($head:tt)+]; |$c:ident, $atomic:ident| $run:expr) => {
            both!($($head)+; |$c, $atomic| $run)
        };
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
    by_pointer::<T>(rows);
    // Each ordering is another instruction, or has another barrier; of the sizes, one that some machines do in a word
    // around it, and one that all do as it is.
    if !matches!(size_of::<T>(), 1 | 4) {
        return;
    }
    macro_rules! each {
        ($head:tt; $($order:ident)+; |$c:ident, $atomic:ident, $it:ident| $run:expr) => {$(
            both!($head; |$c, $atomic| {
                let $it = Ordering::$order;
                $run
            });
        )+};
    }
    each!([reads, "load_with", None]; Relaxed Acquire SeqCst; |c, atomic, order| atomic.load_with(order));
    each!([writes, "store_with", FromKernel]; Relaxed Release SeqCst; |c, atomic, order| {
        atomic.store_with(given(c), order)
    });
    macro_rules! each_changing {
        ($($name:literal $method:ident)+) => {$(
            each!([changing, $name]; Relaxed Acquire Release AcqRel SeqCst; |c, atomic, order| {
                atomic.$method(given(c), order)
            });
        )+};
    }
    each_changing!("swap_with" swap_with "fetch_add_with" fetch_add_with "fetch_and_with" fetch_and_with);
    each_changing!("fetch_or_with" fetch_or_with "fetch_xor_with" fetch_xor_with);
    each_changing!("fetch_and_not_with" fetch_and_not_with);
    each!([changing, "compare_exchange_with"]; Relaxed Acquire Release AcqRel SeqCst; |c, atomic, order| {
        atomic.compare_exchange_with(there(c), given(c), order, Ordering::Relaxed)
    });
}

/// Loads and stores whose address nobody checks.
fn by_pointer<T: AtomicValue>(rows: &mut Vec<Operation>) {
    fn place<T>(c: &Call<'_>) -> *mut T {
        ptr::with_exposed_provenance_mut(c.addr)
    }
    fn given<T: AtomicValue>(c: &Call<'_>) -> T {
        bytemuck::pod_read_unaligned(c.kernel)
    }
    let mut row = |row: Operation| {
        let row = row.of(size_of::<T>()).aligned(size_of::<T>()).form(type_name::<T>());
        rows.push(row.refusal(Refusal::Unchecked));
    };
    row(reads("raw::atomic_load", None, |c| {
        // SAFETY: (1) the test's pages, or nothing; (2) integers.
        unsafe { raw::atomic_load::<T>(place(c), Ordering::Relaxed) }.answer()
    }));
    row(reads("raw::atomic_load", None, |c| {
        // SAFETY: (1) the test's pages, or nothing; (2) integers.
        unsafe { raw::atomic_load::<T>(place(c), Ordering::SeqCst) }.answer()
    }));
    row(reads("raw::nofault::atomic_load", None, |c| {
        // SAFETY: (1) the test's pages, or nothing; (2) integers.
        unsafe { raw::nofault::atomic_load::<T>(place(c), Ordering::Acquire) }.answer()
    }));
    row(writes("raw::atomic_store", FromKernel, |c| {
        // SAFETY: (1) the test's pages, or nothing; (2) integers.
        unsafe { raw::atomic_store::<T>(place(c), given(c), Ordering::Relaxed) }.answer()
    }));
    row(writes("raw::atomic_store", FromKernel, |c| {
        // SAFETY: (1) the test's pages, or nothing; (2) integers.
        unsafe { raw::atomic_store::<T>(place(c), given(c), Ordering::SeqCst) }.answer()
    }));
    row(writes("raw::nofault::atomic_store", FromKernel, |c| {
        // SAFETY: (1) the test's pages, or nothing; (2) integers.
        unsafe { raw::nofault::atomic_store::<T>(place(c), given(c), Ordering::Release) }.answer()
    }));
}

/// What reads and writes: where the page permits neither, the machine may say either.
fn changing(name: &'static str, run: fn(&mut Call<'_>) -> Answer) -> Operation {
    Operation { either_access: true, ..writes(name, Value, run) }
}
