// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bytes: copies both ways and within user memory, fills, comparisons.

use alloc::vec::Vec;
use core::{mem::MaybeUninit, ptr::NonNull, slice};

use axptr::{
    Access::{Read, Write},
    Fault, nofault, probe, raw, unpredictable,
};

use super::{Family, Outcome};
use crate::{
    judge::{Side, judge, of_outcome, of_outcome_within},
    world::{
        Pager::{self, Asked, NotAsked},
        Place, World,
    },
};

pub(super) const ALL: &[Family] = &[
    ("copy_from_user", |w| from_user(w, Asked, |to, from| axptr::copy_from_user(to, from.addr))),
    ("copy_from_user_uninit", |w| {
        from_user(w, Asked, |to, from| {
            let room = NonNull::from(&mut *to).cast::<MaybeUninit<u8>>();
            // SAFETY: the same bytes, borrowed until the call ends; it leaves none uninitialised.
            let room = unsafe { slice::from_raw_parts_mut(room.as_ptr(), to.len()) };
            axptr::copy_from_user_uninit(room, from.addr).map(drop)
        })
    }),
    ("nofault::copy_from_user", |w| {
        from_user(w, NotAsked, |to, from| nofault::copy_from_user(to, from.addr))
    }),
    ("unpredictable::copy_from_user", |w| {
        from_user(w, Asked, |to, from| unpredictable::copy_from_user(to, from.addr))
    }),
    ("raw::copy_from_user", |w| {
        from_user(w, Asked, |to, from| {
            // SAFETY: (1) the slice; (2) the site's pages.
            let outcome = unsafe { raw::copy_from_user(to.as_mut_ptr(), from.addr, from.len) };
            of_outcome(from, outcome, Read)
        })
    }),
    ("raw::nofault::copy_from_user", |w| {
        from_user(w, NotAsked, |to, from| {
            // SAFETY: (1) the slice; (2) the site's pages.
            let outcome = unsafe { raw::nofault::copy_from_user(to.as_mut_ptr(), from.addr, from.len) };
            of_outcome(from, outcome, Read)
        })
    }),
    ("copy_from_user_zeroing", zeroing),
    ("probe::read_bytes", probed),
    ("copy_to_user", |w| to_user(w, Asked, |to, from| axptr::copy_to_user(to.addr, from))),
    ("nofault::copy_to_user", |w| to_user(w, NotAsked, |to, from| nofault::copy_to_user(to.addr, from))),
    ("unpredictable::copy_to_user", |w| {
        to_user(w, Asked, |to, from| unpredictable::copy_to_user(to.addr, from))
    }),
    ("raw::copy_to_user", |w| {
        to_user(w, Asked, |to, from| {
            // SAFETY: (1) the slice; (2) the site's pages.
            let outcome = unsafe { raw::copy_to_user(to.addr, from.as_ptr(), from.len()) };
            of_outcome(to, outcome, Write)
        })
    }),
    ("fill_user", |w| fill(w, Asked, |to, byte| axptr::fill_user(to.addr, byte, to.len))),
    ("nofault::fill_user", |w| fill(w, NotAsked, |to, byte| nofault::fill_user(to.addr, byte, to.len))),
    ("raw::fill_user", |w| {
        fill(w, Asked, |to, byte| {
            // SAFETY: (1) the site's pages.
            let outcome = unsafe { raw::fill_user(to.addr, byte, to.len) };
            of_outcome(to, outcome, Write)
        })
    }),
    ("copy_in_user", |w| apart(w, Asked, |to, from| axptr::copy_in_user(to.addr, from.addr, to.len))),
    ("nofault::copy_in_user", |w| {
        apart(w, NotAsked, |to, from| nofault::copy_in_user(to.addr, from.addr, to.len))
    }),
    ("raw::copy_in_user", |w| {
        apart(w, Asked, |to, from| {
            // SAFETY: (1) the site's pages.
            let outcome = unsafe { raw::copy_in_user(to.addr, from.addr, to.len) };
            of_outcome_within(to, from, outcome)
        })
    }),
    ("raw::nofault::copy_in_user", |w| {
        apart(w, NotAsked, |to, from| {
            // SAFETY: (1) the site's pages.
            let outcome = unsafe { raw::nofault::copy_in_user(to.addr, from.addr, to.len) };
            of_outcome_within(to, from, outcome)
        })
    }),
    ("move_in_user", |w| moved(w, Asked, |to, from| axptr::move_in_user(to.addr, from.addr, to.len))),
    ("nofault::move_in_user", |w| {
        moved(w, NotAsked, |to, from| nofault::move_in_user(to.addr, from.addr, to.len))
    }),
    ("raw::move_in_user", |w| {
        moved(w, Asked, |to, from| {
            // SAFETY: (1) the site's pages.
            let outcome = unsafe { raw::move_in_user(to.addr, from.addr, to.len) };
            of_outcome_within(to, from, outcome)
        })
    }),
    ("raw::nofault::move_in_user", |w| {
        moved(w, NotAsked, |to, from| {
            // SAFETY: (1) the site's pages.
            let outcome = unsafe { raw::nofault::move_in_user(to.addr, from.addr, to.len) };
            of_outcome_within(to, from, outcome)
        })
    }),
    ("compare_user", compared),
];

