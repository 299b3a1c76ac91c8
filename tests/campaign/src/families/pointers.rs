// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pointers that are made from others. Where they point, the model computes by itself; the access shows it.

use alloc::format;

use axptr::{
    Access::{self, Read, Write},
    AnyBitPattern, Context, Fault, FaultKind, NoUninit, UserConstPtr, UserPtr, user_field,
};

use super::{
    Family, Outcome,
    values::{draw, place_of, same},
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
            ("user_field", field),
            $(
                (concat!("add of ", stringify!($type)), add::<$type> as fn(&mut World<'_>) -> Outcome),
                (concat!("checked_add of ", stringify!($type)), checked_add::<$type>),
                (concat!("byte_add of ", stringify!($type)), byte_add::<$type>),
                (concat!("byte_sub of ", stringify!($type)), byte_sub::<$type>),
            )+
        ]
    };
}

pub(super) const ALL: &[Family] = of_each! { u8 [u16; 3] u64 [u64; 9] };

/// So many bytes, mostly a few: up to all that there are in front of an address.
fn distance(w: &mut World<'_>, most: usize) -> usize {
    let most = if w.rng.one_in(8) { most } else { most.min(5000) };
    w.rng.below(most + 1)
}

/// Reads what a pointer points to.
fn read<T: AnyBitPattern + NoUninit, C: Context>(
    w: &mut World<'_>,
    from: Place,
    pager: Pager,
    pointer: UserConstPtr<T, C>,
) -> Outcome {
    let side = Side::of(w, from, Read, pager);
    let answer = pointer.read();
    let done = side.judge(w, answer.map(drop))?;
    if let Ok(value) = answer {
        same(bytemuck::bytes_of(&value), w.user(from, from.len))?;
    }
    w.check(&[from], 0..0)?;
    Ok(done < from.len)
}

/// Reads what a pointer points to, or writes it.
pub(super) fn through<T: AnyBitPattern + NoUninit, C: Context>(
    w: &mut World<'_>,
    place: Place,
    pager: Pager,
    pointer: UserPtr<T, C>,
) -> Outcome {
    if w.rng.below(2) == 0 {
        return read(w, place, pager, pointer.into());
    }
    let value: T = draw(w);
    let side = Side::of(w, place, Write, pager);
    let done = side.judge(w, pointer.write(value))?;
    w.user_gets(place, &bytemuck::bytes_of(&value)[..done]);
    w.check(&[place], 0..0)?;
    Ok(done < place.len)
}

fn add<T: AnyBitPattern + NoUninit>(w: &mut World<'_>) -> Outcome {
    let place = place_of::<T>(w);
    let count = distance(w, place.addr) / size_of::<T>();
    let base = place.addr - count * size_of::<T>();
    match w.rng.below(3) {
        0 => read(w, place, Asked, UserConstPtr::<T>::from(base).add(count)),
        1 => through(w, place, NotAsked, UserPtr::<T>::from(base).nofault().add(count)),
        _ => through(w, place, Asked, UserPtr::<T>::from(base).add(count)),
    }
}

fn checked_add<T: AnyBitPattern + NoUninit>(w: &mut World<'_>) -> Outcome {
    let place = place_of::<T>(w);
    let count = distance(w, place.addr) / size_of::<T>();
    let base = place.addr - count * size_of::<T>();
    // The first count that leaves no address, and any behind it.
    let beyond = (usize::MAX - base) / size_of::<T>() + 1;
    let beyond = if w.rng.below(2) == 0 { beyond } else { w.rng.within(beyond, usize::MAX - 1) };
    if let Some(pointer) = UserPtr::<T>::from(base).checked_add(beyond) {
        return Err(format!("{pointer:?} lies {beyond:#x} elements behind {base:#x}"));
    }
    let there = "there is such an address";
    match w.rng.below(2) {
        0 => read(w, place, Asked, UserConstPtr::<T>::from(base).checked_add(count).ok_or(there)?),
        _ => through(w, place, Asked, UserPtr::<T>::from(base).checked_add(count).ok_or(there)?),
    }
}

