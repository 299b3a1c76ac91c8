// SPDX-License-Identifier: MIT OR Apache-2.0
//! What this boot is for: a name that `cargo xtask kernel` writes into a copy of the image.
//!
//! A command line would be another mechanism on each machine, and does not reach loongarch64 at all.

use crate::{fault::Decides, panics};

/// Where the name is written; `xtask/src/kernel/image.rs` finds it by its symbol. It ends at the first 0.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".data.kernel_boot_mode")]
static KERNEL_BOOT_MODE: [u8; 64] = [0; 64];

/// One kind of boot.
#[derive(Debug)]
pub struct Mode {
    /// What tells a fault of user memory's from a bug.
    pub decides: Decides,
    /// What is done then.
    pub run: Run,
    /// How many CPUs work.
    pub cpus: usize,
}

/// What a boot does.
#[derive(Debug)]
pub enum Run {
    /// All cases of the mode.
    Cases,
    /// Those that only this machine has.
    CasesOfMachine,
    /// This, which must end in a panic.
    Panic(fn()),
    /// Operations for `cargo xtask count`.
    Count,
    /// Random operations, from a seed on, until so many have met a byte that refused them.
    Campaign {
        /// Of the first round.
        seed: u64,
        /// How many of those.
        faults: u64,
    },
}

impl Mode {
    /// Reads the mode; without a name, all cases run on the table, behind axptr's vector.
    ///
    /// # Panics
    ///
    /// Panics on an unknown name: a misspelt mode must not pass as another one.
    pub fn of_this_boot() -> Self {
        let slot = &raw const KERNEL_BOOT_MODE;
        // SAFETY: a static that nobody writes to while the kernel runs. Volatile, because it does not hold what
        // the compiler has put there.
        let slot = unsafe { slot.read_volatile() };
        let len = slot.iter().position(|&byte| byte == 0).expect("the name of the mode ends");
        let name = core::str::from_utf8(&slot[..len]).expect("the name of the mode is UTF-8");
        // In front of it may stand the number of CPUs, as in `cpus=4 by-flag`.
        let (cpus, name) = match name.strip_prefix("cpus=") {
            Some(rest) => rest.split_once(' ').unwrap_or((rest, "")),
            None => ("1", name),
        };
        let cpus = cpus.parse().expect("a number of CPUs");
        if let Some(numbers) = name.strip_prefix("campaign ") {
            let (seed, faults) = numbers.split_once(' ').expect("a seed and a number of faults");
            let number = |text: &str| text.parse().expect("a number");
            let run = Run::Campaign { seed: number(seed), faults: number(faults) };
            return Self { decides: Decides::Table, run, cpus };
        }
        let decides = match name {
            "" => Decides::Table,
            "own-handler" => Decides::TableInOwnHandler,
            #[cfg(feature = "living")]
            "ax-cpu" => Decides::TableInAxCpu,
            #[cfg(not(feature = "living"))]
            "by-flag" => Decides::Flag,
            "machine" => return Self { decides: Decides::Table, run: Run::CasesOfMachine, cpus },
            "count" => return Self { decides: Decides::Table, run: Run::Count, cpus },
            _ => match panics::ALL.iter().find(|(known, ..)| *known == name) {
                Some(&(_, decides, how)) => return Self { decides, run: Run::Panic(how), cpus },
                None => panic!("no such mode: {name}"),
            },
        };
        Self { decides, run: Run::Cases, cpus }
    }
}
