// SPDX-License-Identifier: MIT OR Apache-2.0
//! The exception tables of images that have their code of this crate from another image.
//!
//! A Rust `dylib` holds the crate's functions. But the accesses that the compiler puts where they are used lie in the
//! image that uses them, and their entries in that image's own table. Each such image hands its table over when it calls
//! `install`.

use core::{
    cell::UnsafeCell,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::pin::{Unloadable, pin};
use crate::{
    arch,
    extable::{Entry, Table, TableError},
};

/// The table of the image in whose code a call stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ImageTable {
    start: *const Entry,
    stop: *const Entry,
}

impl ImageTable {
    /// The table of the image that calls.
    ///
    /// It is part of the caller's code in each build: the compiler expands such a function wherever the call stands, and
    /// makes no copy of it in this crate's own image. So the linker that sees the two names is the caller's. They stand
    /// for nothing in an image without entries.
    #[inline(always)]
    pub(crate) fn of_caller() -> Self {
        let start = arch::weak_address!("__start_axptr_ex_table");
        let stop = arch::weak_address!("__stop_axptr_ex_table");
        Self {
            start: core::ptr::with_exposed_provenance(start),
            stop: core::ptr::with_exposed_provenance(stop),
        }
    }

    /// Whether there is nothing to register: it is this image's own, or no table.
    fn is_known(self) -> bool {
        self.start == own_start() || self.start.is_null() || self.start == self.stop
    }

    /// Whether the handler searches it.
    pub(crate) fn is_registered(self) -> bool {
        self.is_known() || of_other_images().any(|table| table.entries().as_ptr() == self.start)
    }
}

/// Where the table of this crate's own image begins, whole or not.
#[inline(never)]
fn own_start() -> *const Entry {
    unsafe extern "C" {
        #[link_name = "__start_axptr_ex_table"]
        static START: [u8; 0];
    }
    (&raw const START).cast()
}

/// Why a table cannot be registered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unregistered {
    Wrong(TableError),
    TooMany,
    Unloadable,
}

const ROOM: usize = 64;

/// Tables are only ever added. A handler reads those that were there when it looked.
struct Tables {
    slots: [UnsafeCell<Option<Table<'static>>>; ROOM],
    count: AtomicUsize,
}

// SAFETY: `register` writes a slot before it counts it, one thread at a time, and never again. Others read the slots that
// are counted.
unsafe impl Sync for Tables {}

static TABLES: Tables = Tables { slots: [const { UnsafeCell::new(None) }; ROOM], count: AtomicUsize::new(0) };

/// The tables that were registered. It is async-signal-safe.
pub(super) fn of_other_images() -> impl Iterator<Item = &'static Table<'static>> {
    let count = TABLES.count.load(Ordering::Acquire);
    TABLES.slots[..count].iter().filter_map(|slot| {
        // SAFETY: a slot that is counted does not change any more.
        unsafe { &*slot.get() }.as_ref()
    })
}

/// Makes the handler search an image's table, and keeps the image loaded. One thread at a time.
pub(super) fn register(image: ImageTable) -> Result<(), Unregistered> {
    if image.is_registered() {
        return Ok(());
    }
    pin(image.start.cast()).map_err(|Unloadable| Unregistered::Unloadable)?;
    // SAFETY: (1), (2) the linker put both symbols around the section of an image, which stays loaded from here on.
    let table = unsafe { Table::from_raw(image.start, image.stop) }.map_err(Unregistered::Wrong)?;
    let count = TABLES.count.load(Ordering::Relaxed);
    let slot = TABLES.slots.get(count).ok_or(Unregistered::TooMany)?;
    // SAFETY: it is not counted yet, so nobody reads it, and nobody else writes.
    unsafe { slot.get().write(Some(table)) };
    TABLES.count.store(count + 1, Ordering::Release);
    Ok(())
}