fn byte_add<T: AnyBitPattern + NoUninit>(w: &mut World<'_>) -> Outcome {
    let place = place_of::<T>(w);
    if w.rng.one_in(16) {
        return beyond::<T>(w, place);
    }
    let bytes = distance(w, place.addr);
    let base = place.addr - bytes;
    match w.rng.below(3) {
        0 => read(w, place, Asked, UserConstPtr::<T>::from(base).byte_add(bytes)),
        1 => through(w, place, NotAsked, UserPtr::<T>::from(base).nofault().byte_add(bytes)),
        _ => through(w, place, Asked, UserPtr::<T>::from(base).byte_add(bytes)),
    }
}

/// "The last address of all, which no access accepts", and no address that has wrapped around.
fn beyond<T: AnyBitPattern + NoUninit>(w: &mut World<'_>, place: Place) -> Outcome {
    let most = usize::MAX - place.addr;
    let bytes = w.rng.pick(&[most, most + 1, usize::MAX]);
    let expected = |access: Access| Some(Fault::new(usize::MAX, 0, access, FaultKind::OutOfRange));
    let (to, value) = (UserPtr::<T>::from(place.addr), draw::<T>(w));
    let (by_bytes, by_count) = (to.byte_add(bytes), to.add(usize::MAX));
    let answers = [by_bytes.read().err(), by_count.read().err()];
    if answers != [expected(Read); 2] {
        return Err(format!("{answers:x?} to reads {bytes:#x} bytes behind {place:x?}"));
    }
    let answers = [by_bytes.write(value).err(), by_count.write(value).err()];
    if answers != [expected(Write); 2] {
        return Err(format!("{answers:x?} to writes {bytes:#x} bytes behind {place:x?}"));
    }
    w.check(&[place], 0..0)?;
    Ok(false)
}

fn byte_sub<T: AnyBitPattern + NoUninit>(w: &mut World<'_>) -> Outcome {
    let place = place_of::<T>(w);
    let bytes = distance(w, usize::MAX - place.addr);
    let base = place.addr + bytes;
    match w.rng.below(3) {
        0 => read(w, place, Asked, UserConstPtr::<T>::from(base).byte_sub(bytes)),
        1 => through(w, place, NotAsked, UserPtr::<T>::from(base).nofault().byte_sub(bytes)),
        _ => through(w, place, Asked, UserPtr::<T>::from(base).byte_sub(bytes)),
    }
}

/// 32 bytes, with gaps in front of the second and the fourth field, and behind the last.
#[derive(Debug)]
#[repr(C)]
struct Record {
    tag: u8,
    count: u32,
    name: [u8; 5],
    sum: u64,
    rest: [u16; 3],
}

fn field(w: &mut World<'_>) -> Outcome {
    let record = w.place(32, 1);
    let (it, only) = (UserPtr::<Record>::from(record.addr), UserConstPtr::<Record>::from(record.addr));
    let at = |from: usize, len: usize| Place { offset: record.offset + from, addr: record.addr + from, len };
    match w.rng.below(8) {
        0 => through(w, at(0, 1), Asked, user_field!(it, Record, tag)),
        1 => through(w, at(4, 4), Asked, user_field!(it, Record, count)),
        2 => through(w, at(8, 5), Asked, user_field!(it, Record, name)),
        3 => through(w, at(16, 8), Asked, user_field!(it, Record, sum)),
        4 => through(w, at(24, 6), Asked, user_field!(it, Record, rest)),
        5 => through(w, at(24, 6), NotAsked, user_field!(it.nofault(), Record, rest)),
        6 => read(w, at(4, 4), Asked, user_field!(only, Record, count)),
        _ => read(w, at(16, 8), NotAsked, user_field!(only.nofault(), Record, sum)),
    }
}
