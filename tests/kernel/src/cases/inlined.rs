// SPDX-License-Identifier: MIT OR Apache-2.0
//! Accesses that the compiler has put where they are used: the window, the pager, and locks that the caller
//! holds.

use alloc::string::String;

use axptr::{Fault, FaultKind, UserPtr, atomic::AtomicError, cstr::StringError, probe, scope};

use crate::{
    arch::{self, Features, window},
    ensure, fault,
    fault::Traps,
    space,
};

/// An access to the 16 bytes at an address, with the pager or without.
pub type Form = fn(usize, bool) -> Result<(), Fault>;

macro_rules! form {
    ($name:literal, $value:ty, |$ptr:ident| $call:expr) => {
        ($name, |addr, nofault| {
            let $ptr = UserPtr::<$value>::from(addr);
            if nofault {
                let $ptr = $ptr.nofault();
                $call
            } else {
                $call
            }
        })
    };
}

fn atomic<T>(result: Result<T, AtomicError>) -> Result<(), Fault> {
    match result {
        Ok(_) => Ok(()),
        Err(AtomicError::Fault(fault)) => Err(fault),
        Err(error) => panic!("{error}"),
    }
}

fn string<T>(result: Result<T, StringError>) -> Result<(), Fault> {
    match result {
        Ok(_) => Ok(()),
        Err(StringError::Fault(fault)) => Err(fault),
        Err(error) => panic!("{error}"),
    }
}

/// Each with its name.
pub const FORMS: [(&str, Form); 9] = [
    form!("read", u32, |ptr| ptr.read().map(drop)),
    form!("write", u64, |ptr| ptr.write(0)),
    form!("batch", u64, |ptr| scope::run((ptr.reading(), ptr.add(1).writing(0))).map(drop)),
    form!("load", u8, |ptr| atomic(ptr.atomic().load())),
    form!("store", u16, |ptr| atomic(ptr.atomic().store(0))),
    form!("add", u32, |ptr| atomic(ptr.atomic().fetch_add(0))),
    form!("xor", u64, |ptr| atomic(ptr.atomic().fetch_xor(0))),
    form!("compare-exchange", u32, |ptr| atomic(ptr.atomic().compare_exchange(0, 0))),
    form!("string", u8, |ptr| string(ptr.as_cstr().len(16))),
];

/// Calls `check` with each form in each of its contexts.
fn every(
    mut check: impl FnMut(&str, &dyn Fn(usize) -> Result<(), Fault>, bool) -> Result<(), String>,
) -> Result<(), String> {
    FORMS.into_iter().try_for_each(|(name, form)| {
        [false, true].into_iter().try_for_each(|nofault| check(name, &|addr| form(addr, nofault), nofault))
    })
}

pub fn the_window_is_behind_an_access_what_it_was_before() -> Result<(), String> {
    space::RW.renew();
    every(|name, form, nofault| {
        for (addr, kind) in [
            (space::RW.start(), None),
            (space::HOLE.start(), Some(fault::told(FaultKind::NotPresent))),
            (space::EDGE_TO_HOLE.end(), Some(fault::told(FaultKind::NotPresent))),
        ] {
            ensure!(!window::is_open(), "open before {name}");
            let told = form(addr).err().map(|fault| fault.kind);
            ensure!(told == kind && !window::is_open(), "{name}, without the pager: {nofault}, {told:?}");
            let (told, still_open) = window::during(|| form(addr).err().map(|fault| fault.kind));
            let can_be_open = Features::of_this_cpu().window;
            ensure!(
                told == kind && still_open == can_be_open,
                "{name} in an open window: {told:?}, {still_open}"
            );
        }
        Ok(())
    })
}

pub fn the_pager_runs_with_the_window_closed() -> Result<(), String> {
    every(|name, form, nofault| {
        space::LAZY.renew();
        fault::last_call();
        let (told, traps) = fault::counted(|| form(space::LAZY.start()));
        let call = fault::last_call();
        if nofault {
            let absent = told.is_err() && !space::is_present(space::LAZY.start());
            ensure!(
                absent && call.is_none() && traps == Traps::pages(1),
                "{name}: {told:?}, {call:x?}, {traps:?}"
            );
        } else {
            let asked = call.is_some_and(|call| !call.window_open && call.irqs_on && call.accessing);
            ensure!(asked && told.is_ok(), "{name}: {told:?}, {call:x?}");
            // An atomic that reads first and a page that comes for reading cost one more at most.
            ensure!((1..=2).contains(&traps.page), "{name}: {traps:?}");
        }
        ensure!(!window::is_open() && !axptr::is_accessing_user_memory(), "{name} has left something open");
        Ok(())
    })
}

/// The pager would wait for the lock for ever; here it would say that it is held.
pub fn without_the_pager_no_lock_is_needed() -> Result<(), String> {
    space::RW.renew();
    every(|name, form, nofault| {
        if !nofault {
            return Ok(());
        }
        space::LAZY.renew();
        fault::last_call();
        let locked = space::space().lock();
        let told =
            [space::RW.start(), space::LAZY.start(), space::HOLE.start()].map(|addr| form(addr).is_ok());
        drop(locked);
        let call = fault::last_call();
        ensure!(told == [true, false, false] && call.is_none(), "{name}: {told:?}, {call:x?}");
        Ok(())
    })
}

