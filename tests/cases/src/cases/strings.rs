// SPDX-License-Identifier: MIT OR Apache-2.0
//! Strings, and arrays that end with a zero element.

use alloc::{format, string::String, vec, vec::Vec};
use core::fmt::Debug;

use axptr::{
    Access, AnyBitPattern, FaultKind, Limit, NoUninit, UserConstPtr, UserPtr, cstr::StringError, user_limit,
};

use crate::{
    area::{Area, Content},
    ensure::ensure,
    expect::{absence, fault},
    site::{PAGE, PageKind, Site},
};

use PageKind::{Good, Lazy, Unmapped};

const EDGE: usize = 2 * PAGE;

fn edge(site: &mut dyn Site) -> Area {
    Area::user(site, &[Good, Good, Unmapped], Content::Source)
}

/// A terminator at each byte of a page's last words, with nothing behind the page, read in every way.
pub(crate) fn ends_at_an_edge(site: &mut dyn Site) -> Result<(), String> {
    let mut area = edge(site);
    for end in EDGE - 70..EDGE {
        area.put(end, &[0]);
        for offset in end - 70..=end {
            let text = area.expected(offset..end);
            let user = UserConstPtr::<i8>::from(area.at(offset)).as_cstr();
            let traps = site.traps();
            let mut buf = [0xee; 80];
            let len = end - offset;
            ensure!(user.len(EDGE) == Ok(len), "{len} bytes that end at {end}: {:?}", user.len(EDGE));
            let read = user.read(&mut buf).map(|text| text.to_bytes());
            ensure!(read == Ok(text), "{len} bytes that end at {end}: {read:x?}");
            ensure!(buf[len + 1..].iter().all(|&byte| byte == 0xee), "{len} bytes: behind them");
            let read = user.read_str(&mut buf).map(str::as_bytes);
            ensure!(read == Ok(text), "{len} bytes that end at {end}: {read:x?}");
            let owned = user.to_cstring(EDGE);
            ensure!(owned.as_ref().is_ok_and(|owned| owned.to_bytes() == text), "{owned:x?}");
            let owned = user.to_string(len + 1);
            ensure!(owned.as_ref().is_ok_and(|owned| owned.as_bytes() == text), "{owned:x?}");
            ensure!(site.traps() == traps, "{} traps", site.traps() - traps);
        }
        area.put(end, &[1]);
    }
    Ok(())
}

/// Strings of each byte there is, of each length, at each alignment: words with the high bit set are no ends, nor are
/// bytes of 1 behind a terminator.
pub(crate) fn of_any_bytes(site: &mut dyn Site) -> Result<(), String> {
    const LONGEST: usize = 26;
    let mut area = edge(site);
    for byte in 1..=u8::MAX {
        for len in 0..LONGEST {
            let offset = 64 + usize::from(byte) % 8;
            let mut text = [byte; LONGEST + 8];
            text[len] = 0;
            // Behind the terminator: what a borrow from it would be mistaken in.
            text[len + 1] = if byte % 2 == 0 { 1 } else { 0x80 };
            area.put(offset, &text);
            let user = UserConstPtr::<u8>::from(area.at(offset)).as_cstr();
            let mut buf = [0xee; LONGEST + 8];
            let read = user.read(&mut buf).map(|text| text.to_bytes());
            ensure!(read == Ok(&text[..len]), "{len} of {byte:#x}: {read:x?}");
            ensure!(buf[len + 1..].iter().all(|&byte| byte == 0xee), "{len} of {byte:#x}: behind them");
            ensure!(user.len(text.len()) == Ok(len), "{len} of {byte:#x}: {:?}", user.len(text.len()));
        }
    }
    Ok(())
}

pub(crate) fn limits(site: &mut dyn Site) -> Result<(), String> {
    let mut area = edge(site);
    for len in [0, 1, 7, 8, 9, 100, 255, 256, 257, 511, 1000, PAGE, EDGE - 1] {
        // Everything in front of the terminator is read, whatever its alignment.
        let offset = EDGE - 1 - len;
        area.put(EDGE - 1, &[0]);
        let user = UserPtr::<u8>::from(area.at(offset)).as_cstr();
        for (limit, fits) in [(len, false), (len + 1, true), (len + 2, true), (usize::MAX, true)] {
            let expected = if fits { Ok(len) } else { Err(StringError::TooLong) };
            let told = [
                user.len(limit),
                user.read(&mut vec![0; limit.min(4 * PAGE)]).map(|text| text.count_bytes()),
                user.to_cstring(limit).map(|text| text.count_bytes()),
                user.to_string(limit).map(|text| text.len()),
            ];
            ensure!(told.iter().all(|&told| told == expected), "{len} bytes, {limit} at most: {told:x?}");
        }
        // Nothing is looked at behind the limit, be it there or not.
        area.put(EDGE - 1, &[1]);
        let traps = site.traps();
        let told = [user.len(len + 1), user.to_cstring(len + 1).map(|text| text.count_bytes())];
        ensure!(told == [Err(StringError::TooLong); 2], "{len} bytes and no terminator: {told:x?}");
        ensure!(site.traps() == traps, "{len} bytes: {} traps", site.traps() - traps);
    }
    let nowhere = UserConstPtr::<u8>::from(usize::MAX).as_cstr();
    ensure!(nowhere.len(0) == Err(StringError::TooLong), "no byte is looked at");
    ensure!(nowhere.read(&mut []) == Err(StringError::TooLong), "no byte is looked at");
    Ok(())
}

