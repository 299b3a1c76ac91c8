// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a module outside of this folder gets its machine's file.

cfg_if::cfg_if! {
    if #[cfg(target_arch = "x86_64")] {
        macro_rules! machine_file {
            (as machine) => {
                mod x86_64;
                use x86_64 as machine;
            };
        }
    } else if #[cfg(target_arch = "aarch64")] {
        macro_rules! machine_file {
            (as machine) => {
                mod aarch64;
                use aarch64 as machine;
            };
        }
    } else if #[cfg(target_arch = "riscv64")] {
        macro_rules! machine_file {
            (as machine) => {
                mod riscv64;
                use riscv64 as machine;
            };
        }
    } else if #[cfg(target_arch = "loongarch64")] {
        macro_rules! machine_file {
            (as machine) => {
                mod loongarch64;
                use loongarch64 as machine;
            };
        }
    }
}

/// Declares the machine's file in a module that has one file per machine, such as `mod x86_64`. It gets the name
/// `machine`.
pub(crate) use machine_file;
