// SPDX-License-Identifier: MIT OR Apache-2.0
//! Misuse that must not compile, one file each, named after the mistake.
//!
//! The `.stderr` files hold what the compiler says. Another compiler words it otherwise: `TRYBUILD=overwrite` writes
//! them anew.
#![cfg(not(axptr_no_trybuild))] // What it takes does not build for every target.

#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
