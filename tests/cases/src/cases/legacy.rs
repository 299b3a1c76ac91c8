// SPDX-License-Identifier: MIT OR Apache-2.0
//! The earlier axptr's surface, on an address space that permits what the site has mapped.

#![expect(deprecated, reason = "this is what the cases are about")]

use alloc::string::String;
use core::{ffi::c_char, ops::Range};

use axptr::{Access, AddressSpace, UserConstPtr, UserPtr, UserRange, legacy};

use crate::{
    area::{Area, Content},
    ensure::ensure,
    site::{PAGE, PageKind, Site},
};

use PageKind::{Good, ReadOnly, Unmapped};

/// Permits a range, and has all of it present.
struct Permits {
    range: Range<usize>,
    writable: bool,
    asked: usize,
}

impl AddressSpace for Permits {
    fn check_region_access(&self, range: UserRange, access: Access) -> bool {
        let inside = self.range.start <= range.start() && range.start() + range.len() <= self.range.end;
        inside && (self.writable || access == Access::Read)
    }

    fn handle_fault(&mut self, addr: usize, _: Access) -> bool {
        self.asked += 1;
        self.range.contains(&addr)
    }
}

fn page(site: &mut dyn Site, kind: PageKind) -> (Area, Permits) {
    let area = Area::user(site, &[kind, Unmapped], Content::Source);
    let permits = Permits { range: area.at(0)..area.at(PAGE), writable: kind == Good, asked: 0 };
    (area, permits)
}

/// References are used by code that opens no window.
fn in_the_open(site: &mut dyn Site, proof: fn(&mut dyn Site) -> Result<(), String>) -> Result<(), String> {
    site.open();
    let result = proof(site);
    site.close();
    result
}

fn put(addr: usize, bytes: &[u8]) -> Result<(), String> {
    axptr::copy_to_user(addr, bytes).map_err(|fault| alloc::format!("preparing: {fault}"))
}

pub(crate) fn values(site: &mut dyn Site) -> Result<(), String> {
    in_the_open(site, values_in_the_open)
}

fn values_in_the_open(site: &mut dyn Site) -> Result<(), String> {
    let (area, mut space) = page(site, Good);
    let mut ptr: UserPtr<u32> = area.at(8).into();
    let old = u32::from_ne_bytes([0, 1, 2, 3].map(|i| area.expected(8 + i..9 + i)[0]));
    let value = ptr.get(&mut space);
    ensure!(value.as_deref() == Ok(&old), "{value:?}");
    if let Ok(value) = value {
        *value = 5;
    }
    let found = UserConstPtr::<u32>::from(area.at(8)).get(&mut space).copied();
    ensure!(found == Ok(5), "{found:?}");
    for (addr, why) in
        [(area.at(9), "misaligned"), (area.at(PAGE), "no area"), (0, "null"), (usize::MAX - 3, "end")]
    {
        let value = UserPtr::<u32>::from(addr).get(&mut space).map(|value| *value);
        ensure!(value == Err(axerrno::LinuxError::EFAULT), "{why}: {value:?}");
        let value = UserConstPtr::<u32>::from(addr).get(&mut space).copied();
        ensure!(value == Err(axerrno::LinuxError::EFAULT), "{why}: {value:?}");
    }
    let (area, mut space) = page(site, ReadOnly);
    ensure!(UserConstPtr::<u32>::from(area.at(0)).get(&mut space).is_ok(), "it may be read");
    ensure!(UserPtr::<u32>::from(area.at(0)).get(&mut space).is_err(), "it may not be written");
    Ok(())
}

pub(crate) fn slices(site: &mut dyn Site) -> Result<(), String> {
    in_the_open(site, slices_in_the_open)
}

fn slices_in_the_open(site: &mut dyn Site) -> Result<(), String> {
    let (area, mut space) = page(site, Good);
    let ptr = UserConstPtr::<u16>::from(area.at(0));
    let all = ptr.get_as_slice(&mut space, PAGE / 2).map(<[u16]>::len);
    ensure!(all == Ok(PAGE / 2), "{all:?}");
    for length in [PAGE / 2 + 1, usize::MAX / 2, usize::MAX / 2 + 1, usize::MAX] {
        let found = ptr.get_as_slice(&mut space, length).map(<[u16]>::len);
        ensure!(found == Err(axerrno::LinuxError::EFAULT), "{length}: {found:?}");
        let found = UserPtr::<u16>::from(area.at(0)).get_as_slice(&mut space, length).map(|it| it.len());
        ensure!(found == Err(axerrno::LinuxError::EFAULT), "{length}: {found:?}");
    }
    let mut ptr = UserPtr::<u16>::from(area.at(2));
    if let Ok(values) = ptr.get_as_slice(&mut space, 3) {
        values.fill(7);
    }
    let mut found = [0; 3];
    ensure!(ptr.read_slice(&mut found) == Ok(()) && found == [7; 3], "{found:?}");
    let none = UserConstPtr::<u64>::from(0).get_as_slice(&mut space, 0).map(<[u64]>::len);
    ensure!(none == Ok(0), "no value needs no memory: {none:?}");
    Ok(())
}

