// SPDX-License-Identifier: MIT OR Apache-2.0
//! Slices and cursors: what is inside, and how far an access came.

use alloc::string::String;

use axptr::{CursorError, FaultKind, UserConstPtr, UserPtr, UserReader, UserWriter, VecError, user_limit};

use crate::{
    area::{Area, Content},
    ensure::ensure,
    site::{PAGE, PageKind, Site},
};

use PageKind::{Good, Unmapped};

/// A good page in front of a bad one, and the address `before` bytes in front of the edge.
fn edge(site: &mut dyn Site, before: usize) -> (Area, usize) {
    let area = Area::user(site, &[Good, Unmapped], Content::Source);
    let addr = area.at(PAGE - before);
    (area, addr)
}

pub(crate) fn constructor(_: &mut dyn Site) -> Result<(), String> {
    let limit = user_limit();
    for (addr, len, accepted) in [
        (limit - 8, 1, true),
        (limit - 8, 2, false),
        (limit - 7, 1, false),
        (0, usize::MAX / 8 + 1, false),
        (0, usize::MAX, false),
        (usize::MAX, 0, true),
        (usize::MAX - 7, 1, false),
    ] {
        let slice = UserConstPtr::<u64>::from(addr).slice(len);
        ensure!(slice.is_ok() == accepted, "{addr:#x}, {len}: {slice:?}");
        if let Err(fault) = slice {
            ensure!((fault.done, fault.kind) == (0, FaultKind::OutOfRange), "{fault:?}");
        }
    }
    let huge = UserPtr::<()>::from(usize::MAX).slice(usize::MAX);
    ensure!(huge.is_ok_and(|slice| slice.bytes().is_empty()), "values without bytes: {huge:?}");
    Ok(())
}

pub(crate) fn parts(site: &mut dyn Site) -> Result<(), String> {
    let (_area, addr) = edge(site, 64);
    let traps = site.traps();
    let slice = UserPtr::<u32>::from(addr).slice(16).map_err(|fault| alloc::format!("{fault}"))?;
    for start in 0..=17 {
        for end in 0..=17 {
            let part = slice.part(start..end);
            ensure!(part.is_some() == (start <= end && end <= 16), "{start}..{end}: {part:?}");
            if let Some(part) = part {
                let found = (part.as_ptr().addr(), part.len(), part.is_empty());
                ensure!(found == (addr + 4 * start, end - start, start == end), "{start}..{end}: {part:?}");
            }
        }
        let element = slice.get(start).map(UserPtr::addr);
        ensure!(element == (start < 16).then_some(addr + 4 * start), "element {start}: {element:x?}");
        let halves = slice.split_at(start).map(|(a, b)| (a.len(), b.len(), b.as_ptr().addr()));
        let expected = (start <= 16).then_some((start, 16 - start.min(16), addr + 4 * start));
        ensure!(halves == expected, "split at {start}: {halves:x?}");
    }
    ensure!(site.traps() == traps, "dividing a slice touched it");
    Ok(())
}

pub(crate) fn copies(site: &mut dyn Site) -> Result<(), String> {
    let (area, addr) = edge(site, 18);
    let slice = UserPtr::<u32>::from(addr).slice(8).map_err(|fault| alloc::format!("{fault}"))?;
    let mut buf = [0; 4];
    ensure!(slice.read_into(&mut buf) == Ok(4), "four values are there");
    let expected = area.expected(PAGE - 18..PAGE - 2);
    ensure!(buf.map(u32::to_ne_bytes).concat() == expected, "{buf:x?}");

    let mut buf = [0xaaaa_aaaa; 9];
    let fault = slice.read_into(&mut buf).err();
    let found = fault.map(|fault| (fault.done, fault.addr));
    ensure!(found == Some((18, addr + 18)), "{fault:?}");
    ensure!(buf[5..] == [0xaaaa_aaaa; 4], "{buf:x?}");

    let fault = slice.write_from(&[0x1111_1111; 20]).err();
    ensure!(fault.map(|fault| fault.done) == Some(18), "{fault:?}");
    let part = slice.part(0..3).ok_or("three values are inside")?;
    ensure!(part.write_from(&[7; 20]) == Ok(3), "a slice takes no more than it has");
    ensure!(part.fill_bytes(0x22) == Ok(()), "three values are there");
    let mut bytes = [0; 18];
    ensure!(axptr::copy_from_user(&mut bytes, addr) == Ok(()), "18 bytes are there");
    ensure!(bytes[..12] == [0x22; 12] && bytes[12..] == [0x11; 6], "{bytes:x?}");
    Ok(())
}

