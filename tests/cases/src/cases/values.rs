// SPDX-License-Identifier: MIT OR Apache-2.0
//! Single values and batches of them.

use alloc::{format, string::String, vec::Vec};

use axptr::{Access, Fault, FaultKind, UserConstPtr, UserPtr, UserReader, UserWriter, scope, user_limit};

use crate::{
    area::{Area, Content},
    ensure::ensure,
    expect::{absence, fault, write_protection},
    site::{PAGE, PageKind, Site},
    small,
};

use PageKind::{Good, ReadOnly, Unmapped};

pub(crate) fn every_position(site: &mut dyn Site) -> Result<(), String> {
    let report = small::sweep_small(site, 31);
    ensure!(report.wrong == 0 && report.cases > 10_000, "{report}");
    Ok(())
}

pub(crate) fn signs(site: &mut dyn Site) -> Result<(), String> {
    let area = Area::user(site, &[Good], Content::Source);
    macro_rules! there_and_back {
        ($($integer:ty)+) => {$(
            for value in [0, 1, <$integer>::MIN, <$integer>::MAX, <$integer>::MAX / 3, !0] {
                for offset in 0..9 {
                    let ptr = UserPtr::<$integer>::from(area.at(offset));
                    let (wrote, found) = (ptr.write(value), ptr.read());
                    ensure!(wrote.is_ok() && found == Ok(value), "{value:#x} at {offset}: {found:x?}");
                    let (wrote, found) = (ptr.nofault().write(!value), ptr.nofault().read());
                    ensure!(wrote.is_ok() && found == Ok(!value), "{value:#x} at {offset}: {found:x?}");
                }
            }
        )+};
    }
    there_and_back!(u8 i8 u16 i16 u32 i32 u64 i64 usize isize u128);
    let half = UserPtr::<f64>::from(area.at(3));
    ensure!(half.write(0.5).is_ok() && half.read() == Ok(0.5), "{:?}", half.read());
    let odd = UserPtr::<[u8; 3]>::from(area.at(3));
    ensure!(odd.write([1, 2, 3]).is_ok() && odd.read() == Ok([1, 2, 3]), "{:?}", odd.read());
    let nothing = UserPtr::<[u8; 0]>::from(usize::MAX);
    ensure!(nothing.write([]).is_ok() && nothing.read() == Ok([]), "{:?}", nothing.read());
    Ok(())
}

pub(crate) fn refused(site: &mut dyn Site) -> Result<(), String> {
    let traps = site.traps();
    for addr in [user_limit(), user_limit() - 3, usize::MAX, usize::MAX - 2] {
        let ptr = UserPtr::<u32>::from(addr);
        let told = [ptr.read().err(), scope::run(ptr.reading()).err()];
        let expected = fault(addr, 0, Access::Read, FaultKind::OutOfRange);
        ensure!(told == [Some(expected); 2], "{addr:#x}: {told:x?}");
        let told = [ptr.write(1).err(), scope::run(ptr.nofault().writing(1)).err()];
        let expected = fault(addr, 0, Access::Write, FaultKind::OutOfRange);
        ensure!(told == [Some(expected); 2], "{addr:#x}: {told:x?}");
    }
    ensure!(site.traps() == traps, "{} traps", site.traps() - traps);
    Ok(())
}

pub(crate) fn cursors(site: &mut dyn Site) -> Result<(), String> {
    let area = Area::user(site, &[Good, Unmapped], Content::Source);
    for good in 0..8 {
        let slice = UserPtr::<u8>::from(area.at(PAGE - good - 2)).nofault().slice(20);
        let slice = slice.map_err(|fault| format!("{fault}"))?;
        let (mut reader, mut writer) = (UserReader::from(slice), UserWriter::from(slice));
        ensure!(
            reader.read_value::<u16>().is_ok() && writer.write_value(1_u16).is_ok(),
            "two bytes are there"
        );
        let (read, wrote) = (reader.read_value::<u64>(), writer.write_value(2_u64));
        ensure!(read.is_err() && wrote.is_err(), "{good} bytes: {read:?}, {wrote:?}");
        ensure!((reader.remaining(), writer.remaining()) == (18, 18), "a fault moves no cursor");
    }
    Ok(())
}

/// Does a batch in a function of its own: the audit follows who has opened the window, and many batches in one function,
/// with all that a test does behind each, are more than it can keep apart.
#[inline(never)]
fn run<B: scope::Batch>(batch: B) -> Result<B::Output, Fault> {
    scope::run(batch)
}

pub(crate) fn batches(site: &mut dyn Site) -> Result<(), String> {
    let mut area = Area::user(site, &[Good, Good, Unmapped], Content::Source);
    let at = |offset| area.at(offset);
    let (byte, word) = (UserPtr::<u8>::from(at(1)), UserPtr::<u32>::from(at(PAGE - 2)));
    let (long, large) = (UserPtr::<u64>::from(at(9)).nofault(), UserPtr::<[u16; 9]>::from(at(100)));
    let wrote = run((
        byte.writing(1),
        (word.writing(0x0203_0405), long.writing(u64::MAX)),
        [large.writing([6; 9]), large.add(1).writing([7; 9])],
    ));
    ensure!(wrote == Ok(((), ((), ()), [(), ()])), "{wrote:?}");
    let read =
        run((byte.reading(), [UserConstPtr::from(word).reading()], (long.reading(), large.add(1).reading())));
    ensure!(read == Ok((1, [0x0203_0405], (u64::MAX, [7; 9]))), "{read:x?}");
    ensure!(large.read() == Ok([6; 9]), "{:?}", large.read());

    // As many as there are, and the first that fails ends it.
    let pointers: Vec<_> =
        (0..20).map(|i| UserPtr::<u32>::from(at(2 * PAGE - 41 + 4 * i)).nofault()).collect();
    let writes: Vec<_> = pointers.iter().map(|ptr| ptr.writing(0x8181_8181)).collect();
    let traps = site.traps();
    let told = run(&writes[..]);
    let start = area.at(2 * PAGE - 1);
    let expected = fault(start, 1, Access::Write, absence(site));
    ensure!(told == Err(expected) && site.traps() - traps == 1, "{told:x?}, {} traps", site.traps() - traps);
    let mut written = [0; 41];
    let taken = axptr::copy_from_user(&mut written, area.at(2 * PAGE - 41));
    ensure!(taken.is_ok() && written == [0x81; 41], "{written:x?}");
    // An address outside of the user half refuses all before anything is done.
    let told = run((byte.writing(9), UserPtr::<u8>::from(user_limit()).writing(9)));
    ensure!(told.is_err_and(|fault| fault.kind == FaultKind::OutOfRange), "{told:?}");
    ensure!(byte.read() == Ok(1), "{:?}", byte.read());
    area.restore(0..2 * PAGE);
    Ok(())
}

pub(crate) fn read_only(site: &mut dyn Site) -> Result<(), String> {
    let area = Area::user(site, &[Good, ReadOnly], Content::Source);
    let ptr = UserPtr::<u64>::from(area.at(PAGE - 3));
    ensure!(ptr.read().is_ok(), "{:?}", ptr.read());
    let told = ptr.write(u64::MAX);
    let expected = fault(ptr.addr(), 3, Access::Write, write_protection(site));
    ensure!(told == Err(expected), "{told:x?}");
    ensure!(UserConstPtr::<[u8; 3]>::from(ptr.addr()).read() == Ok([0xff; 3]), "the prefix is written");
    Ok(())
}
