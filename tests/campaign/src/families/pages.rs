// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages ahead of an access: made present, and then used without the pager.

use alloc::format;

use axptr::{
    Access::{Read, Write},
    UserRange, fault_in, nofault,
};

use super::{Family, Outcome};
use crate::{
    judge::Side,
    world::{
        Pager::{Asked, NotAsked},
        Place, World,
    },
};

pub(super) const ALL: &[Family] =
    &[("fault_in::make_present", make_present), ("fault_in::in_windows", in_windows)];

/// The most bytes that one call makes present.
const WINDOW: usize = 64 * 1024;

fn make_present(w: &mut World<'_>) -> Outcome {
    let place = w.any_place();
    let access = w.rng.pick(&[Read, Write]);
    // A page is made writable by an atomic.
    if w.has_private_page(place) {
        return Ok(false);
    }
    let part = Place { len: place.len.min(WINDOW), ..place };
    let side = Side::of(w, part, access, Asked);
    let range = UserRange::new(place.addr, place.len).ok_or("the place is in the user half")?;
    let answer = fault_in::make_present(range, access);
    let done = side.judge(w, answer.map(drop))?;
    if answer.is_ok() && answer != Ok(part.len) {
        return Err(format!("{answer:?}, not {}", part.len));
    }
    w.check(&[place], 0..0)?;
    // They are there now.
    w.look_for_new_pages();
    let present = Side::of(w, Place { len: done, ..place }, access, NotAsked);
    if present.bad.is_some() {
        return Err(format!("{present:x?} behind {done} bytes made present"));
    }
    Ok(done < part.len)
}

fn in_windows(w: &mut World<'_>) -> Outcome {
    let place = w.any_place();
    let byte = w.rng.byte();
    if w.has_private_page(place) {
        return Ok(false);
    }
    let side = Side::of(w, place, Write, Asked);
    let range = UserRange::new(place.addr, place.len).ok_or("the place is in the user half")?;
    let mut before = alloc::vec::Vec::new();
    let answer = fault_in::in_windows(range, Write, |part, done| {
        before.push((part.start() - place.addr, done));
        nofault::fill_user(part.start(), byte, part.len())
    });
    let done = side.judge(w, answer)?;
    if before.iter().any(|(start, done)| start != done) {
        return Err(format!("the parts begin behind {before:?}"));
    }
    w.user_gets(place, &alloc::vec![byte; done]);
    w.check(&[place], 0..0)?;
    Ok(done < place.len)
}
