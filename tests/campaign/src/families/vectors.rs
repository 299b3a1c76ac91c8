// SPDX-License-Identifier: MIT OR Apache-2.0
//! `readv` and `writev`: an array in user memory that describes ranges of it.

use alloc::{format, vec, vec::Vec};

use axptr::{
    Access::{Read, Write},
    Fault, NoUninit, UserConstPtr, UserRange,
    iovec::{IoVec, IoVec32, IoVecError, IoVecs, MAX_TOTAL, RawIoVec},
};

use super::{Family, Outcome};
use crate::{
    judge::Side,
    world::{Pager::Asked, Place, World},
};

pub(super) const ALL: &[Family] =
    &[("IoVecs of IoVec", vector::<IoVec>), ("IoVecs of IoVec32", vector::<IoVec32>)];

/// What the model knows of a layout.
trait Layout: RawIoVec + NoUninit {
    /// The element that describes a range. An address that is too long loses its upper bits.
    fn of(range: Place) -> Self;

    /// Address and length of the element in these bytes, and whether the length is negative.
    fn parse(bytes: &[u8]) -> (usize, usize, bool);
}

impl Layout for IoVec {
    fn of(range: Place) -> Self {
        Self { base: range.addr as u64, len: range.len as u64 }
    }

    fn parse(bytes: &[u8]) -> (usize, usize, bool) {
        let [base, len]: [u64; 2] = bytemuck::pod_read_unaligned(bytes);
        (base as usize, len as usize, len > i64::MAX as u64)
    }
}

impl Layout for IoVec32 {
    fn of(range: Place) -> Self {
        Self { base: range.addr as u32, len: range.len as u32 }
    }

    fn parse(bytes: &[u8]) -> (usize, usize, bool) {
        let [base, len]: [u32; 2] = bytemuck::pod_read_unaligned(bytes);
        (base as usize, len as usize, len > i32::MAX as u32)
    }
}

/// The most elements.
const MOST: usize = 9;

fn vector<V: Layout>(w: &mut World<'_>) -> Outcome {
    let element = size_of::<V>();
    let count = w.rng.below(MOST + 1);
    let array = w.place(count * element, 1);
    let ranges: Vec<Place> = (0..count)
        .map(|_| {
            let len = if w.rng.one_in(10) { w.length() } else { w.rng.below(200) };
            w.place(len, 1)
        })
        .collect();
    if w.has_memory(array) {
        let elements: Vec<V> = ranges.iter().map(|&it| V::of(it)).collect();
        w.poke(array.offset, bytemuck::cast_slice(&elements));
        if count > 0 && w.rng.one_in(12) {
            let bad = array.offset + w.rng.below(count) * element + element / 2;
            w.poke(bad, &vec![0xff; element / 2]);
        }
    }
    let mut storage = vec![UserRange::EMPTY; count];
    let imported = IoVecs::import(UserConstPtr::<V>::from(array.addr), count, &mut storage);
    let side = Side::of(w, array, Read, Asked);
    let readable = side.bad.map_or(array.len, |(distance, _)| distance);
    let there: Vec<_> =
        w.user(array, readable / element * element).chunks_exact(element).map(V::parse).collect();
    let negative = there.iter().position(|it| it.2);
    // What a lazy page holds was not put there for this, and a short address may have lost its upper bits.
    let is_ours = w.has_memory(array) && there.iter().zip(&ranges).all(|(it, range)| it.0 == range.addr);
    let vector = match imported {
        Err(IoVecError::BadLength { index }) if Some(index) == negative => {
            w.check(&[array], 0..0)?;
            return Ok(false);
        }
        Err(IoVecError::Fault(fault)) if negative.is_none() && side.bad.is_some() => {
            side.judge(w, Err(fault))?;
            w.check(&[array], 0..0)?;
            return Ok(true);
        }
        Ok(vector) if negative.is_none() && side.bad.is_none() => vector,
        // Such an element may be of a range that is in no user half.
        Err(IoVecError::Fault(fault)) if negative.is_none() && !is_ours => {
            // "A vector of one element is cut off first."
            let most = if count == 1 { MAX_TOTAL } else { usize::MAX };
            let is_outside = |it: &&(usize, usize, bool)| !is_in_user_half(it.0, it.1.min(most));
            let is_it = |it: &(usize, usize, bool)| it.0 == fault.addr && fault.done == 0;
            let is_refused = there.iter().find(is_outside).is_some_and(is_it);
            return if is_refused { Ok(false) } else { Err(format!("{fault:x?} for {there:x?}")) };
        }
        other => return Err(format!("{other:x?} for {array:x?}, with {there:x?}")),
    };
    if !is_ours {
        let mut left = MAX_TOTAL;
        let are_those = vector.ranges().len() == there.len()
            && vector.ranges().iter().zip(&there).all(|(range, it)| {
                let len = it.1.min(left);
                left -= len;
                (range.start(), range.len()) == (it.0, len)
            });
        let is_right = are_those && vector.total() == MAX_TOTAL - left;
        return if is_right { Ok(false) } else { Err(format!("{vector:x?} for {there:x?}")) };
    }
    let total: usize = ranges.iter().map(|it| it.len).sum();
    if vector.total() != total {
        return Err(format!("{} bytes, not {total}", vector.total()));
    }
    transfer(w, &vector, &ranges, total)
}