pub(crate) fn reader(site: &mut dyn Site) -> Result<(), String> {
    let (area, addr) = edge(site, 20);
    let expected = area.expected(PAGE - 20..PAGE);
    let slice = UserConstPtr::<u8>::from(addr).slice(30).map_err(|fault| alloc::format!("{fault}"))?;
    let mut reader = UserReader::from(slice);
    let mut two = [0; 2];
    ensure!(reader.read(&mut two) == Ok(2) && two == expected[..2], "{two:?}");
    ensure!(reader.skip(3) == 3 && reader.addr() == addr + 5, "{reader:?}");
    let value = reader.read_value::<u32>().map(u32::to_ne_bytes);
    ensure!(value.is_ok_and(|value| value == expected[5..9]), "{value:?}");

    // Behind the edge: the reader stays where it was, and can go on behind what was done.
    let before = reader.clone();
    let mut rest = [0xaa; 21];
    let fault = reader.read_exact(&mut rest).err();
    let CursorError::Fault(fault) = fault.ok_or("the page is bad")? else {
        return Err("21 bytes remain".into());
    };
    ensure!((fault.done, fault.addr) == (11, addr + 20), "{fault:?}");
    ensure!(rest[..11] == expected[9..] && rest[11..] == [0xaa; 10], "{rest:x?}");
    ensure!(reader.remaining() == before.remaining(), "a failed read moved the reader");
    ensure!(reader.skip(fault.done) == 11 && reader.remaining() == 10, "{reader:?}");

    ensure!(reader.read_exact(&mut [0; 11]) == Err(CursorError::End), "10 bytes remain");
    ensure!(reader.read_value::<u128>() == Err(CursorError::End), "10 bytes remain");
    ensure!(reader.read_value::<u64>().is_err_and(|e| e != CursorError::End), "the page is bad");
    let taken = reader.split_to(4);
    ensure!((taken.remaining(), reader.remaining()) == (4, 6), "{taken:?}, {reader:?}");
    reader.truncate(1);
    reader.truncate(5);
    ensure!(reader.remaining() == 1, "a cut is no extension: {reader:?}");
    ensure!(reader.skip(usize::MAX) == 1 && reader.read(&mut [0; 5]) == Ok(0), "at the end");
    Ok(())
}

