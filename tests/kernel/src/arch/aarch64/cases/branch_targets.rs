// SPDX-License-Identifier: MIT OR Apache-2.0
//! BTI, in the link of this kernel that is built for it: what an indirect branch may go to begins with `bti c`.

use alloc::string::String;

use crate::ensure;

const BTI_C: u32 = 0xd503_245f;

macro_rules! routines {
    ($($name:ident)+) => {
        unsafe extern "C" {
            // As the library declares them, but for what they take.
            $(fn $name();)+
        }

        const ROUTINES: &[(&str, unsafe extern "C" fn())] = &[$((stringify!($name), $name)),+];
    };
}

routines! {
    __axptr_copy_from_user __axptr_copy_to_user __axptr_copy_in_user __axptr_fill_user __axptr_copy_string
    __axptr_copy_from_user_nofault __axptr_copy_to_user_nofault __axptr_copy_in_user_nofault
    __axptr_fill_user_nofault __axptr_copy_string_nofault __axptr_ask_cpu __axptr_try_mops
}

pub fn every_routine_begins_with_bti() -> Result<(), String> {
    for (name, start) in ROUTINES {
        // SAFETY: code of this kernel's.
        let insn = unsafe { (*start as *const u32).read() };
        ensure!(insn == BTI_C, "{name} begins with {insn:#x}");
    }
    Ok(())
}