pub fn what_is_refused_without_the_pager_comes_with_it() -> Result<(), String> {
    for (name, form) in FORMS {
        space::LAZY.renew();
        let page = space::LAZY.start();
        let told = form(page, true);
        let refused =
            told.is_err_and(|fault| (fault.done, fault.kind) == (0, fault::told(FaultKind::NotPresent)));
        ensure!(refused && !space::is_present(page), "{name}: {told:x?}");
        let told = form(page, false);
        ensure!(told.is_ok() && space::is_present(page), "{name}, normal: {told:x?}");
        let (told, traps) = fault::counted(|| form(page, true));
        ensure!(told.is_ok() && traps == Traps::NONE, "{name}, once it is there: {told:x?}, {traps:?}");
    }
    Ok(())
}

/// Kernel memory that is there, that is lazy, that is not there, and that no page table can map.
pub fn a_probe_reads_kernel_memory_and_asks_nobody() -> Result<(), String> {
    static HERE: [u64; 2] = [0x1122_3344_5566_7788, 0x99aa_bbcc_ddee_ff00];
    let here = HERE.as_ptr().addr();
    for (offset, expected) in [(0, HERE[0]), (8, HERE[1]), (3, HERE[0] >> 24 | HERE[1] << 40)] {
        // SAFETY: (1) a static.
        let told = unsafe { probe::read::<u64>(here + offset) };
        ensure!(told == Ok(expected), "at {offset}: {told:x?}");
    }
    let passed_on = fault::passed_on();
    for addr in [space::HOLE.start(), usize::MAX - 7].into_iter().chain(arch::OUT_OF_REACH.addrs) {
        fault::last_call();
        // SAFETY: (1) nothing is there.
        let told = unsafe { probe::read::<u64>(addr) };
        let call = fault::last_call();
        ensure!(told.is_err_and(|f| (f.done, f.addr) == (0, addr)) && call.is_none(), "{told:x?}, {call:x?}");
    }
    let user = space::RW.page(2);
    space::poke(user, &[7; 8]);
    // SAFETY: (1) memory.
    let told = unsafe { probe::read::<u64>(user) };
    ensure!(told == Ok(u64::from_ne_bytes([7; 8])), "user memory: {told:x?}");
    ensure!(fault::passed_on() == passed_on, "a fault went to the kernel's own handler");
    Ok(())
}

/// The emulated CPU takes a word at any address. So what is looked at is where the fault was taken, at the hole behind the
/// value's first byte: in an access that is inlined, which is one of the whole word, or in the routine, whose accesses are
/// aligned.
#[cfg(all(feature = "living", any(target_arch = "riscv64", target_arch = "loongarch64")))]
pub fn a_value_that_is_not_aligned_is_read_by_the_routine() -> Result<(), String> {
    use axptr::{UserConstPtr, UserRange, UserReader, extable::Table, raw};

    fn faults<T: axptr::AnyBitPattern>() -> [(&'static str, fn(usize) -> Option<usize>); 6] {
        [
            ("read", |addr| Some(UserConstPtr::<T>::new(addr).read().err()?.done)),
            ("read_into", |addr| {
                let mut value = T::zeroed();
                Some(UserConstPtr::<T>::new(addr).nofault().read_into(&mut value).err()?.done)
            }),
            ("batch", |addr| Some(scope::run((UserConstPtr::<T>::new(addr).reading(),)).err()?.done)),
            ("cursor", |addr| {
                let mut reader = UserReader::new(UserRange::new(addr, 64)?);
                match reader.read_value::<T>() {
                    Err(axptr::CursorError::Fault(fault)) => Some(fault.done),
                    _ => None,
                }
            }),
            ("array", |addr| match UserConstPtr::<T>::new(addr).read_until_zero(&mut [T::zeroed()]) {
                Err(StringError::Fault(fault)) => Some(fault.done),
                _ => None,
            }),
            ("raw", |addr| {
                // SAFETY: (1) user memory; (2) any bytes will do.
                let loaded = unsafe { raw::load(core::ptr::with_exposed_provenance::<T>(addr)) };
                Some(size_of::<T>() - loaded.err()?.left())
            }),
        ]
    }

    let table = Table::image();
    let hole = space::EDGE_TO_HOLE.end();
    let all = [faults::<u16>(), faults::<u32>(), faults::<u64>()].concat();
    for (name, done) in all {
        let (done, traps) = fault::counted(|| done(hole - 1));
        let entry = table.find(crate::traps::last_pc());
        ensure!(
            done == Some(1) && traps == Traps::pages(1) && entry.is_some_and(|entry| !entry.is_inlined()),
            "{name}: {done:?} bytes, {traps:?}, {entry:x?}"
        );
    }
    Ok(())
}
