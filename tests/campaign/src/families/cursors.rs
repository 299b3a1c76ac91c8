// SPDX-License-Identifier: MIT OR Apache-2.0
//! Streams: several operations on one cursor, which moves past what is done and stays where it was at a fault.

use alloc::{format, string::String};

use axptr::{
    Access::{Read, Write},
    CursorError, Fault, UserRange, UserReader, UserWriter,
};

use super::{
    Family, Outcome,
    values::{draw, same},
};
use crate::{
    judge::{Side, judge},
    world::{Pager::Asked, Place, World},
};

pub(super) const ALL: &[Family] = &[("UserReader", reader), ("UserWriter", writer), ("read_to", read_to)];

/// The most operations on one.
const STEPS: usize = 6;

pub(super) fn range(place: Place) -> Result<UserRange, String> {
    UserRange::new(place.addr, place.len).ok_or_else(|| format!("{place:x?} is in the user half"))
}

/// The first bytes of what is left.
pub(super) const fn first(rest: Place, len: usize) -> Place {
    Place { len, ..rest }
}

pub(super) const fn behind(rest: Place, len: usize) -> Place {
    Place { offset: rest.offset + len, addr: rest.addr + len, len: rest.len - len }
}

/// Behind the end of the range nothing is accessed; else it is a fault, or none.
fn whole(answer: Result<(), CursorError>, fits: bool) -> Result<Option<Result<(), Fault>>, String> {
    match answer {
        Err(CursorError::End) if !fits => Ok(None),
        Err(CursorError::Fault(fault)) if fits => Ok(Some(Err(fault))),
        Ok(()) if fits => Ok(Some(Ok(()))),
        _ => Err(format!("{answer:x?}, and that many bytes remain: {fits}")),
    }
}

fn reader(w: &mut World<'_>) -> Outcome {
    let mut rest = w.any_place();
    let mut reader = UserReader::new(range(rest)?);
    let mut met = false;
    for _ in 0..w.rng.within(1, STEPS) {
        let (step, answer) = match w.rng.below(4) {
            0 => {
                let room = w.rng.below(200);
                let at = w.kernel_place(room);
                let step = first(rest, room.min(rest.len));
                let side = Side::of(w, step, Read, Asked);
                let answer = reader.read(w.kernel(at, room));
                let done = side.judge(w, answer.map(drop))?;
                if answer.is_ok() && answer != Ok(step.len) {
                    return Err(format!("{answer:?} of {} bytes", step.len));
                }
                let bytes = w.user(step, done).to_vec();
                w.kernel_gets(at, &bytes);
                w.check(&[step], at..at + room)?;
                (step, Some(answer.map(drop)))
            }
            1 => {
                let room = w.rng.below(80);
                let at = w.kernel_place(room);
                let answer = whole(reader.read_exact(w.kernel(at, room)), room <= rest.len)?;
                let step = first(rest, room.min(rest.len));
                if let Some(answer) = answer {
                    let done = Side::of(w, step, Read, Asked).judge(w, answer)?;
                    let bytes = w.user(step, done).to_vec();
                    w.kernel_gets(at, &bytes);
                }
                w.check(&[step], at..at + room)?;
                (step, answer)
            }
            2 => {
                let fits = rest.len >= 8;
                let value = reader.read_value::<u64>();
                let answer = whole(value.map(drop), fits)?;
                let step = first(rest, rest.len.min(8));
                if let Some(answer) = answer {
                    Side::of(w, step, Read, Asked).judge(w, answer)?;
                }
                if let Ok(value) = value {
                    same(&value.to_ne_bytes(), w.user(step, 8))?;
                }
                w.check(&[step], 0..0)?;
                (step, answer)
            }
            _ => {
                let count = w.rng.below(100);
                let skipped = reader.skip(count);
                if skipped != count.min(rest.len) {
                    return Err(format!("{skipped} of {count} skipped, {} remain", rest.len));
                }
                (first(rest, skipped), Some(Ok(())))
            }
        };
        if answer == Some(Ok(())) {
            rest = behind(rest, step.len);
        }
        met |= matches!(answer, Some(Err(_)));
        if (reader.addr(), reader.remaining()) != (rest.addr, rest.len) {
            return Err(format!("{reader:x?}, not at {rest:x?}"));
        }
    }
    Ok(met)
}

fn writer(w: &mut World<'_>) -> Outcome {
    let mut rest = w.any_place();
    let mut writer = UserWriter::new(range(rest)?);
    let mut met = false;
    for _ in 0..w.rng.within(1, STEPS) {
        let len = w.rng.below(200);
        let at = w.kernel_place(len);
        let bytes = w.kernel_model(at, len).to_vec();
        let (bytes, answer, counted) = match w.rng.below(4) {
            0 => {
                let answer = writer.write(&bytes);
                (bytes, Some(answer.map(drop)), answer.ok())
            }
            1 => {
                let answer = whole(writer.write_all(&bytes), len <= rest.len)?;
                (bytes, answer, None)
            }
            2 => {
                let value: [u32; 3] = draw(w);
                let answer = whole(writer.write_value(value), rest.len >= 12)?;
                (bytemuck::bytes_of(&value).to_vec(), answer, None)
            }
            _ => {
                let byte = w.rng.byte();
                let answer = writer.fill(byte, len);
                (alloc::vec![byte; len], Some(answer.map(drop)), answer.ok())
            }
        };
        let step = first(rest, bytes.len().min(rest.len));
        if counted.is_some_and(|counted| counted != step.len) {
            return Err(format!("{counted:?} of {} bytes", step.len));
        }
        if let Some(answer) = answer {
            let done = Side::of(w, step, Write, Asked).judge(w, answer)?;
            w.user_gets(step, &bytes[..done]);
        }
        w.check(&[step], at..at + len)?;
        if answer == Some(Ok(())) {
            rest = behind(rest, step.len);
        }
        met |= matches!(answer, Some(Err(_)));
        if (writer.addr(), writer.remaining()) != (rest.addr, rest.len) {
            return Err(format!("{writer:x?}, not at {rest:x?}"));
        }
    }
    Ok(met)
}

/// From one to the other, where they share no byte.
fn read_to(w: &mut World<'_>) -> Outcome {
    let from = w.any_place();
    let len = w.length();
    let to = w.place(len, 1);
    if to.offset < from.offset + from.len && from.offset < to.offset + to.len {
        return Ok(false);
    }
    let (mut reader, mut writer) = (UserReader::new(range(from)?), UserWriter::new(range(to)?));
    let len = from.len.min(to.len);
    let (source, target) = (first(from, len), first(to, len));
    let sides = [Side::of(w, source, Read, Asked), Side::of(w, target, Write, Asked)];
    let answer =
        if w.rng.below(2) == 0 { reader.read_to(&mut writer) } else { writer.write_from(&mut reader) };
    let done = judge(w, &sides, answer.map(drop))?;
    w.user_moves(target, source, done);
    w.check(&[source, target], 0..0)?;
    let moved = if done == len { len } else { 0 };
    if (reader.remaining(), writer.remaining()) != (from.len - moved, to.len - moved) {
        return Err(format!("{reader:x?} and {writer:x?}, moved by other than {moved}"));
    }
    Ok(done < len)
}
