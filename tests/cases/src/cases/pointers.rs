// SPDX-License-Identifier: MIT OR Apache-2.0
//! The typed pointers.

use alloc::{format, string::String};
use core::mem::MaybeUninit;

use axptr::{Access, AnyBitPattern, Fault, FaultKind, NoUninit, UserConstPtr, UserPtr};

use crate::{
    area::{Area, Content},
    ensure::ensure,
    site::{PAGE, PageKind, Site},
};

const EDGE: usize = PAGE;

fn edge(site: &mut dyn Site, content: Content) -> Area {
    Area::user(site, &[PageKind::Good, PageKind::Unmapped], content)
}

/// Demands that `len` bytes with `good` ones before the edge of `area` went as they must, at one trap at most.
fn demand(
    result: Result<(), Fault>,
    area: &Area,
    access: Access,
    (good, len): (usize, usize),
    traps: usize,
) -> Result<(), String> {
    let refusal = area.first_bad(EDGE..EDGE + 1, access);
    let expected = match refusal.filter(|_| good < len) {
        Some((_, kind)) => Err((good, area.at(EDGE), access, kind)),
        None => Ok(()),
    };
    let told = result.map_err(|fault| (fault.done, fault.addr, fault.access, fault.kind));
    ensure!(told == expected, "{told:x?}, expected {expected:x?}");
    let most = usize::from(good < len);
    // A fault in the first byte may cost two, but all ranges here begin at the edge then.
    ensure!(traps == most, "{traps} traps, expected {most}");
    Ok(())
}

/// A type, by its bytes.
trait Pod: AnyBitPattern + NoUninit + PartialEq {
    fn from_bytes(bytes: &[u8]) -> Self;
}

macro_rules! impl_pod {
    ($($integer:ty),*) => {
        $(impl Pod for $integer {
            fn from_bytes(bytes: &[u8]) -> Self {
                bytes.iter().rev().fold(0, |value, &byte| value.unbounded_shl(8) | Self::from(byte))
            }
        })*
    };
}

// Little-endian, as all machines here.
impl_pod!(u8, u16, u32, u64, u128);

impl<const N: usize> Pod for [u8; N]
where
    Self: AnyBitPattern + NoUninit,
{
    fn from_bytes(bytes: &[u8]) -> Self {
        core::array::from_fn(|i| bytes[i])
    }
}

/// Does `$case::<T>` for all types.
macro_rules! for_all_types {
    ($case:ident, $site:expr, $area:expr) => {
        for good in 0..=70 {
            $case::<u8>($site, $area, good)?;
            $case::<u16>($site, $area, good)?;
            $case::<u32>($site, $area, good)?;
            $case::<u64>($site, $area, good)?;
            $case::<u128>($site, $area, good)?;
            $case::<[u8; 3]>($site, $area, good)?;
            $case::<[u8; 24]>($site, $area, good)?;
            $case::<[u8; 64]>($site, $area, good)?;
        }
    };
}

pub(crate) fn read(site: &mut dyn Site) -> Result<(), String> {
    let area = edge(site, Content::Source);
    for_all_types!(read_value, site, &area);
    Ok(())
}

fn read_value<T: Pod>(site: &mut dyn Site, area: &Area, good: usize) -> Result<(), String> {
    let (offset, len) = (EDGE - good, size_of::<T>());
    for value in [
        watch(site, || UserPtr::<T>::new(area.at(offset)).read()),
        watch(site, || UserConstPtr::<T>::new(area.at(offset)).read()),
    ] {
        let (value, traps) = value;
        demand(value.map(drop), area, Access::Read, (good, len), traps)?;
        if let Ok(value) = value {
            ensure!(value == T::from_bytes(area.expected(offset..offset + len)), "a wrong value of {len}");
        }
    }
    Ok(())
}

pub(crate) fn write(site: &mut dyn Site) -> Result<(), String> {
    let mut area = edge(site, Content::Background);
    for_all_types!(write_value, site, &mut area);
    Ok(())
}

