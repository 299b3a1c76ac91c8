// SPDX-License-Identifier: MIT OR Apache-2.0
//! Strings: what is looked at ends with the terminator, the limit, or the byte in front of a bad one.

use alloc::{format, string::String, vec};

use axptr::{Access::Read, Fit, UserConstPtr, UserReader, cstr::StringError, raw};

use super::{Family, Outcome};
use crate::{
    judge::{Side, of_outcome},
    world::{
        Pager::{self, Asked, NotAsked},
        Place, World,
    },
};

pub(super) const ALL: &[Family] = &[
    ("UserCStr::len", |w| len(w, Asked)),
    ("UserCStr::len, not asking", |w| len(w, NotAsked)),
    ("UserCStr::read", |w| read(w, Asked)),
    ("UserCStr::read, not asking", |w| read(w, NotAsked)),
    ("UserCStr::read_str", read_str),
    ("UserCStr::read_truncated", read_truncated),
    ("UserCStr::to_cstring", to_cstring),
    ("UserCStr::to_string", to_string),
    ("UserCStr::append_to", append_to),
    ("UserReader::read_cstr", read_cstr),
    ("raw::copy_string", |w| copy_string(w, Asked)),
    ("raw::nofault::copy_string", |w| copy_string(w, NotAsked)),
];

/// How a string ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Behind so many bytes is its terminator.
    Terminator(usize),
    /// There is none within the limit.
    Limit,
    /// Behind so many bytes is a bad one.
    Bad(usize),
}

/// Where a string begins that ends as the model says; at times a terminator is put into it.
fn string(w: &mut World<'_>, pager: Pager) -> (Place, Side, End) {
    let place = w.any_place();
    if place.len > 0 && w.rng.below(2) == 0 {
        let at = w.rng.below(place.len);
        let byte = Place { offset: place.offset + at, addr: place.addr + at, len: 1 };
        if w.has_memory(byte) {
            w.poke(byte.offset, &[0]);
        }
    }
    let mut side = Side::of(w, place, Read, pager);
    let readable = side.bad.map_or(place.len, |(distance, _)| distance);
    let end = match w.user(place, readable).iter().position(|&byte| byte == 0) {
        Some(at) => End::Terminator(at),
        None if readable < place.len => End::Bad(readable),
        None => End::Limit,
    };
    if !matches!(end, End::Bad(_)) {
        side.bad = None;
    }
    (place, side, end)
}

/// Holds a failure, or none, against how the string ends.
fn ends(w: &World<'_>, side: Side, end: End, answer: Result<(), StringError>) -> Result<bool, String> {
    match (end, answer) {
        (End::Terminator(_), Ok(())) | (End::Limit, Err(StringError::TooLong)) => Ok(false),
        (End::Bad(_), Err(StringError::Fault(fault))) => side.judge(w, Err(fault)).map(|_| true),
        _ => Err(format!("{answer:x?}, but {end:?} of {:x?}", side.place)),
    }
}

/// How many bytes get into a buffer, the terminator with them.
const fn copied(end: End, limit: usize) -> usize {
    match end {
        End::Terminator(at) => at + 1,
        End::Limit => limit,
        End::Bad(at) => at,
    }
}

fn len(w: &mut World<'_>, pager: Pager) -> Outcome {
    let (place, side, end) = string(w, pager);
    let it = UserConstPtr::<u8>::from(place.addr).as_cstr();
    let answer = match pager {
        Asked => it.len(place.len),
        NotAsked => it.nofault().len(place.len),
    };
    let outcome = ends(w, side, end, answer.map(drop))?;
    if let (Ok(len), End::Terminator(at)) = (answer, end)
        && len != at
    {
        return Err(format!("{len} bytes, not {at}"));
    }
    w.check(&[place], 0..0)?;
    Ok(outcome)
}

fn read(w: &mut World<'_>, pager: Pager) -> Outcome {
    let (place, side, end) = string(w, pager);
    let at = w.kernel_place(place.len);
    let it = UserConstPtr::<i8>::from(place.addr).as_cstr();
    let buf = w.kernel(at, place.len);
    let answer = match pager {
        Asked => it.read(buf),
        NotAsked => it.nofault().read(buf),
    };
    let answer = answer.map(|it| it.count_bytes());
    let outcome = ends(w, side, end, answer.map(drop))?;
    if let (Ok(len), End::Terminator(at)) = (answer, end)
        && len != at
    {
        return Err(format!("{len} bytes, not {at}"));
    }
    let bytes = w.user(place, copied(end, place.len)).to_vec();
    w.kernel_gets(at, &bytes);
    w.check(&[place], at..at + place.len)?;
    Ok(outcome)
}

fn read_str(w: &mut World<'_>) -> Outcome {
    let (place, side, end) = string(w, Asked);
    let at = w.kernel_place(place.len);
    let answer =
        UserConstPtr::<u8>::from(place.addr).as_cstr().read_str(w.kernel(at, place.len)).map(str::len);
    let outcome = utf8(w, place, side, end, answer)?;
    let bytes = w.user(place, copied(end, place.len)).to_vec();
    w.kernel_gets(at, &bytes);
    w.check(&[place], at..at + place.len)?;
    Ok(outcome)
}

/// The same where the bytes must be UTF-8, too.
fn utf8(
    w: &World<'_>,
    place: Place,
    side: Side,
    end: End,
    answer: Result<usize, StringError>,
) -> Result<bool, String> {
    if let End::Terminator(at) = end {
        let expected = match core::str::from_utf8(w.user(place, at)) {
            Ok(_) => Ok(at),
            Err(_) => Err(StringError::NotUtf8),
        };
        return if answer == expected { Ok(false) } else { Err(format!("{answer:?}, not {expected:?}")) };
    }
    ends(w, side, end, answer.map(drop))
}

