// SPDX-License-Identifier: MIT OR Apache-2.0
//! A kernel that is compiled with vector registers which the vector does not save: it is refused before anything that only
//! a kernel may do, so this runs in a process.

use axptr::vector::{self, InstallError};

fn main() {
    // SAFETY: (1) to (5) it touches nothing.
    let answer = unsafe { vector::install(|_addr, _access| false) };
    assert_eq!(answer, Err(InstallError::VectorRegisters));
    println!("refused: {}", InstallError::VectorRegisters);
}
