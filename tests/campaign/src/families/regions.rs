// SPDX-License-Identifier: MIT OR Apache-2.0
//! Region mode: an address space that refuses, one that has no page, and one that finds nothing wrong.

use alloc::{format, string::String, vec::Vec};
use core::ops::Range;

use axptr::{
    Access::{self, Read, Write},
    AddressSpace, AnyBitPattern, Fault, FaultKind, NoUninit, UserConstPtr, UserPtr, UserRange, region,
};

use super::{
    Family, Outcome,
    arrays::elements,
    values::{draw, place_of, same},
};
use crate::{
    judge::Side,
    world::{Pager::Asked, Place, World},
};

pub(super) const ALL: &[Family] = &[
    ("region::copy_from_user", copy_from),
    ("region::copy_to_user", copy_to),
    ("region::fill_user", fill),
    ("read_in of u32", read_in::<u32>),
    ("read_in of [u64; 9]", read_in::<[u64; 9]>),
    ("write_in of u32", write_in::<u32>),
    ("write_in of [u64; 9]", write_in::<[u64; 9]>),
    ("read_slice_in of u16", read_slice_in::<u16>),
    ("read_slice_in of [u8; 3]", read_slice_in::<[u8; 3]>),
    ("write_slice_in of u16", write_slice_in::<u16>),
    ("write_slice_in of [u8; 3]", write_slice_in::<[u8; 3]>),
];

/// What an address space says of the first bad byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// Its area does not permit it.
    Refused,
    /// It does, and no page comes.
    Absent,
    /// All is well: it is the access that finds out.
    Nothing,
}

#[derive(Debug)]
struct Space {
    says: Says,
    bad: Option<usize>,
    asked: usize,
}

impl AddressSpace for Space {
    fn check_region_access(&self, range: UserRange, _: Access) -> bool {
        let is_in = |bad: usize| range.start() <= bad && bad - range.start() < range.len();
        self.says != Says::Refused || !self.bad.is_some_and(is_in)
    }

    fn handle_fault(&mut self, addr: usize, _: Access) -> bool {
        self.asked += 1;
        // A page is asked for by its first byte in the range.
        let page = |addr: usize| addr / axptr_cases::PAGE;
        self.says != Says::Absent || self.bad.is_none_or(|bad| page(bad) != page(addr))
    }
}

/// An address space, and the side of an operation that it is asked about.
fn ask(w: &mut World<'_>, place: Place, access: Access) -> (Side, Space) {
    let side = Side::of(w, place, access, Asked);
    let says = w.rng.pick(&[Says::Refused, Says::Absent, Says::Nothing]);
    let bad = side.bad.map(|(distance, _)| place.addr + distance);
    (side, Space { says, bad, asked: 0 })
}

/// Holds an answer against the side and what the space has said. Returns how many bytes are done.
fn judge(w: &World<'_>, side: Side, space: &Space, answer: Result<(), Fault>) -> Result<usize, String> {
    let start = side.place.addr;
    match (side.bad, space.says) {
        (Some(_), Says::Refused) => {
            let expected = Fault::new(start, 0, side.access, FaultKind::Permission);
            if answer != Err(expected) || space.asked > 0 {
                return Err(format!("{answer:x?}, not {expected:x?}; {} pages asked for", space.asked));
            }
            Ok(0)
        }
        (Some((distance, _)), Says::Absent) => {
            let expected = Fault::new(start, distance, side.access, FaultKind::NotPresent);
            if answer != Err(expected) {
                return Err(format!("{answer:x?}, not {expected:x?}"));
            }
            Ok(distance)
        }
        _ => side.judge(w, answer),
    }
}

fn copy_from(w: &mut World<'_>) -> Outcome {
    let from = w.any_place();
    let at = w.kernel_place(from.len);
    let (side, mut space) = ask(w, from, Read);
    let answer = region::copy_from_user(&mut space, w.kernel(at, from.len), from.addr);
    let done = judge(w, side, &space, answer)?;
    let bytes = w.user(from, done).to_vec();
    w.kernel_gets(at, &bytes);
    w.check(&[from], at..at + from.len)?;
    Ok(done < from.len)
}

fn copy_to(w: &mut World<'_>) -> Outcome {
    let to = w.any_place();
    let at = w.kernel_place(to.len);
    let (side, mut space) = ask(w, to, Write);
    let answer = region::copy_to_user(&mut space, to.addr, w.kernel(at, to.len));
    let bytes = w.kernel_model(at, to.len).to_vec();
    written(w, side, &space, answer, &bytes, at..at + to.len)
}

fn fill(w: &mut World<'_>) -> Outcome {
    let to = w.any_place();
    let byte = w.rng.byte();
    let (side, mut space) = ask(w, to, Write);
    let answer = region::fill_user(&mut space, to.addr, byte, to.len);
    written(w, side, &space, answer, &alloc::vec![byte; to.len], 0..0)
}

/// The first of these bytes are there now, as many as could be done.
fn written(
    w: &mut World<'_>,
    side: Side,
    space: &Space,
    answer: Result<(), Fault>,
    bytes: &[u8],
    kernel: Range<usize>,
) -> Outcome {
    let done = judge(w, side, space, answer)?;
    w.user_gets(side.place, &bytes[..done]);
    w.check(&[side.place], kernel)?;
    Ok(done < side.place.len)
}

fn read_in<T: AnyBitPattern + NoUninit>(w: &mut World<'_>) -> Outcome {
    let from = place_of::<T>(w);
    let (side, mut space) = ask(w, from, Read);
    let answer = UserConstPtr::<T>::from(from.addr).read_in(&mut space);
    let done = judge(w, side, &space, answer.map(drop))?;
    if let Ok(value) = answer {
        same(bytemuck::bytes_of(&value), w.user(from, from.len))?;
    }
    w.check(&[from], 0..0)?;
    Ok(done < from.len)
}

fn write_in<T: AnyBitPattern + NoUninit>(w: &mut World<'_>) -> Outcome {
    let to = place_of::<T>(w);
    let value: T = draw(w);
    let (side, mut space) = ask(w, to, Write);
    let answer = UserPtr::<T>::from(to.addr).write_in(&mut space, value);
    written(w, side, &space, answer, bytemuck::bytes_of(&value), 0..0)
}

fn read_slice_in<T: AnyBitPattern + NoUninit>(w: &mut World<'_>) -> Outcome {
    let (from, count) = elements::<T>(w);
    let mut buf: Vec<T> = (0..count).map(|_| draw(w)).collect();
    let mut expected = bytemuck::cast_slice::<T, u8>(&buf).to_vec();
    let (side, mut space) = ask(w, from, Read);
    let answer = UserPtr::<T>::from(from.addr).read_slice_in(&mut space, &mut buf);
    let done = judge(w, side, &space, answer)?;
    expected[..done].copy_from_slice(w.user(from, done));
    same(bytemuck::cast_slice(&buf), &expected)?;
    w.check(&[from], 0..0)?;
    Ok(done < from.len)
}

fn write_slice_in<T: AnyBitPattern + NoUninit>(w: &mut World<'_>) -> Outcome {
    let (to, count) = elements::<T>(w);
    let values: Vec<T> = (0..count).map(|_| draw(w)).collect();
    let (side, mut space) = ask(w, to, Write);
    let answer = UserPtr::<T>::from(to.addr).write_slice_in(&mut space, &values);
    written(w, side, &space, answer, bytemuck::cast_slice(&values), 0..0)
}