pub(crate) fn writer(site: &mut dyn Site) -> Result<(), String> {
    let (_area, addr) = edge(site, 20);
    let slice = UserPtr::<u8>::from(addr).slice(30).map_err(|fault| alloc::format!("{fault}"))?;
    let mut writer = UserWriter::from(slice);
    ensure!(writer.write(&[1, 2, 3]) == Ok(3), "three bytes fit");
    ensure!(writer.write_value(0x0505_0505_u32) == Ok(()), "a value fits");
    ensure!(writer.fill(9, 3) == Ok(3) && writer.addr() == addr + 10, "{writer:?}");
    let fault = writer.write_all(&[4; 20]).err();
    let CursorError::Fault(fault) = fault.ok_or("the page is bad")? else {
        return Err("20 bytes of room remain".into());
    };
    ensure!((fault.done, fault.addr) == (10, addr + 20), "{fault:?}");
    ensure!(writer.remaining() == 20, "a failed write moved the writer");
    ensure!(writer.write_all(&[4; 21]) == Err(CursorError::End), "20 bytes of room remain");
    let mut found = [0; 20];
    ensure!(axptr::copy_from_user(&mut found, addr) == Ok(()), "20 bytes are there");
    let expected = [1, 2, 3, 5, 5, 5, 5, 9, 9, 9, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4];
    ensure!(found == expected, "{found:?}");

    // From cursor to cursor, as much as both have.
    let (other, from) = edge(site, 8);
    let slice = UserConstPtr::<u8>::from(from).slice(8).map_err(|fault| alloc::format!("{fault}"))?;
    let mut reader = UserReader::from(slice);
    let mut target = writer.split_to(5);
    ensure!(target.write_from(&mut reader) == Ok(5), "five bytes fit");
    ensure!((reader.remaining(), target.remaining()) == (3, 0), "{reader:?}, {target:?}");
    ensure!(axptr::copy_from_user(&mut found[..5], addr + 10) == Ok(()), "five bytes are there");
    ensure!(found[..5] == *other.expected(PAGE - 8..PAGE - 3), "{found:?}");
    writer.skip(5);
    let fault = reader.read_to(&mut writer).err();
    ensure!(fault.is_some_and(|fault| fault.done == 0), "the writer is at the bad page: {fault:?}");
    ensure!((reader.remaining(), writer.remaining()) == (3, 10), "{reader:?}, {writer:?}");
    Ok(())
}

pub(crate) fn vectors_of_values(_: &mut dyn Site) -> Result<(), String> {
    let last = UserPtr::<u64>::from(8).add(usize::MAX);
    ensure!(last.addr() == usize::MAX, "{last:?}");
    ensure!(last.read().is_err_and(|fault| fault.kind == FaultKind::OutOfRange), "{last:?} was read");
    ensure!(UserPtr::<u64>::from(8).checked_add(usize::MAX / 8).is_none(), "the sum wraps");
    ensure!(UserPtr::<u64>::from(8).checked_add(2).map(UserPtr::addr) == Some(24), "8 + 2 * 8");
    ensure!(UserPtr::<u64>::from(8).byte_add(3).addr() == 11, "8 + 3");
    ensure!(UserPtr::<u64>::from(0).nullable().is_none(), "null");
    ensure!(UserPtr::<u64>::from(1).nullable().is_some(), "not null");
    Ok(())
}

pub(crate) fn to_vec(site: &mut dyn Site) -> Result<(), String> {
    let (area, addr) = edge(site, 30);
    let slice = |addr: usize, len| UserConstPtr::<[u8; 3]>::from(addr).slice(len);
    for len in 0..=10 {
        let values = slice(addr, len).map_err(|fault| alloc::format!("{fault}"))?.to_vec();
        let bytes = values.as_deref().map(<[[u8; 3]]>::as_flattened);
        ensure!(bytes == Ok(area.expected(PAGE - 30..PAGE - 30 + 3 * len)), "{len} values: {values:x?}");
    }
    // More than the machine has memory, from a page of it: what is not there costs nothing.
    for len in [11, PAGE, 1 << 20, user_limit() / 3 - addr / 3 - 2] {
        let values = slice(addr, len).map_err(|fault| alloc::format!("{len}: {fault}"))?.to_vec();
        let fault = match values {
            Err(VecError::Fault(fault)) => fault,
            other => return Err(alloc::format!("{len} values: {other:x?}")),
        };
        ensure!((fault.done, fault.addr) == (30, addr + 30), "{len} values: {fault:?}");
    }
    let nothing = UserPtr::<()>::from(addr).slice(usize::MAX).map(|slice| slice.to_vec());
    let count = nothing.map(|values| values.map(|values| values.len()));
    ensure!(count == Ok(Ok(usize::MAX)), "values without bytes: {count:?}");
    Ok(())
}
