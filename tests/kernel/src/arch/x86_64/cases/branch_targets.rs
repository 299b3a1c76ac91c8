// SPDX-License-Identifier: MIT OR Apache-2.0
//! IBT: with it, an event is an indirect branch, and its target begins with `endbr64` (SDM vol. 1, 17.3). The emulator
//! does not have it, so this looks at the bytes.

use alloc::string::String;

use super::super::gates;
use crate::ensure;

const ENDBR64: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

unsafe extern "C" {
    static __axptr_vector_others: u8;
    static __axptr_vector_gp: u8;
    static __axptr_vector_pf: u8;
}

/// Those of this CPU's gates that axptr has taken.
pub fn every_gate_of_the_vector_begins_with_endbr64() -> Result<(), String> {
    let (others, gp) = ((&raw const __axptr_vector_others).addr(), (&raw const __axptr_vector_gp).addr());
    let mut seen = 0;
    for vector in 0..256 {
        let handler = match vector {
            gates::GP => gp,
            gates::PF => (&raw const __axptr_vector_pf).addr(),
            _ => gates::handler(vector),
        };
        if (others..gp).contains(&handler) || [gates::GP, gates::PF].contains(&vector) {
            // SAFETY: code of this kernel's.
            let bytes = unsafe { core::ptr::with_exposed_provenance::<[u8; 4]>(handler).read() };
            ensure!(bytes == ENDBR64, "gate {vector} begins with {bytes:x?}");
            seen += 1;
        }
    }
    ensure!(seen > 200, "only {seen} gates are axptr's");
    Ok(())
}