pub(crate) fn terminated(site: &mut dyn Site) -> Result<(), String> {
    in_the_open(site, terminated_in_the_open)
}

fn terminated_in_the_open(site: &mut dyn Site) -> Result<(), String> {
    let (area, mut space) = page(site, Good);
    // Without a terminator, up to the bad page; with one at each of the last places.
    for back in 0..20 {
        put(area.at(0), &[0x41; PAGE])?;
        if back > 0 {
            put(area.at(PAGE - back), &[0])?;
        }
        for length in 0..40 {
            let addr = area.at(PAGE - 40 + length);
            let expected = (40 - length).checked_sub(back).filter(|_| back > 0);
            let expected = expected.ok_or(axerrno::LinuxError::EFAULT);
            let found = UserConstPtr::<u8>::from(addr).get_as_null_terminated(&mut space).map(<[u8]>::len);
            ensure!(found == expected, "end {back} before the edge, start {}: {found:?}", 40 - length);
            let found = UserConstPtr::<c_char>::from(addr).get_as_str(&mut space).map(str::len);
            ensure!(found == expected, "end {back} before the edge, start {}: {found:?}", 40 - length);
        }
    }
    put(area.at(0), &[b'a', 0xff, 0])?;
    let found = UserConstPtr::<c_char>::from(area.at(0)).get_as_str(&mut space);
    ensure!(found == Err(axerrno::LinuxError::EILSEQ), "{found:?}");
    // Elements of several bytes: argv.
    put(area.at(0), &[1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
    let found =
        UserConstPtr::<usize>::from(area.at(0)).get_as_null_terminated(&mut space).map(<[usize]>::len);
    ensure!(found == Ok(2), "{found:?}");
    let found =
        UserConstPtr::<usize>::from(area.at(1)).get_as_null_terminated(&mut space).map(<[usize]>::len);
    ensure!(found == Err(axerrno::LinuxError::EFAULT), "misaligned: {found:?}");
    Ok(())
}

pub(crate) fn scan_limit(site: &mut dyn Site) -> Result<(), String> {
    in_the_open(site, scan_limit_in_the_open)
}

fn scan_limit_in_the_open(site: &mut dyn Site) -> Result<(), String> {
    let (area, mut space) = page(site, Good);
    put(area.at(0), &[0x41; 64])?;
    put(area.at(63), &[0])?;
    let mut outcome = Ok(());
    for (limit, expected) in
        [(64, Ok(63)), (63, Err(axerrno::LinuxError::E2BIG)), (0, Err(axerrno::LinuxError::E2BIG))]
    {
        legacy::set_array_limit(limit);
        let mut ptr = UserPtr::<u8>::from(area.at(0));
        let found = ptr.get_as_null_terminated(&mut space).map(|it| it.len());
        if found != expected {
            outcome = Err(alloc::format!("limit {limit}: {found:?}"));
        }
    }
    legacy::set_array_limit(legacy::DEFAULT_ARRAY_LIMIT);
    outcome?;
    // A string's limit is its own: "A" 63 times and the terminator.
    for (limit, whole) in [(64, true), (63, false)] {
        legacy::set_string_limit(limit);
        let text = UserConstPtr::<c_char>::from(area.at(0)).get_as_str(&mut space).map(str::len);
        legacy::set_string_limit(legacy::DEFAULT_STRING_LIMIT);
        let expected = if whole { Ok(63) } else { Err(axerrno::LinuxError::E2BIG) };
        ensure!(text == expected, "limit {limit}: {text:?}");
        let mut ptr = UserPtr::<u8>::from(area.at(0));
        ensure!(ptr.get_as_null_terminated(&mut space).map(|it| it.len()) == Ok(63), "an array has its own");
    }
    Ok(())
}