fn read_truncated(w: &mut World<'_>) -> Outcome {
    let (place, side, end) = string(w, Asked);
    let at = w.kernel_place(place.len);
    let answer = UserConstPtr::<u8>::from(place.addr).as_cstr().read_truncated(w.kernel(at, place.len));
    let answer = answer.map(|(it, fit)| (it.count_bytes(), fit));
    let mut bytes = w.user(place, copied(end, place.len)).to_vec();
    // "Only if one of the first `buf.len() - 1` bytes is needed and not readable."
    let is_cut = match end {
        End::Limit => place.len > 0,
        End::Bad(bad) => bad + 1 == place.len,
        End::Terminator(_) => false,
    };
    let outcome = if is_cut {
        bytes.truncate(place.len - 1);
        bytes.push(0);
        let expected = Ok((place.len - 1, Fit::CutOff));
        if answer == expected { Ok(false) } else { Err(format!("{answer:?}, not {expected:?}")) }
    } else if let (Ok(found), End::Terminator(len)) = (answer, end) {
        let expected = (len, Fit::Whole);
        if found == expected { Ok(false) } else { Err(format!("{found:?}, not {expected:?}")) }
    } else {
        ends(w, side, end, answer.map(drop))
    }?;
    w.kernel_gets(at, &bytes);
    w.check(&[place], at..at + place.len)?;
    Ok(outcome)
}

fn to_cstring(w: &mut World<'_>) -> Outcome {
    let (place, side, end) = string(w, Asked);
    let answer = UserConstPtr::<u8>::from(place.addr).as_cstr().to_cstring(place.len);
    if let (Ok(found), End::Terminator(at)) = (&answer, end) {
        super::values::same(found.as_bytes(), w.user(place, at))?;
    }
    let outcome = ends(w, side, end, answer.map(drop))?;
    w.check(&[place], 0..0)?;
    Ok(outcome)
}

fn to_string(w: &mut World<'_>) -> Outcome {
    let (place, side, end) = string(w, Asked);
    let answer = UserConstPtr::<u8>::from(place.addr).as_cstr().to_string(place.len);
    if let (Ok(found), End::Terminator(at)) = (&answer, end) {
        super::values::same(found.as_bytes(), w.user(place, at))?;
    }
    let outcome = utf8(w, place, side, end, answer.map(|it| it.len()))?;
    w.check(&[place], 0..0)?;
    Ok(outcome)
}

fn append_to(w: &mut World<'_>) -> Outcome {
    let (place, side, end) = string(w, Asked);
    let mut bytes = vec![7; 3];
    let answer = UserConstPtr::<u8>::from(place.addr).as_cstr().append_to(&mut bytes, place.len);
    let outcome = ends(w, side, end, answer.map(drop))?;
    // "Without its terminator."
    let kept = copied(end, place.len) - usize::from(matches!(end, End::Terminator(_)));
    let mut expected = vec![7; 3];
    expected.extend_from_slice(w.user(place, kept));
    super::values::same(&bytes, &expected)?;
    w.check(&[place], 0..0)?;
    Ok(outcome)
}

/// "It looks at no more bytes than `buf` has and the reader has left."
fn read_cstr(w: &mut World<'_>) -> Outcome {
    let (place, side, end) = string(w, Asked);
    let at = w.kernel_place(place.len);
    // Either of the two is the limit.
    let beyond = w.rng.below(2) * w.rng.below(50);
    let most = (w.len() - place.offset).min(place.len + beyond);
    let range = axptr::UserRange::new(place.addr, most).ok_or("the place is in the user half")?;
    let mut reader = UserReader::new(range);
    let answer = reader.read_cstr(w.kernel(at, place.len)).map(|it| it.count_bytes());
    let outcome = ends(w, side, end, answer.map(drop))?;
    let moved = match end {
        End::Terminator(at) => at + 1,
        End::Limit | End::Bad(_) => 0,
    };
    if (reader.addr(), reader.remaining()) != (place.addr + moved, most - moved) {
        return Err(format!("{reader:x?}, after {moved} bytes of {place:x?}"));
    }
    let bytes = w.user(place, copied(end, place.len)).to_vec();
    w.kernel_gets(at, &bytes);
    w.check(&[place], at..at + place.len)?;
    Ok(outcome)
}

/// "`max` minus the number of bytes copied" is left.
fn copy_string(w: &mut World<'_>, pager: Pager) -> Outcome {
    let (place, side, end) = string(w, pager);
    let at = w.kernel_place(place.len);
    let to = w.kernel(at, place.len).as_mut_ptr();
    let outcome = match pager {
        // SAFETY: (1) the slice; (2) the site's pages.
        Asked => unsafe { raw::copy_string(to, place.addr, place.len) },
        // SAFETY: (1) the slice; (2) the site's pages.
        NotAsked => unsafe { raw::nofault::copy_string(to, place.addr, place.len) },
    };
    let done = copied(end, place.len);
    if outcome.left() != place.len - done {
        return Err(format!("{outcome:x?}, but {done} bytes can be copied of {place:x?}: {end:?}"));
    }
    let met = matches!(end, End::Bad(_));
    if met {
        side.judge(w, of_outcome(place, outcome, Read))?;
    }
    let bytes = w.user(place, done).to_vec();
    w.kernel_gets(at, &bytes);
    w.check(&[place], at..at + place.len)?;
    Ok(met)
}
