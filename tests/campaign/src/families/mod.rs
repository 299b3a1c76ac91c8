// SPDX-License-Identifier: MIT OR Apache-2.0
//! The operations. Each chooses where, does it, and says whether a byte refused it; `Err` says what was wrong.

mod arrays;
mod atomics;
#[cfg(feature = "bare-atomics")]
mod bare_atomics;
mod batches;
mod bytes;
mod cursors;
mod limit;
mod pages;
mod parts;
mod pointers;
mod refused;
mod regions;
mod strings;
mod structs;
mod values;
mod vectors;

use alloc::string::String;

use crate::world::World;

/// What one operation comes to: whether it met a bad byte.
pub(crate) type Outcome = Result<bool, String>;

/// An operation and its name.
pub(crate) type Family = (&'static str, fn(&mut World<'_>) -> Outcome);

/// The families, and how often each comes beside the others.
pub(crate) const FAMILIES: &[(usize, &[Family])] = &[
    (30, bytes::ALL),
    (20, values::ALL),
    (10, atomics::ALL),
    #[cfg(feature = "bare-atomics")]
    (5, bare_atomics::ALL),
    (12, strings::ALL),
    (10, arrays::ALL),
    (6, pointers::ALL),
    (8, parts::ALL),
    (5, structs::ALL),
    (8, cursors::ALL),
    (4, vectors::ALL),
    (5, batches::ALL),
    (6, regions::ALL),
    (4, pages::ALL),
    (1, refused::ALL),
    (2, limit::ALL),
];

/// Those that are refused before any byte is looked at.
pub(crate) const NEVER_REFUSED: [&str; 1] = [refused::NAME];

/// Those that are refused only where nobody has memory at the limit.
pub(crate) const AT_LIMIT: [&str; 2] = limit::NAMES;
