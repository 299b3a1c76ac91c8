// SPDX-License-Identifier: MIT OR Apache-2.0
#![doc = include_str!("../docs/speed.link.md")]
#![doc = include_str!("../README.md")]
#![doc = include_str!("../docs/operations.md")]
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod arch;

mod cause;
mod errno;
mod fit;
mod flag;

pub mod extable;
pub mod raw;
pub mod trap;

#[cfg(target_os = "linux")]
pub mod hosted;
#[cfg(all(feature = "vector", target_os = "none"))]
pub mod vector;
#[cfg(target_os = "none")]
pub mod window;

mod error;
mod pod;
mod range;
mod selftest;

pub mod context;

mod compare;
mod copy;
mod fixed;
pub mod nofault;
pub mod probe;
mod single;
pub mod unpredictable;

pub mod region;

mod ptr;

pub mod atomic;
pub mod cstr;
pub mod scope;
mod slice;

#[cfg(feature = "alloc")]
mod vec;

mod array;
pub mod bulk;
mod cursor;
pub mod fault_in;
pub mod futex;
pub mod iovec;
#[cfg(feature = "legacy")]
pub mod legacy;
pub mod structs;

#[cfg(feature = "axmm")]
mod axmm;

pub use array::Limit;
pub use cause::{Access, FaultKind};
pub use compare::compare_user;
pub use context::{Context, NoFault, Normal};
pub use copy::{
    copy_from_user, copy_from_user_uninit, copy_from_user_zeroing, copy_in_user, copy_to_user, fill_user,
};
pub use cursor::{CursorError, UserReader, UserWriter};
pub use error::Fault;
pub use fit::Fit;
#[cfg(feature = "percpu")]
pub use flag::{is_accessing_user_memory, switch_accessing_user_memory};
pub use pod::{AnyBitPattern, NoUninit};
pub use ptr::{UserConstPtr, UserPtr};
pub use range::{DEFAULT_USER_LIMIT, UserRange, set_user_limit, user_limit};
pub use region::{AddrSpaceProvider, AddressSpace};
pub use selftest::{SelftestError, selftest};
pub use slice::{UserConstSlice, UserSlice};
#[cfg(feature = "alloc")]
pub use vec::VecError;

/// For this project's own tests: no promise is made about it. What it does is done to the whole program: nothing but a
/// test enables the feature.
#[cfg(feature = "__tests")]
#[doc(hidden)]
pub mod internal {
    use crate::arch;

    /// A set of paths that the routines take on some CPUs.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CpuPath(usize);

    /// Those that this CPU can execute; there is always one.
    pub fn cpu_paths() -> impl Iterator<Item = CpuPath> + Clone {
        (0..arch::CPU_PATHS.len()).filter(|&path| arch::can_take(path)).map(CpuPath)
    }

    /// Lets the routines choose by what the CPU has, as they do unless a path was forced.
    pub fn choose_by_cpu() {
        arch::forget_cpu();
    }

    impl CpuPath {
        /// What tells it apart, such as `without ERMS`.
        pub fn name(self) -> &'static str {
            arch::CPU_PATHS[self.0]
        }

        /// Makes the routines of all CPUs take it.
        pub fn force(self) {
            arch::force_cpu(self.0);
        }
    }
}
