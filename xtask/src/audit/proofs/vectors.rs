// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which vector registers the assembly may touch: none in a kernel that does not save them, because they hold what the user
//! program has in them; else those that a caller does not rely on.

use super::proof::{Proof, Violation};
use crate::audit::linked::{binary::Binary, image::Function};

/// The registers that the routines leave alone, as bits.
pub fn forbidden(binary: &Binary) -> u32 {
    match &binary.isa.vectors {
        None => 0,
        Some(_) if binary.is_kernel && !binary.saves_vectors => u32::MAX,
        Some(vectors) => vectors.preserved,
    }
}

/// Looks at each instruction of a function of the assembly.
pub fn audit(binary: &Binary, function: &Function) -> Vec<Violation> {
    let forbidden = forbidden(binary);
    let code = binary.decode(function);
    let touches = code.values().filter(|insn| insn.vectors & forbidden != 0);
    touches
        .map(|insn| {
            let what = format!("touches a vector register: {}", insn.text);
            Violation::new(binary, Proof::Vectors, insn.addr, &what)
        })
        .collect()
}