pub(crate) fn faults(site: &mut dyn Site) -> Result<(), String> {
    let area = edge(site);
    for good in [0, 1, 5, 8, 17, 255, 256, 300, PAGE, PAGE + 3] {
        let start = area.at(EDGE - good);
        let user = UserConstPtr::<u8>::from(start).as_cstr();
        let expected = StringError::Fault(fault(start, good, Access::Read, absence(site)));
        let mut buf = vec![0xee; 4 * PAGE];
        let traps = site.traps();
        let told = [
            user.len(usize::MAX).err(),
            user.read(&mut buf).err(),
            user.to_cstring(usize::MAX).err(),
            user.to_string(10 * PAGE).err(),
            user.nofault().len(good + 1).err(),
            user.nofault().to_cstring(good + 1).err(),
        ];
        ensure!(told == [Some(expected); 6], "{good} bytes: {told:x?}");
        ensure!(site.traps() - traps == 6, "{good} bytes: {} traps", site.traps() - traps);
        ensure!(buf[..good] == *area.expected(EDGE - good..EDGE), "{good} bytes: not what is there");
        ensure!(buf[good..].iter().all(|&byte| byte == 0xee), "{good} bytes: and more");
    }
    // Where the user half ends.
    for start in [user_limit(), usize::MAX, usize::MAX - 3] {
        let traps = site.traps();
        let told = UserConstPtr::<u8>::from(start).as_cstr().len(100);
        let expected = fault(start, 0, Access::Read, FaultKind::OutOfRange);
        ensure!(told == Err(StringError::Fault(expected)) && site.traps() == traps, "{start:#x}: {told:x?}");
    }
    Ok(())
}

/// The last bytes of the user half: a limit beyond it is no reason to refuse a string that ends before.
pub(crate) fn at_the_end_of_the_user_half(site: &mut dyn Site) -> Result<(), String> {
    let mut area = Area::user(site, &[Good], Content::Source);
    let former = user_limit();
    let (end, offset) = (area.at(PAGE - 100), PAGE - 110);
    area.put(PAGE - 103, &[0]);
    // SAFETY: (1) lower than before.
    unsafe { axptr::set_user_limit(end) };
    let user = UserConstPtr::<u8>::from(area.at(offset)).as_cstr();
    let whole = (user.len(usize::MAX), user.read(&mut [0; 500]).map(|text| text.count_bytes()));
    area.put(PAGE - 103, &[1]);
    let cut = user.len(usize::MAX);
    // SAFETY: (1) as before.
    unsafe { axptr::set_user_limit(former) };
    ensure!(whole == (Ok(7), Ok(7)), "{whole:x?}");
    let expected = fault(area.at(offset), 10, Access::Read, FaultKind::OutOfRange);
    ensure!(cut == Err(StringError::Fault(expected)), "{cut:x?}");
    Ok(())
}

pub(crate) fn utf8(site: &mut dyn Site) -> Result<(), String> {
    let mut area = edge(site);
    for (bytes, valid) in [
        ("grüße, 世界".as_bytes(), true),
        (b"", true),
        (b"\xff", false),
        (b"abc\xc3", false),
        (b"\xed\xa0\x80", false),
        (b"ok\xe2\x82", false),
    ] {
        let offset = EDGE - 1 - bytes.len();
        area.put(offset, bytes);
        area.put(EDGE - 1, &[0]);
        let user = UserConstPtr::<u8>::from(area.at(offset)).as_cstr();
        let expected = if valid { Ok(bytes) } else { Err(StringError::NotUtf8) };
        let mut buf = [0; 64];
        let told = user.read_str(&mut buf).map(str::as_bytes);
        ensure!(told == expected, "{bytes:x?}: {told:x?}");
        let told = user.to_string(64).map(String::into_bytes);
        ensure!(told == expected.map(Vec::from), "{bytes:x?}: {told:x?}");
        ensure!(
            user.read(&mut buf).is_ok() && user.to_cstring(64).is_ok(),
            "{bytes:x?} are bytes all the same"
        );
    }
    Ok(())
}

