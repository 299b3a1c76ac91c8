// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who may catch a mutation, and in which order they are asked.

use std::{env::consts::ARCH, time::Duration};

use anyhow::{Context, Result};

use super::sources::is_of_all;
use crate::machine::Machine;

/// One of those who look at a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    /// The tests inside the crate.
    Units,
    /// Small values and strings at an edge, and the table of cases.
    Small,
    /// Copies and fills.
    Sweep,
    /// Pages that go in mid-call, overlapping moves, orderings, random operations.
    Moving,
    /// The table and the side of signals.
    Handler,
    /// The routines without vector registers, in a process.
    General,
    /// The same with addresses that have tags.
    Tagged,
    /// What threads share, in each interleaving.
    Interleavings,
    /// The proof over two programs.
    Audit,
    /// The proof over the test kernel, and its first boot.
    Kernel,
    /// Each routine executed from its bytes, at each edge.
    Edges,
    /// How many instructions each operation takes in the test kernel: what slows a routine down changes nothing else.
    Counts,
    /// The other boots.
    Boots,
    /// The example kernels, and those on their machines.
    Examples,
    /// What ax-cpu's tables hold in the test kernel on the living line.
    AxCpu,
    /// That kernel's boots.
    Living,
    /// The unit tests and the side of signals on this machine, for what is the same on all machines.
    HandlerHere,
    /// All tests of this machine, for the same.
    Here,
}

/// Which of them are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    All,
    /// Those who take minutes at most.
    Quick,
    /// The others, and the first boot: for what those have left.
    Slow,
    /// This one alone: for a mutation that a test behind the others was written for.
    One(Judge),
    /// The quickest, of what is proved to change nothing: all would take ten minutes to find nothing.
    Quickest,
}

use Judge::{
    Audit, AxCpu, Boots, Counts, Edges, Examples, General, Handler, HandlerHere, Here, Interleavings, Kernel,
    Living, Moving, Small, Sweep, Tagged, Units,
};

/// All, the cheap ones first.
const ALL: [Judge; 18] = [
    Small,
    Sweep,
    Units,
    Interleavings,
    Handler,
    HandlerHere,
    General,
    Moving,
    Audit,
    Kernel,
    Counts,
    Edges,
    Tagged,
    Here,
    Boots,
    Examples,
    AxCpu,
    Living,
];
/// Who goes first about what only kernels have.
const OF_A_KERNEL: &[Judge] = &[Units, HandlerHere, Kernel, Boots];
/// And about what a process has if no vector register may be used.
const OF_GENERAL_REGISTERS: &[Judge] = &[General, Kernel, Counts];

/// What only kernels have, or what they alone have in full: they ask for more features of a CPU's.
const OF_KERNELS: &[&str] = &[
    "/cpu.S",
    "asm/x86_64/vector.S",
    "asm/aarch64/vector.S",
    "asm/aarch64/mops.S",
    "asm/riscv64/vector.S",
    "asm/loongarch64/vector.S",
    "src/recovery/vector/",
    "src/recovery/syndrome/",
    "src/recovery/flag.rs",
    "src/recovery/window.rs",
    "src/recovery/rehearsal.rs",
    "src/recovery/handler_error.rs",
    "/control.rs",
    "/level.rs",
    "/rehearse.rs",
    "/translation.rs",
    "/window.rs",
];
const WITHOUT_VECTORS: &str = "/narrow.S";
/// The file of which `tests/loom` makes its own.
const MODELLED: &str = "src/recovery/hosted/former.rs";

