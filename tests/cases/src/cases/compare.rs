// SPDX-License-Identifier: MIT OR Apache-2.0
//! Comparisons of user memory.

use alloc::{format, string::String, vec};

use axptr::{Access, FaultKind, UserConstPtr, UserPtr, compare_user, user_limit};

use crate::{
    area::{Area, Content},
    ensure::ensure,
    expect::{absence, fault},
    site::{PAGE, PageKind, Site},
};

use PageKind::{Good, Unmapped};

pub(crate) fn differences(site: &mut dyn Site) -> Result<(), String> {
    let area = Area::user(site, &[Good, Unmapped], Content::Source);
    for len in [0, 1, 8, 127, 128, 129, 256, 300, PAGE] {
        for good in [0, 1, 100, 128, 200, len].map(|good: usize| good.min(len)) {
            let start = PAGE - good;
            let addr = area.at(start);
            let mut kernel = vec![0x99; len];
            kernel[..good].copy_from_slice(area.expected(start..PAGE));
            let alike =
                if good == len { Ok(None) } else { Err(fault(addr, good, Access::Read, absence(site))) };
            let slice =
                UserConstPtr::<u8>::from(addr).nofault().slice(len).map_err(|fault| format!("{fault}"))?;
            let traps = site.traps();
            let told = [compare_user(addr, &kernel), slice.compare(&kernel)];
            ensure!(told == [alike; 2], "{good} of {len} bytes alike: {told:x?}");
            let expected = if good == len { 0..=0 } else { 2..=4 };
            ensure!(expected.contains(&(site.traps() - traps)), "{} traps", site.traps() - traps);
            for position in [0, 1, 64, 127, 128, 129, 255, good.wrapping_sub(1)] {
                if position < good {
                    kernel[position] ^= 0x80;
                    let told = [compare_user(addr, &kernel), slice.compare(&kernel)];
                    ensure!(told == [Ok(Some(position)); 2], "byte {position} of {len} differs: {told:x?}");
                    kernel[position] ^= 0x80;
                }
            }
        }
    }
    let told = compare_user(user_limit() - 1, &[0; 2]);
    ensure!(told == Err(fault(user_limit() - 1, 0, Access::Read, FaultKind::OutOfRange)), "{told:x?}");
    Ok(())
}

pub(crate) fn zeroes(site: &mut dyn Site) -> Result<(), String> {
    let mut area = Area::user(site, &[Good, Unmapped], Content::Source);
    area.put(0, &[0; PAGE]);
    for len in [0, 1, 7, 128, 200] {
        for start in PAGE - len - 3..PAGE {
            let expected = if start + len <= PAGE {
                Ok(true)
            } else {
                Err(fault(area.at(start), PAGE - start, Access::Read, absence(site)))
            };
            let slice = UserPtr::<u8>::from(area.at(start)).slice(len).map_err(|fault| format!("{fault}"))?;
            ensure!(slice.is_zeroed() == expected, "{len} at {start}: {:x?}", slice.is_zeroed());
            if len > 0 {
                area.put(start, &[1]);
                ensure!(slice.is_zeroed() == Ok(false), "{len} at {start}: {:x?}", slice.is_zeroed());
                area.put(start, &[0]);
            }
        }
    }
    Ok(())
}
