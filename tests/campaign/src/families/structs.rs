// SPDX-License-Identifier: MIT OR Apache-2.0
//! Structs whose size user space names.

use alloc::{format, vec::Vec};

use axptr::{
    Access::{Read, Write},
    Fit, UserConstPtr, UserPtr, UserRange,
    structs::{self, StructError},
};

use super::{
    Family, Outcome,
    values::{draw, same},
};
use crate::{
    judge::Side,
    world::{Pager::Asked, Place, World},
};

pub(super) const ALL: &[Family] =
    &[("read_struct", read_struct), ("write_struct", write_struct), ("is_zeroed", is_zeroed)];

/// What this kernel knows.
type Known = [u64; 5];
const KNOWN: usize = size_of::<Known>();

/// The page of Linux's rule.
const MOST: usize = 4096;

fn place(w: &mut World<'_>) -> Place {
    let len = match w.rng.below(20) {
        0 => w.rng.within(MOST, MOST + 5),
        1..=3 => w.rng.below(MOST + 1),
        _ => w.rng.below(3 * KNOWN),
    };
    w.place(len, 1)
}

fn read_struct(w: &mut World<'_>) -> Outcome {
    let place = place(w);
    if w.rng.below(3) > 0 && place.len > KNOWN && w.has_memory(place) {
        let mut bytes = w.user(place, place.len).to_vec();
        bytes[KNOWN..].fill(0);
        if w.rng.one_in(3) {
            let at = w.rng.within(KNOWN, place.len - 1);
            bytes[at] = w.rng.within(1, 255) as u8;
        }
        w.poke(place.offset, &bytes);
    }
    let answer = structs::read_struct(UserConstPtr::<Known>::from(place.addr), place.len);
    if place.len > MOST {
        return if answer == Err(StructError::TooBig) { Ok(false) } else { Err(format!("{answer:x?}")) };
    }
    let side = Side::of(w, place, Read, Asked);
    let readable = side.bad.map_or(place.len, |(distance, _)| distance);
    let known = place.len.min(KNOWN);
    // "Each byte is read once, in ascending order."
    let unknown = readable > known && w.user(place, readable)[known..].iter().any(|&byte| byte != 0);
    let outcome = match answer {
        Err(StructError::TooBig) if unknown => Ok(false),
        Ok(value) if !unknown && readable == place.len => {
            let mut expected = w.user(place, known).to_vec();
            expected.resize(KNOWN, 0);
            same(bytemuck::bytes_of(&value), &expected).map(|()| false)
        }
        Err(StructError::Fault(fault)) if !unknown => side.judge(w, Err(fault)).map(|_| true),
        _ => Err(format!("{answer:x?}; {readable} bytes readable, unknown ones: {unknown}, {place:x?}")),
    }?;
    w.check(&[place], 0..0)?;
    Ok(outcome)
}

fn write_struct(w: &mut World<'_>) -> Outcome {
    let place = place(w);
    let mut value: Known = draw(w);
    for part in &mut value {
        if w.rng.below(2) == 0 {
            *part = 0;
        }
    }
    let bytes = bytemuck::bytes_of(&value);
    let answer = structs::write_struct(UserPtr::from(place.addr), place.len, &value);
    if place.len > MOST {
        return if answer == Err(StructError::TooBig) { Ok(false) } else { Err(format!("{answer:x?}")) };
    }
    let fault = match answer {
        Err(StructError::Fault(fault)) => Err(fault),
        Err(error) => return Err(format!("{error:?}")),
        Ok(_) => Ok(()),
    };
    let done = Side::of(w, place, Write, Asked).judge(w, fault)?;
    let sent = place.len.min(KNOWN);
    let fit = if bytes[sent..].iter().all(|&byte| byte == 0) { Fit::Whole } else { Fit::CutOff };
    if answer.is_ok() && answer != Ok(fit) {
        return Err(format!("{answer:?}, not {fit:?}"));
    }
    let mut written: Vec<u8> = bytes[..sent].to_vec();
    written.resize(place.len, 0);
    w.user_gets(place, &written[..done]);
    w.check(&[place], 0..0)?;
    Ok(done < place.len)
}

fn is_zeroed(w: &mut World<'_>) -> Outcome {
    let place = w.any_place();
    if w.rng.below(2) == 0 && w.has_memory(place) {
        w.poke(place.offset, &alloc::vec![0; place.len]);
        if place.len > 0 && w.rng.below(2) == 0 {
            let at = w.rng.below(place.len);
            w.poke(place.offset + at, &[1]);
        }
    }
    let side = Side::of(w, place, Read, Asked);
    let readable = side.bad.map_or(place.len, |(distance, _)| distance);
    let range = UserRange::new(place.addr, place.len).ok_or("the place is in the user half")?;
    let answer = structs::is_zeroed(range);
    let other = w.user(place, readable).iter().any(|&byte| byte != 0);
    let outcome = match answer {
        Ok(false) if other => Ok(false),
        Ok(true) if !other && readable == place.len => Ok(false),
        Err(fault) if !other => side.judge(w, Err(fault)).map(|_| true),
        _ => Err(format!("{answer:x?}; {readable} bytes readable, others than 0: {other}")),
    }?;
    w.check(&[place], 0..0)?;
    Ok(outcome)
}
