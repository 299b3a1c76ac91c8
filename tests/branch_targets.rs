// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where an indirect branch may go to: with `--cfg axptr_branch_targets` each routine begins with the instruction that
//! IBT and BTI look for, and without it none pays for one. `cargo xtask hosted` builds both.

#![cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]

type Routine = unsafe extern "C" fn();

macro_rules! routines {
    ($($name:ident)+) => {
        unsafe extern "C" {
            // As the library declares them, but for what they take.
            $(fn $name();)+
        }

        const ROUTINES: &[(&str, crate::Routine)] = &[$((stringify!($name), $name)),+];
    };
}

routines! {
    __axptr_copy_from_user __axptr_copy_to_user __axptr_copy_in_user __axptr_fill_user __axptr_copy_string
    __axptr_copy_from_user_nofault __axptr_copy_to_user_nofault __axptr_copy_in_user_nofault
    __axptr_fill_user_nofault __axptr_copy_string_nofault
}

#[cfg(target_arch = "x86_64")]
mod machine {
    /// `endbr64`
    pub(crate) const TARGET: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

    routines! { __axptr_copy_from_user_unpredictable __axptr_copy_to_user_unpredictable __axptr_ask_cpu }

    pub(crate) const MORE: &[(&str, crate::Routine)] = ROUTINES;

    #[cfg(not(axptr_general_registers))]
    pub(crate) mod wide {
        routines! { __axptr_string_length __axptr_string_length_nofault }

        pub(crate) const ALL: &[(&str, crate::Routine)] = ROUTINES;
    }

    #[cfg(axptr_general_registers)]
    pub(crate) mod wide {
        pub(crate) const ALL: &[(&str, crate::Routine)] = &[];
    }
}

#[cfg(target_arch = "aarch64")]
mod machine {
    /// `bti c`
    pub(crate) const TARGET: [u8; 4] = 0xd503_245f_u32.to_le_bytes();

    pub(crate) mod wide {
        pub(crate) const ALL: &[(&str, crate::Routine)] = &[];
    }

    pub(crate) const MORE: &[(&str, crate::Routine)] = &[];
}

#[test]
fn each_routine_begins_as_the_build_says() {
    // Or they are not linked.
    axptr::extable::selftest().unwrap();
    for (name, start) in ROUTINES.iter().chain(machine::MORE).chain(machine::wide::ALL) {
        // SAFETY: code of this program.
        let begins = unsafe { (*start as *const [u8; 4]).read() };
        assert_eq!(begins == machine::TARGET, cfg!(axptr_branch_targets), "{name} begins with {begins:x?}");
    }
}