pub(crate) fn demand_paging(site: &mut dyn Site) -> Result<(), String> {
    let mut area = Area::user(site, &[Good, Lazy, Lazy], Content::Source);
    let user = UserConstPtr::<u8>::from(area.at(PAGE - 9)).as_cstr();
    // The page that comes is zero, so it holds the terminator; the one behind it stays away.
    let traps = site.traps();
    let absent = site.lazy_needs_pager();
    let told = user.nofault().len(5 * PAGE);
    let expected = StringError::Fault(fault(user.addr(), 9, Access::Read, FaultKind::NotPresent));
    ensure!(told == if absent { Err(expected) } else { Ok(9) }, "without the pager: {told:x?}");
    ensure!(user.len(5 * PAGE) == Ok(9), "{:x?}", user.len(5 * PAGE));
    let most = site.traps_per_lazy_page() + usize::from(absent);
    ensure!(site.traps() - traps <= most, "{} traps", site.traps() - traps);
    area.look_again(site);
    ensure!(!absent || area.lazy_pages(PAGE..3 * PAGE) == 1, "the page behind the terminator came");
    Ok(())
}

/// Elements of one type, at every alignment, in front of an edge.
fn arrays_of<T: AnyBitPattern + NoUninit + PartialEq + Debug>(site: &mut dyn Site) -> Result<(), String> {
    let size = size_of::<T>();
    let mut area = edge(site);
    let zero = vec![0; size];
    for count in [0, 1, 2, 3, 30] {
        for gap in 0..size.min(17) {
            // The terminator ends `gap` bytes in front of the edge.
            let start = EDGE - gap - (count + 1) * size;
            let terminator = start + count * size;
            let former = area.expected(terminator..terminator + size).to_vec();
            area.put(terminator, &zero);
            let user = UserConstPtr::<T>::from(area.at(start));
            let what = || format!("{count} elements of {size} bytes, {gap} in front of the edge");
            let traps = site.traps();
            let mut buf = vec![T::zeroed(); count + 2];
            let told = user.read_until_zero(&mut buf);
            ensure!(told == Ok(count), "{}: {told:x?}", what());
            let bytes = |values: &[T]| -> Vec<u8> { values.iter().flat_map(as_bytes).collect() };
            ensure!(bytes(&buf[..count + 1]) == area.expected(start..terminator + size), "{}", what());
            for (limit, fits) in [
                (Limit::Elements(count), false),
                (Limit::Elements(count + 1), true),
                (Limit::Elements(usize::MAX), true),
                (Limit::Bytes((count + 1) * size - 1), false),
                (Limit::Bytes((count + 1) * size), true),
            ] {
                let told = user.nofault().to_vec_until_zero(limit);
                let right = match &told {
                    Ok(values) => fits && bytes(values) == area.expected(start..terminator),
                    Err(error) => !fits && *error == StringError::TooLong,
                };
                ensure!(right, "{}, {limit:?}: {told:x?}", what());
            }
            let told = UserPtr::<T>::from(area.at(start)).read_until_zero(&mut buf[..count]);
            ensure!(told == Err(StringError::TooLong), "{}: {told:x?}", what());
            ensure!(site.traps() == traps, "{}: {} traps", what(), site.traps() - traps);
            // One bit in the terminator, and it is none: what follows is not there.
            for position in [0, size - 1] {
                area.put(terminator + position, &[0x80]);
                let copied = EDGE - start;
                let expected = fault(area.at(start), copied, Access::Read, absence(site));
                let told = user.read_until_zero(&mut buf).err();
                ensure!(told == Some(StringError::Fault(expected)), "{}, byte {position}: {told:x?}", what());
                let told = user.to_vec_until_zero(Limit::Elements(usize::MAX)).err();
                ensure!(told == Some(StringError::Fault(expected)), "{}, byte {position}: {told:x?}", what());
                area.put(terminator + position, &[0]);
            }
            area.put(terminator, &former);
        }
    }
    Ok(())
}

fn as_bytes<T: NoUninit>(value: &T) -> Vec<u8> {
    let mut bytes = vec![0_u8; size_of::<T>()];
    let start = core::ptr::from_ref(value).cast::<u8>();
    // SAFETY: a value without uninitialised bytes, and as much room.
    unsafe { start.copy_to_nonoverlapping(bytes.as_mut_ptr(), size_of::<T>()) };
    bytes
}

pub(crate) fn arrays(site: &mut dyn Site) -> Result<(), String> {
    arrays_of::<u8>(site)?;
    arrays_of::<u16>(site)?;
    arrays_of::<u32>(site)?;
    arrays_of::<u64>(site)?;
    arrays_of::<[u32; 3]>(site)?;
    arrays_of::<[u64; 2]>(site)?;
    arrays_of::<[u8; 24]>(site)?;
    arrays_of::<[u64; 8]>(site)
}
