// SPDX-License-Identifier: MIT OR Apache-2.0
#![doc = include_str!("../docs/speed.link.md")]
#![doc = include_str!("../README.md")]
#![doc = include_str!("../docs/operations.md")]
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

// One folder per floor. A file uses only its own folder and the folders above it in this list.
mod arch;

pub mod extable;

mod recovery;

mod access;

mod typed;

mod compat;

pub use access::{
    bulk,
    compare::compare_user,
    context::{self, Context, NoFault, Normal},
    copy::{
        copy_from_user, copy_from_user_uninit, copy_from_user_zeroing, copy_in_user, copy_to_user, fill_user,
    },
    error::Fault,
    fit::Fit,
    nofault,
    overlap::move_in_user,
    pod::{AnyBitPattern, NoUninit},
    probe,
    range::UserRange,
    raw,
    region::{self, AddrSpaceProvider, AddressSpace},
    unpredictable,
};
#[cfg(feature = "legacy")]
pub use compat::legacy;
pub use extable::cause::{Access, FaultKind};
#[cfg(any(feature = "percpu", feature = "ax-percpu"))]
pub use recovery::flag::{is_accessing_user_memory, switch_accessing_user_memory};
#[cfg(axptr_home = "process")]
pub use recovery::hosted;
#[cfg(feature = "untag")]
pub use recovery::tag::{TooManyTagBits, set_tag_bits, tag_bits};
#[cfg(all(feature = "vector", any(axptr_home = "kernel", doc)))]
pub use recovery::vector;
#[cfg(any(axptr_home = "kernel", doc))]
pub use recovery::window;
pub use recovery::{
    limit::{DEFAULT_USER_LIMIT, set_user_limit, user_limit},
    selftest::{SelftestError, selftest},
    tag::untag,
    trap,
};
#[cfg(feature = "alloc")]
pub use typed::vec::VecError;
pub use typed::{
    array::Limit,
    atomic, cstr,
    cursor::{CursorError, UserReader, UserWriter},
    fault_in, futex, iovec,
    ptr::{UserConstPtr, UserPtr},
    scope,
    slice::{UserConstSlice, UserSlice},
    structs,
};

/// For this project's own tests. It is no part of the public API and may change in any release. Its functions change
/// the routines of the whole program. So only tests enable this feature.
#[cfg(feature = "__tests")]
#[doc(hidden)]
pub mod internal {
    use crate::arch;

    /// A set of paths through the routines. Different CPUs take different paths.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CpuPath(usize);

    /// The paths that this CPU can execute. There is at least one.
    pub fn cpu_paths() -> impl Iterator<Item = CpuPath> + Clone {
        (0..arch::CPU_PATHS.len()).filter(|&path| arch::can_take(path)).map(CpuPath)
    }

    /// Lets the routines choose by what the CPU has. This is the normal state; it undoes [`CpuPath::force`].
    pub fn choose_by_cpu() {
        arch::forget_cpu();
    }

    impl CpuPath {
        /// The name of the path, such as `without ERMS`.
        pub fn name(self) -> &'static str {
            arch::CPU_PATHS[self.0]
        }

        /// Makes the routines take this path, on all CPUs.
        pub fn force(self) {
            arch::force_cpu(self.0);
        }
    }
}
