// SPDX-License-Identifier: MIT OR Apache-2.0
//! `readv` and `writev`: an array in user memory that describes ranges of it.

use alloc::{format, vec, vec::Vec};

use axptr::{
    Access::{Read, Write},
    Fault, UserConstPtr, UserRange,
    iovec::{IoVec, IoVecError, IoVecs, MAX_TOTAL},
};

use super::{Family, Outcome};
use crate::{
    judge::Side,
    world::{Pager::Asked, Place, World},
};

pub(super) const ALL: &[Family] = &[("IoVecs", vector)];

const ELEMENT: usize = size_of::<IoVec>();

/// The most elements.
const MOST: usize = 9;

fn vector(w: &mut World<'_>) -> Outcome {
    let count = w.rng.below(MOST + 1);
    let array = w.place(count * ELEMENT, 1);
    let ranges: Vec<Place> = (0..count)
        .map(|_| {
            let len = if w.rng.one_in(10) { w.length() } else { w.rng.below(200) };
            w.place(len, 1)
        })
        .collect();
    if w.has_memory(array) {
        let elements: Vec<IoVec> =
            ranges.iter().map(|it| IoVec { base: it.addr as u64, len: it.len as u64 }).collect();
        w.poke(array.offset, bytemuck::cast_slice(&elements));
        if count > 0 && w.rng.one_in(12) {
            let bad = array.offset + w.rng.below(count) * ELEMENT + 8;
            w.poke(bad, &u64::MAX.to_ne_bytes());
        }
    }
    let mut storage = vec![UserRange::EMPTY; count];
    let imported = IoVecs::import(UserConstPtr::<IoVec>::from(array.addr), count, &mut storage);
    let side = Side::of(w, array, Read, Asked);
    let readable = side.bad.map_or(array.len, |(distance, _)| distance);
    let there: Vec<[u64; 2]> = w
        .user(array, readable / ELEMENT * ELEMENT)
        .chunks_exact(ELEMENT)
        .map(bytemuck::pod_read_unaligned)
        .collect();
    let negative = there.iter().position(|it| it[1] > i64::MAX as u64);
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
        // What a lazy page holds was not put there for this: an element may be of a range that is in no user half.
        Err(IoVecError::Fault(fault)) if negative.is_none() && !w.has_memory(array) => {
            let is_it = |it: &[u64; 2]| it[0] as usize == fault.addr && fault.done == 0;
            // "A vector of one element is cut off first."
            let most = if count == 1 { MAX_TOTAL } else { usize::MAX };
            let fits = |it: &[u64; 2]| UserRange::new(it[0] as usize, (it[1] as usize).min(most)).is_some();
            let is_refused = there.iter().find(|it| !fits(it)).is_some_and(is_it);
            return if is_refused { Ok(false) } else { Err(format!("{fault:x?} for {there:x?}")) };
        }
        other => return Err(format!("{other:x?} for {array:x?}, with {there:x?}")),
    };
    if !w.has_memory(array) {
        let starts = vector.ranges().iter().map(UserRange::start);
        let are_those = starts.eq(there.iter().map(|it| it[0] as usize));
        return if are_those { Ok(false) } else { Err(format!("{vector:x?} for {there:x?}")) };
    }
    let total: usize = ranges.iter().map(|it| it.len).sum();
    if vector.total() != total {
        return Err(format!("{} bytes, not {total}", vector.total()));
    }
    transfer(w, &vector, &ranges, total)
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
