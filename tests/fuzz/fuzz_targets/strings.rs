// SPDX-License-Identifier: MIT OR Apache-2.0
//! Strings that end somewhere, or nowhere.
#![no_main]

use std::ffi::CStr;

use arbitrary::Arbitrary;
use axptr::{Access, Fault, Fit, UserConstPtr, UserReader, cstr::StringError};
use axptr_fuzz::{May, PAGES, Place, World};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    pages: [May; PAGES],
    bytes: &'a [u8],
    rest: u8,
    place: Place,
    limit: Limit,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Limit {
    Small(u8),
    Pages(u16),
    Any(u64),
}

/// Where a string ends.
#[derive(Debug)]
enum Ends {
    /// Its terminator is behind so many bytes.
    Here(usize),
    /// The limit is.
    Limit,
    /// A byte that cannot be read is.
    Fault(usize),
}

fuzz_target!(|input: Input| {
    let mut world = World::new(input.pages, input.bytes, input.rest);
    let start = world.at(input.place);
    let limit = match input.limit {
        Limit::Small(limit) => usize::from(limit),
        Limit::Pages(limit) => usize::from(limit) % (5 * axptr_fuzz::PAGE),
        Limit::Any(limit) => limit as usize,
    };
    let string = UserConstPtr::<u8>::from(start).as_cstr();
    let (read, ends) = scan(&mut world, start, limit);

    let answer = string.len(limit);
    judge(&world, &answer, &ends, start, |&len| len);

    // Where memory is taken, the limit is a limit, and not a size.
    let mut kept = b"before".to_vec();
    let answer = string.append_to(&mut kept, limit);
    judge(&world, &answer, &ends, start, |&len| len);
    assert_eq!(kept[..6], *b"before");
    assert_eq!(kept[6..], read);
    judge(&world, &string.to_cstring(limit), &ends, start, |owned| {
        assert_eq!(owned.as_bytes(), read);
        owned.as_bytes().len()
    });
    match string.to_string(limit) {
        Err(StringError::NotUtf8) => assert!(std::str::from_utf8(&read).is_err()),
        answer => judge(&world, &answer, &ends, start, |owned| {
            assert_eq!(owned.as_bytes(), read);
            owned.len()
        }),
    }

    // Where it is given, the buffer is the limit.
    let room = limit % (5 * axptr_fuzz::PAGE);
    let (read, ends) = scan(&mut world, start, room);
    let mut buf = vec![0xee; room];
    judge(&world, &string.read(&mut buf), &ends, start, |found| found.to_bytes().len());
    let written = read.len() + usize::from(matches!(ends, Ends::Here(_)));
    assert_eq!(buf[..read.len()], read);
    assert!(buf[read.len()..written].iter().all(|&byte| byte == 0));
    assert!(buf[written..].iter().all(|&byte| byte == 0xee));
    match string.read_str(&mut buf) {
        Err(StringError::NotUtf8) => assert!(std::str::from_utf8(&read).is_err()),
        answer => judge(&world, &answer, &ends, start, |found| found.len()),
    }
    truncated(&world, start, &read, &ends, room);
    by_cursor(&mut world, start, limit, room);
});

/// The bytes before the terminator, the limit, or the first byte that cannot be read.
fn scan(world: &mut World, start: usize, limit: usize) -> (Vec<u8>, Ends) {
    let mut read = Vec::new();
    loop {
        if read.len() == limit {
            return (read, Ends::Limit);
        }
        match start.checked_add(read.len()).and_then(|addr| world.byte(addr)) {
            Some(0) => return (read.clone(), Ends::Here(read.len())),
            Some(byte) => read.push(byte),
            None => return (read.clone(), Ends::Fault(read.len())),
        }
    }
}

fn judge<T: std::fmt::Debug>(
    world: &World,
    answer: &Result<T, StringError>,
    ends: &Ends,
    start: usize,
    len: impl Fn(&T) -> usize,
) {
    match (answer, ends) {
        (Ok(found), Ends::Here(before)) => assert_eq!(len(found), *before),
        (Err(StringError::TooLong), Ends::Limit) => {}
        (Err(StringError::Fault(fault)), Ends::Fault(done)) => fault_is(world, *fault, start, *done),
        _ => panic!("{answer:?}, and it is {ends:?}"),
    }
}

fn fault_is(world: &World, fault: Fault, start: usize, done: usize) {
    world.judge_fault(fault, start, done, Access::Read);
}

fn truncated(world: &World, start: usize, read: &[u8], ends: &Ends, room: usize) {
    let mut buf = vec![0xee; room];
    let answer = UserConstPtr::<u8>::from(start).as_cstr().read_truncated(&mut buf);
    let whole = |found: &CStr| assert_eq!(found.to_bytes(), read);
    match (answer, ends) {
        (Ok((found, Fit::Whole)), Ends::Here(_)) => whole(found),
        (Ok((found, Fit::CutOff)), Ends::Limit) => assert_eq!(found.to_bytes(), &read[..room - 1]),
        (Err(StringError::TooLong), Ends::Limit) => assert_eq!(room, 0),
        // The byte in the terminator's place is not needed, but for a string of which no byte may be looked at.
        (Ok((found, Fit::CutOff)), Ends::Fault(done)) => {
            assert_eq!(done + 1, room);
            assert!(axptr_fuzz::is_user(start, 1));
            whole(found);
        }
        (Err(StringError::Fault(fault)), Ends::Fault(done)) => {
            assert!(done + 1 < room || !axptr_fuzz::is_user(start, 1));
            fault_is(world, fault, start, *done);
        }
        (answer, _) => panic!("{answer:?}, and it is {ends:?}"),
    }
}

/// A reader's string ends at the latest where the reader does.
fn by_cursor(world: &mut World, start: usize, len: usize, room: usize) {
    let Some(range) = axptr_fuzz::range(start, len) else { return };
    let (read, ends) = scan(world, start, len.min(room));
    let mut reader = UserReader::new(range);
    let mut buf = vec![0xee; room];
    let answer = reader.read_cstr(&mut buf).map(|found| found.to_bytes().to_vec());
    let moved = if answer.is_ok() { read.len() + 1 } else { 0 };
    assert_eq!(reader.remaining(), len - moved);
    judge(world, &answer, &ends, start, |found| {
        assert_eq!(*found, read);
        found.len()
    });
}
