// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the hosted tests share: user memory with real pages, and real signals that are counted.

pub(crate) mod front;
pub(crate) mod guarded;
pub(crate) mod large;
pub(crate) mod poison;
pub(crate) mod registers;
pub(crate) mod site;