fn write_value<T: Pod>(site: &mut dyn Site, area: &mut Area, good: usize) -> Result<(), String> {
    let bytes: [u8; 64] = core::array::from_fn(|i| i as u8 + 1);
    let (offset, len) = (EDGE - good, size_of::<T>());
    let value = T::from_bytes(&bytes[..len]);
    let (result, traps) = watch(site, || UserPtr::<T>::new(area.at(offset)).write(value));
    demand(result, area, Access::Write, (good, len), traps)?;
    written(area, offset, &bytes[..len.min(good)])
}

/// Demands that these bytes lie at `offset` and nothing else has changed; then takes them back.
fn written(area: &mut Area, offset: usize, bytes: &[u8]) -> Result<(), String> {
    let end = offset + bytes.len();
    ensure!(area.first_difference(offset, bytes).is_none(), "{} bytes are not as written", bytes.len());
    for around in [0..offset, end..area.len()] {
        if let Some(wrong) = area.first_wrong(around) {
            return Err(format!("byte {wrong} was written, not only {offset}..{end}"));
        }
    }
    area.restore(offset..end);
    Ok(())
}

const COUNT: usize = 40;

pub(crate) fn read_slice(site: &mut dyn Site) -> Result<(), String> {
    const UNTOUCHED: u32 = 0xeeee_eeee;
    let area = edge(site, Content::Source);
    for good in 0..=COUNT * size_of::<u32>() {
        for count in [0, 1, 2, 7, COUNT] {
            let (offset, len) = (EDGE - good, count * size_of::<u32>());
            let mut values = [UNTOUCHED; COUNT];
            let pointer = UserConstPtr::<u32>::new(area.at(offset));
            let (result, traps) = watch(site, || pointer.read_slice(&mut values[..count]));
            demand(result, &area, Access::Read, (good, len), traps)?;
            let copied = good.min(len);
            let bytes = values.iter().flat_map(|value| value.to_le_bytes());
            let expected = area.expected(offset..offset + copied).iter().copied();
            let rest = core::iter::repeat_n(0xee, size_of_val(&values) - copied);
            ensure!(bytes.eq(expected.chain(rest)), "a wrong byte with {good} good ones of {len}");
        }
    }
    Ok(())
}

pub(crate) fn write_slice(site: &mut dyn Site) -> Result<(), String> {
    let mut area = edge(site, Content::Background);
    let bytes: [u8; COUNT * size_of::<u32>()] = core::array::from_fn(|i| (i % 127) as u8 + 1);
    let values: [u32; COUNT] = core::array::from_fn(|i| u32::from_bytes(&bytes[i * 4..i * 4 + 4]));
    for good in 0..=bytes.len() {
        for count in [0, 1, 2, 7, COUNT] {
            let (offset, len) = (EDGE - good, count * size_of::<u32>());
            let pointer = UserPtr::<u32>::new(area.at(offset));
            let (result, traps) = watch(site, || pointer.write_slice(&values[..count]));
            demand(result, &area, Access::Write, (good, len), traps)?;
            written(&mut area, offset, &bytes[..good.min(len)])?;
        }
    }
    Ok(())
}

pub(crate) fn read_uninit(site: &mut dyn Site) -> Result<(), String> {
    let area = edge(site, Content::Source);
    for good in 0..=80 {
        let mut memory = [MaybeUninit::uninit(); 64];
        let offset = EDGE - good;
        let (result, traps) = watch(site, || axptr::copy_from_user_uninit(&mut memory, area.at(offset)));
        if let Ok(bytes) = &result {
            ensure!(**bytes == *area.expected(offset..offset + 64), "wrong bytes");
        }
        demand(result.map(drop), &area, Access::Read, (good, 64), traps)?;
    }
    Ok(())
}

pub(crate) fn null(site: &mut dyn Site) -> Result<(), String> {
    let pointer = UserPtr::<u64>::new(0);
    ensure!(pointer.is_null(), "null is not null");
    for (result, traps) in [watch(site, || pointer.read().map(drop)), watch(site, || pointer.write(1))] {
        let told = result.map_err(|fault| (fault.done, fault.addr, fault.kind));
        ensure!(told == Err((0, 0, FaultKind::NotPresent)), "{told:x?}");
        ensure!(traps == 1, "{traps} traps");
    }
    Ok(())
}

/// Does it and counts the traps.
fn watch<T>(site: &mut dyn Site, access: impl FnOnce() -> T) -> (T, usize) {
    let before = site.traps();
    let result = access();
    (result, site.traps() - before)
}