fn from_user(
    w: &mut World<'_>,
    pager: Pager,
    run: impl FnOnce(&mut [u8], Place) -> Result<(), Fault>,
) -> Outcome {
    let from = w.any_place();
    let at = w.kernel_place(from.len);
    let side = Side::of(w, from, Read, pager);
    let answer = run(w.kernel(at, from.len), from);
    let done = side.judge(w, answer)?;
    let bytes = w.user(from, done).to_vec();
    w.kernel_gets(at, &bytes);
    w.check(&[from], at..at + from.len)?;
    Ok(done < from.len)
}

fn zeroing(w: &mut World<'_>) -> Outcome {
    let from = w.any_place();
    let at = w.kernel_place(from.len);
    let side = Side::of(w, from, Read, Asked);
    let answer = axptr::copy_from_user_zeroing(w.kernel(at, from.len), from.addr);
    let done = side.judge(w, answer)?;
    let mut bytes = w.user(from, done).to_vec();
    bytes.resize(from.len, 0);
    w.kernel_gets(at, &bytes);
    w.check(&[from], at..at + from.len)?;
    Ok(done < from.len)
}

/// A probe has the rights of the kernel, so that its own pages are no bad ones. It never asks the pager.
fn probed(w: &mut World<'_>) -> Outcome {
    let mut from = w.any_place();
    if w.has_private_page(from) {
        from.len = 0;
    }
    let at = w.kernel_place(from.len);
    let side = Side::of(w, from, Read, NotAsked);
    // SAFETY: (1) no device is here.
    let answer = unsafe { probe::read_bytes(w.kernel(at, from.len), from.addr) };
    let done = side.judge(w, answer)?;
    let bytes = w.user(from, done).to_vec();
    w.kernel_gets(at, &bytes);
    w.check(&[from], at..at + from.len)?;
    Ok(done < from.len)
}

fn to_user(w: &mut World<'_>, pager: Pager, run: impl FnOnce(Place, &[u8]) -> Result<(), Fault>) -> Outcome {
    let to = w.any_place();
    let at = w.kernel_place(to.len);
    let side = Side::of(w, to, Write, pager);
    let answer = run(to, w.kernel(at, to.len));
    let done = side.judge(w, answer)?;
    let bytes = w.kernel_model(at, done).to_vec();
    w.user_gets(to, &bytes);
    w.check(&[to], at..at + to.len)?;
    Ok(done < to.len)
}

fn fill(w: &mut World<'_>, pager: Pager, run: impl FnOnce(Place, u8) -> Result<(), Fault>) -> Outcome {
    let to = w.any_place();
    let byte = w.rng.byte();
    let side = Side::of(w, to, Write, pager);
    let answer = run(to, byte);
    let done = side.judge(w, answer)?;
    w.user_gets(to, &alloc::vec![byte; done]);
    w.check(&[to], 0..0)?;
    Ok(done < to.len)
}

/// Two places that share no byte.
fn apart(w: &mut World<'_>, pager: Pager, run: impl FnOnce(Place, Place) -> Result<(), Fault>) -> Outcome {
    let from = w.any_place();
    let mut to = w.place(from.len, 1);
    if to.offset.abs_diff(from.offset) < from.len {
        // One of the two ends of the memory is far enough, or nothing is.
        let free = if from.offset > from.len { from.offset - from.len } else { from.offset };
        to.addr = to.addr - to.offset + free;
        to.offset = free;
        if free == from.offset {
            to.len = 0;
        }
    }
    let from = Place { len: to.len, ..from };
    within(w, to, from, pager, run)
}

/// Two places that may share bytes, and often do.
fn moved(w: &mut World<'_>, pager: Pager, run: impl FnOnce(Place, Place) -> Result<(), Fault>) -> Outcome {
    let from = w.any_place();
    let mut to = w.place(from.len, 1);
    if w.rng.below(3) > 0 {
        let most = (w.len() - from.len).min(from.offset + 200);
        let offset = w.rng.within(from.offset.saturating_sub(200).min(most), most);
        to.addr = to.addr - to.offset + offset;
        to.offset = offset;
    }
    // The pages that it writes to are touched by an atomic first.
    if w.has_private_page(to) {
        return Ok(false);
    }
    within(w, to, from, pager, run)
}

fn within(
    w: &mut World<'_>,
    to: Place,
    from: Place,
    pager: Pager,
    run: impl FnOnce(Place, Place) -> Result<(), Fault>,
) -> Outcome {
    let sides = [Side::of(w, from, Read, pager), Side::of(w, to, Write, pager)];
    let answer = run(to, from);
    let done = judge(w, &sides, answer)?;
    w.user_moves(to, from, done);
    w.check(&[to, from], 0..0)?;
    Ok(done < to.len)
}

/// Equal up to a byte that is chosen, or all.
fn compared(w: &mut World<'_>) -> Outcome {
    let place = w.any_place();
    let at = w.kernel_place(place.len);
    let mut bytes: Vec<u8> = w.user(place, place.len).to_vec();
    let differs = w.rng.below(2 * place.len + 1);
    if let Some(byte) = bytes.get_mut(differs) {
        *byte ^= w.rng.within(1, 255) as u8;
    }
    w.poke_kernel(at, &bytes);
    let side = Side::of(w, place, Read, Asked);
    let answer = axptr::compare_user(place.addr, w.kernel(at, place.len));
    let first_bad = side.bad.map_or(place.len, |(distance, _)| distance);
    let outcome = if differs < first_bad {
        if answer == Ok(Some(differs)) { Ok(false) } else { Err(alloc::format!("{answer:?}, not {differs}")) }
    } else {
        side.judge(w, answer.map(drop)).map(|done| done < place.len)
    };
    w.check(&[place], at..at + place.len)?;
    outcome
}
