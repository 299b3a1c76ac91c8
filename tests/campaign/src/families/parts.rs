// SPDX-License-Identifier: MIT OR Apache-2.0
//! Parts of slices and of cursors. Where they lie, the model computes by itself; the access shows it.

use alloc::{format, string::String, vec::Vec};

use axptr::{
    Access::{Read, Write},
    AnyBitPattern, Context, NoUninit, UserConstSlice, UserPtr, UserReader, UserSlice, UserWriter,
};

use super::{
    Family, Outcome,
    arrays::{elements, finish_read},
    cursors::{behind, first, range},
    pointers::through,
    values::draw,
};
use crate::{
    judge::Side,
    world::{
        Pager::{self, Asked, NotAsked},
        Place, World,
    },
};

macro_rules! of_each {
    ($($type:ty)+) => {
        &[
            ("UserReader::split_to", split_reader),
            ("UserWriter::split_to", split_writer),
            $(
                (concat!("get of ", stringify!($type)), get::<$type> as fn(&mut World<'_>) -> Outcome),
                (concat!("part of ", stringify!($type)), part::<$type>),
                (concat!("split_at of ", stringify!($type)), split_at::<$type>),
            )+
        ]
    };
}

pub(super) const ALL: &[Family] = of_each! { u8 u16 [u8; 3] [u64; 9] };

/// The elements from `start` on, up to `end`.
const fn within<T>(place: Place, start: usize, end: usize) -> Place {
    let size = size_of::<T>();
    Place { offset: place.offset + start * size, addr: place.addr + start * size, len: (end - start) * size }
}

fn slice<T>(place: Place, count: usize) -> Result<UserSlice<T>, String> {
    UserPtr::from(place.addr).slice(count).map_err(|fault| format!("{fault:?}"))
}

fn get<T: AnyBitPattern + NoUninit>(w: &mut World<'_>) -> Outcome {
    let (place, count) = elements::<T>(w);
    let index = w.rng.below(count + 3);
    match slice::<T>(place, count)?.get(index) {
        Some(pointer) if index < count => through(w, within::<T>(place, index, index + 1), Asked, pointer),
        None if index >= count => Ok(false),
        other => Err(format!("{other:?} at {index} of {count}")),
    }
}

fn part<T: AnyBitPattern + NoUninit>(w: &mut World<'_>) -> Outcome {
    let (place, count) = elements::<T>(w);
    let (start, end) = (w.rng.below(count + 1), w.rng.below(count + 3));
    match slice::<T>(place, count)?.part(start..end) {
        Some(it) if start <= end && end <= count => {
            transfer(w, within::<T>(place, start, end), end - start, Asked, it)
        }
        None if start > end || end > count => Ok(false),
        other => Err(format!("{other:?} from {start} to {end} of {count}")),
    }
}

fn split_at<T: AnyBitPattern + NoUninit>(w: &mut World<'_>) -> Outcome {
    let (place, count) = elements::<T>(w);
    if w.rng.one_in(3) {
        let it = UserPtr::from(place.addr).nofault().slice(count).map_err(|fault| format!("{fault:?}"))?;
        return divide::<T, _>(w, place, count, NotAsked, it);
    }
    divide::<T, _>(w, place, count, Asked, slice(place, count)?)
}

/// One of the two parts is used; at times it is divided again first.
fn divide<T: AnyBitPattern + NoUninit, C: Context>(
    w: &mut World<'_>,
    mut place: Place,
    mut count: usize,
    pager: Pager,
    mut it: UserSlice<T, C>,
) -> Outcome {
    for _ in 0..w.rng.within(1, 3) {
        let mid = w.rng.below(count + 2);
        let (head, tail) = match it.split_at(mid) {
            Some(both) if mid <= count => both,
            None if mid > count => return Ok(false),
            other => return Err(format!("{other:?} at {mid} of {count}")),
        };
        if w.rng.below(2) == 0 {
            (it, place, count) = (head, within::<T>(place, 0, mid), mid);
        } else {
            (it, place, count) = (tail, within::<T>(place, mid, count), count - mid);
        }
    }
    transfer(w, place, count, pager, it)
}

/// Reads or writes as many elements as a slice should have, and never more, whatever the kernel has room for.
fn transfer<T: AnyBitPattern + NoUninit, C: Context>(
    w: &mut World<'_>,
    place: Place,
    count: usize,
    pager: Pager,
    it: UserSlice<T, C>,
) -> Outcome {
    let room = if w.rng.one_in(4) { w.rng.below(count + 1) } else { count + w.rng.below(3) };
    let taken = room.min(count);
    let place = within::<T>(place, 0, taken);
    let mut values: Vec<T> = (0..room).map(|_| draw(w)).collect();
    let bytes = bytemuck::cast_slice::<T, u8>(&values).to_vec();
    match w.rng.below(3) {
        0 => {
            let side = Side::of(w, place, Read, pager);
            let answer = it.read_into(&mut values);
            finish_read(w, side, answer, taken, &values, bytes)
        }
        1 => {
            let side = Side::of(w, place, Read, pager);
            let answer = UserConstSlice::from(it).read_into(&mut values);
            finish_read(w, side, answer, taken, &values, bytes)
        }
        _ => {
            let side = Side::of(w, place, Write, pager);
            let answer = it.write_from(&values);
            let done = side.judge(w, answer.map(drop))?;
            if answer.is_ok() && answer != Ok(taken) {
                return Err(format!("{answer:?} elements of {taken}"));
            }
            w.user_gets(place, &bytes[..done]);
            w.check(&[place], 0..0)?;
            Ok(done < place.len)
        }
    }
}

/// The most parts of a cursor.
const PARTS: usize = 4;

/// How many bytes are split off next: at times more than there are.
fn split(w: &mut World<'_>, rest: Place) -> usize {
    if w.rng.one_in(4) { w.rng.below(rest.len + 20) } else { w.rng.below(200) }
}

fn split_reader(w: &mut World<'_>) -> Outcome {
    let mut rest = w.any_place();
    let mut reader = UserReader::new(range(rest)?);
    let mut met = false;
    for _ in 0..w.rng.within(1, PARTS) {
        let count = split(w, rest);
        let head = first(rest, count.min(rest.len));
        rest = behind(rest, head.len);
        let part = reader.split_to(count);
        met |= read_all(w, head, part)?;
    }
    // What it keeps is the rest, or the beginning of it.
    if w.rng.below(2) == 0 {
        let count = split(w, rest);
        rest = first(rest, count.min(rest.len));
        reader.truncate(count);
    }
    Ok(met | read_all(w, rest, reader)?)
}

/// Reads all that a cursor should have, into room for more.
fn read_all(w: &mut World<'_>, place: Place, mut reader: UserReader) -> Outcome {
    let room = place.len + w.rng.below(20);
    let at = w.kernel_place(room);
    let (side, answer) = if w.rng.one_in(4) {
        let side = Side::of(w, place, Read, NotAsked);
        (side, reader.nofault().read(w.kernel(at, room)))
    } else {
        let side = Side::of(w, place, Read, Asked);
        (side, reader.read(w.kernel(at, room)))
    };
    let done = side.judge(w, answer.map(drop))?;
    if answer.is_ok() && answer != Ok(place.len) {
        return Err(format!("{answer:?} of {} bytes", place.len));
    }
    let bytes = w.user(place, done).to_vec();
    w.kernel_gets(at, &bytes);
    w.check(&[place], at..at + room)?;
    Ok(done < place.len)
}

fn split_writer(w: &mut World<'_>) -> Outcome {
    let mut rest = w.any_place();
    let mut writer = UserWriter::new(range(rest)?);
    let mut met = false;
    for _ in 0..w.rng.within(1, PARTS) {
        let count = split(w, rest);
        let head = first(rest, count.min(rest.len));
        rest = behind(rest, head.len);
        let part = writer.split_to(count);
        met |= write_all(w, head, part)?;
    }
    if w.rng.below(2) == 0 {
        let count = split(w, rest);
        rest = first(rest, count.min(rest.len));
        writer.truncate(count);
    }
    Ok(met | write_all(w, rest, writer)?)
}

/// Writes all that a cursor should have room for, of more.
fn write_all(w: &mut World<'_>, place: Place, mut writer: UserWriter) -> Outcome {
    let len = place.len + w.rng.below(20);
    let at = w.kernel_place(len);
    let bytes = w.kernel_model(at, len).to_vec();
    let (side, answer) = if w.rng.one_in(4) {
        let side = Side::of(w, place, Write, NotAsked);
        (side, writer.nofault().write(&bytes))
    } else {
        let side = Side::of(w, place, Write, Asked);
        (side, writer.write(&bytes))
    };
    let done = side.judge(w, answer.map(drop))?;
    if answer.is_ok() && answer != Ok(place.len) {
        return Err(format!("{answer:?} of {} bytes", place.len));
    }
    w.user_gets(place, &bytes[..done]);
    w.check(&[place], at..at + len)?;
    Ok(done < place.len)
}
