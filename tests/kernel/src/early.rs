// SPDX-License-Identifier: MIT OR Apache-2.0
//! What axptr did before this kernel had told it anything.

use axptr::{Fault, FaultKind, SelftestError, extable::TableError};
use lazyinit::LazyInit;

use crate::{arch::window, space};

/// What was seen, for the cases.
#[derive(Debug)]
pub struct Early {
    /// The self test, run before `.bss` was cleared.
    pub table: Result<(), TableError>,
    /// Whether user memory was closed to the kernel then.
    pub window_enforced: bool,
    /// The first copy of all, with nobody to handle a fault.
    pub first_copy: Result<(), Fault>,
    /// Whether the window was open before it, and behind it.
    pub window_open: [bool; 2],
}

/// The first copy is this one.
pub const FIRST: (usize, &[u8]) = (space::RW.page(1), b"nothing is initialised");

static EARLY: LazyInit<Early> = LazyInit::new();

/// Copies for the first time, and keeps everything for later.
pub fn record(table: Result<(), TableError>) {
    let window_enforced = window::is_enforced();
    let before = window::is_open();
    let first_copy = axptr::copy_to_user(FIRST.0, FIRST.1);
    EARLY.init_once(Early { table, window_enforced, first_copy, window_open: [before, window::is_open()] });
}

/// Before this kernel has said where user memory may be, no address is any, and the self test names the line.
///
/// Panics where not: there is no case to fail yet.
pub fn refuse_before_the_limit_is_set() {
    let copied = axptr::copy_to_user(FIRST.0, FIRST.1);
    let value = axptr::UserConstPtr::<u32>::new(FIRST.0).read();
    let kinds = [copied.map_err(|fault| fault.kind), value.map(drop).map_err(|fault| fault.kind)];
    assert_eq!(kinds, [Err(FaultKind::NotSetUp); 2]);
    assert_eq!(axptr::selftest(), Err(SelftestError::NotSetUp));
}

/// What was seen.
pub fn seen() -> &'static Early {
    &EARLY
}