/// Who is asked about a change of a file on a machine, in this order.
pub fn order(file: &str, machine: &Machine) -> Vec<Judge> {
    let first = match file {
        _ if file.ends_with(WITHOUT_VECTORS) => OF_GENERAL_REGISTERS,
        _ if OF_KERNELS.iter().any(|it| file.contains(it)) => OF_A_KERNEL,
        _ => &[],
    };
    let is_here = machine.name == ARCH;
    let has_them = |judge: &Judge| match judge {
        HandlerHere => !is_here && is_of_all(file),
        // This machine's own tests have them all.
        Here => is_here || is_of_all(file),
        Counts | Edges => file.starts_with("asm/"),
        Interleavings => file == MODELLED,
        General => ["x86_64", "aarch64"].contains(&machine.name) && !is_of_all(file),
        // What the process on this machine shows is the same there.
        Tagged => file.ends_with("tag.rs") || file.ends_with("limit.rs") || file.contains("src/arch/"),
        _ => true,
    };
    let others = ALL.iter().filter(|judge| !first.contains(judge));
    first.iter().chain(others).copied().filter(has_them).collect()
}

impl Judge {
    /// Its name in the list.
    pub fn name(self) -> &'static str {
        match self {
            Units => "unit tests",
            Small => "small and table",
            Sweep => "sweep",
            Moving => "races, midcall, overlap, orders, campaign",
            Handler => "extable, signals, rehearsal",
            General => "process without vector registers",
            Tagged => "tagged addresses",
            Interleavings => "each interleaving",
            Audit => "audit",
            Kernel => "kernel audit and boot",
            Counts => "instruction counts",
            Edges => "audit at each edge",
            Boots => "other boots",
            Examples => "example kernels",
            AxCpu => "tables of ax-cpu",
            Living => "living line",
            HandlerHere => "unit tests, extable, signals, rehearsal here",
            Here => "all tests here",
        }
    }

    pub fn by_name(name: &str) -> Result<Self> {
        let names = || ALL.map(Self::name).join("; ");
        let mut all = ALL.into_iter();
        all.find(|judge| judge.name() == name)
            .with_context(|| format!("no judge {name:?}; there are: {}", names()))
    }

    /// Whether it is one of those.
    pub fn is(self, asked: Asked) -> bool {
        match asked {
            Asked::All => true,
            Asked::One(judge) => self == judge,
            Asked::Quick => !matches!(self, Boots | Examples | AxCpu | Living | Here),
            Asked::Slow => matches!(self, Kernel | Boots | Examples | AxCpu | Living | Here),
            Asked::Quickest => matches!(self, Units | Small | Sweep | HandlerHere | Audit),
        }
    }

    /// How long its tests may run. They take a fraction of that: what is late hangs. Boots have limits of their own.
    pub fn limit(self) -> Duration {
        Duration::from_secs(match self {
            Units | Small | Sweep | Handler | HandlerHere => 300,
            Moving | General | Tagged | Interleavings | Audit | Kernel | Counts | Edges => 600,
            Boots | Examples | AxCpu | Living | Here => 3600,
        })
    }

    /// How long all that he does may take, what he builds included. What is wrong may keep an audit from its end, too.
    pub fn longest(self) -> Duration {
        self.limit() + Duration::from_secs(600)
    }
}

#[cfg(test)]
mod tests {
    use super::{Judge, order};
    use crate::machine;

    #[test]
    fn who_sees_the_line_is_asked_first() {
        let machine = machine::chosen(&["riscv64".to_owned()]).expect("there is one")[0];
        let first = |file| order(file, machine)[0];
        assert_eq!(first("asm/riscv64/copy.S"), Judge::Small);
        assert_eq!(order("asm/riscv64/vector.S", machine)[1], Judge::Kernel);
        assert_eq!(order("src/recovery/rehearsal.rs", machine)[1], Judge::HandlerHere);
        for (file, is_asked) in [("src/recovery/trap.rs", true), ("asm/riscv64/copy.S", false)] {
            assert_eq!(order(file, machine).contains(&Judge::Here), is_asked, "{file}");
        }
    }

    #[test]
    fn names_are_read() {
        for judge in super::ALL {
            assert_eq!(Judge::by_name(judge.name()).ok(), Some(judge));
        }
        assert!(Judge::by_name("").is_err());
    }
}
