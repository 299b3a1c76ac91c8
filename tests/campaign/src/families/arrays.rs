// SPDX-License-Identifier: MIT OR Apache-2.0
//! Arrays: slices that were checked once, and arrays that end with a zero element.

use alloc::{format, vec::Vec};

use axptr::{
    Access::{Read, Write},
    AnyBitPattern, Fault, Limit, NoUninit, UserConstPtr, UserPtr, UserSlice, VecError,
    cstr::StringError,
};

use super::{
    Family, Outcome,
    values::{draw, same},
};
use crate::{
    judge::Side,
    world::{
        Pager::{Asked, NotAsked},
        Place, World,
    },
};

macro_rules! of_each {
    ($($type:ty)+) => {
        &[$(
            (concat!("slice of ", stringify!($type)), any_slice::<$type> as fn(&mut World<'_>) -> Outcome),
            (concat!("array until zero of ", stringify!($type)), until_zero::<$type>),
        )+]
    };
}

pub(super) const ALL: &[Family] = of_each! { u8 u16 [u8; 3] u32 usize [u64; 9] };

/// A place for whole elements.
pub(super) fn elements<T>(w: &mut World<'_>) -> (Place, usize) {
    let size = size_of::<T>();
    let most = if size > 8 { 40 } else { 400 };
    let count = if w.rng.one_in(30) { (w.len() / 2) / size } else { most };
    let count = w.rng.below(count + 1);
    (w.place(count * size, 1), count)
}

fn any_slice<T: AnyBitPattern + NoUninit + PartialEq>(w: &mut World<'_>) -> Outcome {
    let (place, count) = elements::<T>(w);
    let slice: UserSlice<T> = UserPtr::from(place.addr).slice(count).map_err(|fault| format!("{fault:?}"))?;
    match w.rng.below(6) {
        0 => read_into(w, place, count, |buf| slice.read_into(buf)),
        1 => {
            let slice = UserConstPtr::<T>::from(place.addr).nofault().slice(count);
            let slice = slice.map_err(|fault| format!("{fault:?}"))?;
            let side = Side::of(w, place, Read, NotAsked);
            let mut buf: Vec<T> = (0..count).map(|_| draw(w)).collect();
            let before = bytemuck::cast_slice::<T, u8>(&buf).to_vec();
            let answer = slice.read_into(&mut buf);
            finish_read(w, side, answer, count, &buf, before)
        }
        2 => {
            let side = Side::of(w, place, Write, Asked);
            let values: Vec<T> = (0..count).map(|_| draw(w)).collect();
            let answer = slice.write_from(&values);
            let done = side.judge(w, answer.map(drop))?;
            if answer.is_ok() && answer != Ok(count) {
                return Err(format!("{answer:?} elements of {count}"));
            }
            w.user_gets(place, &bytemuck::cast_slice(&values)[..done]);
            w.check(&[place], 0..0)?;
            Ok(done < place.len)
        }
        3 => {
            let byte = w.rng.byte();
            let side = Side::of(w, place, Write, Asked);
            let done = side.judge(w, slice.fill_bytes(byte))?;
            w.user_gets(place, &alloc::vec![byte; done]);
            w.check(&[place], 0..0)?;
            Ok(done < place.len)
        }
        4 => to_vec(w, place, count, &slice),
        _ => is_zeroed(w, place, &slice),
    }
}

fn read_into<T: AnyBitPattern + NoUninit>(
    w: &mut World<'_>,
    place: Place,
    count: usize,
    run: impl FnOnce(&mut [T]) -> Result<usize, Fault>,
) -> Outcome {
    let side = Side::of(w, place, Read, Asked);
    let mut buf: Vec<T> = (0..count).map(|_| draw(w)).collect();
    let before = bytemuck::cast_slice::<T, u8>(&buf).to_vec();
    let answer = run(&mut buf);
    finish_read(w, side, answer, count, &buf, before)
}

pub(super) fn finish_read<T: AnyBitPattern + NoUninit>(
    w: &mut World<'_>,
    side: Side,
    answer: Result<usize, Fault>,
    count: usize,
    buf: &[T],
    mut expected: Vec<u8>,
) -> Outcome {
    let done = side.judge(w, answer.map(drop))?;
    if answer.is_ok() && answer != Ok(count) {
        return Err(format!("{answer:?} elements of {count}"));
    }
    expected[..done].copy_from_slice(w.user(side.place, done));
    same(bytemuck::cast_slice(buf), &expected)?;
    w.check(&[side.place], 0..0)?;
    Ok(done < side.place.len)
}

fn to_vec<T: AnyBitPattern + NoUninit + PartialEq>(
    w: &mut World<'_>,
    place: Place,
    count: usize,
    slice: &UserSlice<T>,
) -> Outcome {
    let side = Side::of(w, place, Read, Asked);
    let mut values: Vec<T> = alloc::vec![T::zeroed(); 2];
    let answer = slice.append_to(&mut values);
    let fault = match answer {
        Err(VecError::Fault(fault)) => Err(fault),
        Err(error) => return Err(format!("{error:?}")),
        Ok(()) => Ok(()),
    };
    let done = side.judge(w, fault)?;
    // "The whole elements of the first `fault.done` bytes."
    let whole = if done == place.len { count } else { done / size_of::<T>() };
    if values.len() != 2 + whole {
        return Err(format!("{} elements, not {whole}", values.len() - 2));
    }
    same(bytemuck::cast_slice(&values[2..]), w.user(place, whole * size_of::<T>()))?;
    w.check(&[place], 0..0)?;
    Ok(done < place.len)
}

fn is_zeroed<T>(w: &mut World<'_>, place: Place, slice: &UserSlice<T>) -> Outcome {
    if w.rng.below(2) == 0 && w.has_memory(place) {
        w.poke(place.offset, &alloc::vec![0; place.len]);
    }
    let side = Side::of(w, place, Read, Asked);
    let readable = side.bad.map_or(place.len, |(distance, _)| distance);
    let answer = slice.is_zeroed();
    if w.user(place, readable).iter().any(|&byte| byte != 0) {
        if answer != Ok(false) {
            return Err(format!("{answer:?}, but not all bytes are zero"));
        }
        w.check(&[place], 0..0)?;
        return Ok(false);
    }
    if answer == Ok(false) {
        return Err("not zero, but all bytes are".into());
    }
    let done = side.judge(w, answer.map(drop))?;
    w.check(&[place], 0..0)?;
    Ok(done < place.len)
}

/// argv and the like.
fn until_zero<T: AnyBitPattern + NoUninit>(w: &mut World<'_>) -> Outcome {
    let size = size_of::<T>();
    let (place, count) = elements::<T>(w);
    if count > 0 && w.rng.below(2) == 0 {
        let offset = place.offset + w.rng.below(count) * size;
        let element = Place { offset, addr: place.addr, len: size };
        if w.has_memory(element) {
            w.poke(offset, &alloc::vec![0; size]);
        }
    }
    let mut side = Side::of(w, place, Read, Asked);
    let readable = side.bad.map_or(place.len, |(distance, _)| distance);
    let whole = readable / size;
    let zero = w.user(place, whole * size).chunks_exact(size).position(|it| it.iter().all(|&byte| byte == 0));
    let into_vec = w.rng.below(2) == 0;
    let (answer, found): (Result<usize, StringError>, Vec<u8>) = if into_vec {
        let mut values: Vec<T> = Vec::new();
        let limit = if w.rng.below(2) == 0 { Limit::Elements(count) } else { Limit::Bytes(place.len) };
        let answer = UserConstPtr::<T>::from(place.addr).append_until_zero(&mut values, limit);
        (answer, bytemuck::cast_slice(&values).to_vec())
    } else {
        let mut buf: Vec<T> = alloc::vec![T::zeroed(); count];
        let answer = UserPtr::<T>::from(place.addr).nofault().read_until_zero(&mut buf);
        side = Side::of(w, place, Read, NotAsked);
        (answer, bytemuck::cast_slice(&buf).to_vec())
    };
    let readable = side.bad.map_or(place.len, |(distance, _)| distance);
    let whole = readable / size;
    let zero = zero.filter(|&at| at < whole);
    let expected = zero.unwrap_or(whole);
    // A vector has no more than those; in a buffer, room follows.
    let found = if into_vec { &found[..] } else { &found[..expected * size] };
    same(found, w.user(place, expected * size))?;
    let outcome = match (zero, answer) {
        (Some(at), Ok(found)) if at == found => Ok(false),
        (None, Err(StringError::Fault(fault))) => side.judge(w, Err(fault)).map(|_| true),
        (None, Err(StringError::TooLong)) if side.bad.is_none() => Ok(false),
        _ => {
            Err(format!("{answer:?}, but a zero at {zero:?} of {count} elements, {readable} bytes readable"))
        }
    }?;
    w.check(&[place], 0..0)?;
    Ok(outcome)
}