/// "An empty element may lie anywhere."
fn is_in_user_half(start: usize, len: usize) -> bool {
    len == 0 || start.checked_add(len).is_some_and(|end| end <= axptr::user_limit())
}

/// Gathers or scatters from an offset on.
fn transfer(w: &mut World<'_>, vector: &IoVecs<'_>, ranges: &[Place], total: usize) -> Outcome {
    let offset = w.rng.below(total + 2);
    let len = w.rng.below(total + 20).min(w.len());
    let at = w.kernel_place(len);
    let gathers = w.rng.below(2) == 0;
    // What the ranges have before anything is done.
    let access = if gathers { Read } else { Write };
    let mut skip = offset;
    let mut pieces = Vec::new();
    let mut left = len;
    for range in ranges {
        let skipped = skip.min(range.len);
        skip -= skipped;
        let count = left.min(range.len - skipped);
        left -= count;
        if count > 0 {
            pieces.push(Place { offset: range.offset + skipped, addr: range.addr + skipped, len: count });
        }
    }
    let answer = if gathers {
        vector.read_at(offset, w.kernel(at, len))
    } else {
        vector.write_at(offset, w.kernel(at, len))
    };
    let mut done = 0;
    let mut stopped = None;
    for &piece in &pieces {
        let side = Side::of(w, piece, access, Asked);
        let count = side.bad.map_or(piece.len, |(distance, _)| distance);
        if gathers {
            let bytes = w.user(piece, count).to_vec();
            w.kernel_gets(at + done, &bytes);
        } else {
            let bytes = w.kernel_model(at + done, count).to_vec();
            w.user_gets(piece, &bytes);
        }
        if side.bad.is_some() {
            stopped = Some((side, done));
            break;
        }
        done += count;
    }
    let outcome = match (stopped, answer) {
        (None, Ok(count)) if count == done => Ok(false),
        (Some((side, before)), Err(fault)) if fault.done >= before => {
            // As a fault of the range: `done` counts the whole.
            let start = fault.addr.wrapping_sub(fault.done - before);
            let own = Fault::new(start, fault.done - before, fault.access, fault.kind);
            side.judge(w, Err(own)).map(|_| true)
        }
        _ => Err(format!("{answer:x?} from {offset} on, {len} bytes of {pieces:x?}; {done} can be done")),
    }?;
    w.check(&pieces, at..at + len)?;
    Ok(outcome)
}
