// SPDX-License-Identifier: MIT OR Apache-2.0
//! Routines with vector registers: what interrupts a copy, and copies too, leaves the interrupted one whole.

use alloc::{string::String, vec, vec::Vec};
use core::sync::atomic::{AtomicUsize, Ordering};

use axptr::{SelftestError, internal};
use axptr_cases::{sweep_large_fills, sweep_strings};

use super::super::{cr4, set_cr4, steps, vectors};
use crate::{
    ensure, fault,
    site::KernelSite,
    space::{self, PAGE},
};

/// In each class of sizes, at its ends and in it, with and without a whole number of blocks.
const LENGTHS: [usize; 14] = [16, 17, 32, 33, 63, 64, 65, 100, 128, 129, 200, 256, 300, 700];

/// Where the operations begin, modulo 64.
const OFFSETS: [usize; 3] = [0, 5, 40];

/// From as many bytes to as many, and up to how many: five pieces, and blocks behind them.
const STRINGS: [usize; 2] = [40, 300];

pub fn strings_and_large_fills_end_where_pages_do() -> Result<(), String> {
    let strings = sweep_strings(&mut KernelSite::new(), STRINGS);
    ensure!(strings.wrong == 0 && strings.cases > 0, "{strings}");
    let fills = sweep_large_fills(&mut KernelSite::new());
    ensure!(fills.wrong == 0 && fills.cases > 0, "{fills}");
    Ok(())
}

pub fn the_self_test_sees_that_they_are_off() -> Result<(), String> {
    const OSFXSR: usize = 1 << 9;
    const OSXSAVE: usize = 1 << 18;
    const TS: usize = 1 << 3;
    const SSE: u32 = 0b011;
    let (before, cr0) = (cr4(), vectors::cr0());
    // SAFETY: nothing uses them until they are on again.
    unsafe { set_cr4(before & !OSFXSR) };
    let without = axptr::selftest();
    // SAFETY: the former value.
    unsafe { set_cr4(before) };
    // SAFETY: (1) as above.
    unsafe { vectors::set_cr0(cr0 | TS) };
    let switched = axptr::selftest();
    // SAFETY: (1) the former value.
    unsafe { vectors::set_cr0(cr0) };
    // The routines use AVX by now: another CPU had it on.
    // SAFETY: as for OSFXSR.
    unsafe { set_cr4(before & !OSXSAVE) };
    let without_avx = axptr::selftest();
    // SAFETY: the former value.
    unsafe { set_cr4(before) };
    // SAFETY: (1) nothing uses AVX until it is on again.
    unsafe { vectors::set_components(SSE) };
    let unsaved = axptr::selftest();
    // SAFETY: (1) the former value.
    unsafe { vectors::set_components(vectors::COMPONENTS) };
    for told in [without, switched, without_avx, unsaved] {
        ensure!(told == Err(SelftestError::VectorRegistersOff), "{told:?}");
    }
    ensure!(axptr::selftest() == Ok(()), "{:?}", axptr::selftest());
    Ok(())
}

/// The copy has loaded in front of the page that is missing, and stores what it has loaded behind the pager.
pub fn a_pager_that_copies_changes_none_of_them() -> Result<(), String> {
    let edge = space::LAZY.start() + PAGE;
    for path in internal::cpu_paths() {
        path.force();
        for len in LENGTHS {
            for before in [1, len / 2, len - 1] {
                let bytes = pattern(len);
                // The first page is there, with the bytes that lie in it.
                space::LAZY.renew();
                let written = axptr::copy_to_user(edge - before, &bytes[..before]);
                ensure!(written == Ok(()), "{written:?}");
                let mut expected = bytes[..before].to_vec();
                expected.resize(len, 0);

                fault::before_next_page(copy_too);
                let mut read = vec![0xee; len];
                let result = axptr::copy_from_user(&mut read, edge - before);
                let what = alloc::format!("{len} bytes, {before} in front of the edge, {}", path.name());
                ensure!(fault::detour_taken(), "{what}: the pager was not asked");
                ensure!(result == Ok(()) && read == expected, "{what}: {result:?}, {read:x?}");

                space::LAZY.renew();
                fault::before_next_page(copy_too);
                let result = axptr::copy_to_user(edge - before, &bytes);
                ensure!(fault::detour_taken(), "{what}: the pager was not asked for the first page");
                ensure!(
                    result == Ok(()) && space::peek(edge - before, len) == bytes,
                    "{what}, to: {result:?}"
                );
            }
        }
    }
    internal::choose_by_cpu();
    Ok(())
}

static WRONG: AtomicUsize = AtomicUsize::new(0);

/// What a pager or a handler of an interrupt may do: it copies by the same registers, and leaves none of them as it was.
fn copy_too() {
    let mut bytes = [0; 200];
    if axptr::nofault::copy_from_user(&mut bytes, space::RW.start()) != Ok(()) {
        WRONG.fetch_add(1, Ordering::Relaxed);
    }
    vectors::overwrite();
}

/// The same with what this kernel does in front of its handlers.
fn copy_too_and_keep() {
    vectors::kept(copy_too);
}

pub fn a_copy_survives_another_at_each_of_its_instructions() -> Result<(), String> {
    let (source, target) = (space::RW.start() + PAGE, space::RW.start() + 2 * PAGE);
    WRONG.store(0, Ordering::Relaxed);
    for path in internal::cpu_paths() {
        path.force();
        for (len, offset) in LENGTHS.into_iter().flat_map(|len| OFFSETS.map(|offset| (len, offset))) {
            let bytes = pattern(len);
            let fill = vec![0x5a; len];
            let (source, target) = (source + offset, target + 3 * offset);
            space::poke(source, &bytes);
            for op in 0..4 {
                space::poke(target, &vec![0xee; len]);
                let mut read = vec![0xee; len];
                let copy = || match op {
                    0 => axptr::copy_from_user(&mut read, source),
                    1 => axptr::copy_to_user(target, &bytes),
                    2 => axptr::copy_in_user(target, source, len),
                    _ => axptr::fill_user(target, 0x5a, len),
                };
                let (result, steps) = steps::through(copy, copy_too_and_keep);
                let written = if op == 0 { read } else { space::peek(target, len) };
                let expected = if op == 3 { &fill } else { &bytes };
                let what = alloc::format!("operation {op}, {len} bytes at {offset}, {}", path.name());
                ensure!(steps > 20, "{what}: {steps} steps");
                ensure!(result == Ok(()) && written == *expected, "{what}: {result:?}, {written:x?}");
            }
        }
    }
    internal::choose_by_cpu();
    let wrong = WRONG.load(Ordering::Relaxed);
    ensure!(wrong == 0, "{wrong} of the other copies failed");
    Ok(())
}

/// Bytes of which no two neighbours, and none 256 apart, are alike, and none is 0xff.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| 1 + ((at * 7 + at / 256 * 3) % 251) as u8).collect()
}
