// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the published sources lack for the compiler that there is: they are written for a nightly of another day.

use crate::clients::{
    edit::{Change, Edit, Place},
    sources::Package,
};

pub const AX_IO: Package = Package { name: "ax-io", version: "0.7.2" };
pub const PRINTF: Package = Package { name: "printf-compat", version: "0.4.0" };

const fn each(file: &'static str, old: &'static str, new: &'static str) -> Edit {
    Edit { file, place: Place::File, change: Change::Each(old, new) }
}

/// A borrowed buffer has no type of its elements yet, and `core::io` is a part of no feature.
pub const OF_AX_IO: &[Edit] =
    &[each("src/lib.rs", "#![feature(core_io)]", ""), each("src", "<'_, u8>", "<'_>")];

/// The next variable argument has an older name.
pub const OF_PRINTF: &[Edit] = &[each("src/parser.rs", ".next_arg", ".arg")];

/// Functions with variable arguments are not stable yet.
pub const OF_KERNEL: &[Edit] =
    &[Edit { file: "src/lib.rs", place: Place::File, change: Change::Front("#![feature(c_variadic)]") }];

/// Its page includes a file of the repository that is in no package.
pub const OF_STARRYOS: &[Edit] = &[each("src/main.rs", "#![doc = include_str!(\"../../README.md\")]", "")];
