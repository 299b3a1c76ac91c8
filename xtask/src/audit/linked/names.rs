// SPDX-License-Identifier: MIT OR Apache-2.0
//! The library's own functions, variables and files, as far as proofs know them by name: all that has to follow where
//! something in `src` is renamed. Modules may move to other folders.

use crate::root::root;

/// Functions that return a fault, or a fault or a word, and write nothing else to their caller's memory. Taken at their
/// word, as the signatures in `src` are.
const BRIEF: &[&str] = &[
    "single::read_again",
    "single::write_again",
    "single::write_out_of_line",
    "error::refusal",
    "error::Fault::refused",
    "range::is_refused",
];

/// What may be called while a batch holds the window open: the exact outcome of a fault, and copies of values
/// that no single instruction reads or writes. The check of an address is made again inside, and may be put together
/// into a fault.
const BATCH: &[&str] = &[
    "single::read_again",
    "single::write_again",
    "single::write_out_of_line",
    "copy",
    "raw",
    "error::refusal",
    "error::Fault::refused",
    "error::Fault::stopped",
    "range::is_refused",
];

/// Of a value that was read, to where the others are: from kernel memory to kernel memory.
const MOVE: &str = "memcpy";

/// The module whose functions pass addresses on as they are, and the one with what follows a fault of its values. They
/// take addresses on their callers' word.
const WRAPPERS: &str = "raw";
const BARE: &str = "bare";

/// What takes the window from a task that leaves.
const SUSPEND: &str = "window::suspend";

/// The module of the user limit.
const LIMIT: &str = "limit";

/// The files of accesses as they are, and of those of kernel memory.
const RAW_FILES: [&str; 2] = ["raw.rs", "bare.rs"];
const PROBE_FILE: &str = "probe.rs";

/// The files of the self test's faults: of addresses that come out of memory, with all registers given values.
const REHEARSE_FILE: &str = "rehearse.rs";

pub fn is_brief(name: &str) -> bool {
    BRIEF.iter().any(|path| is_of(name, path))
}

pub fn may_be_called_in_batch(name: &str) -> bool {
    name.starts_with(MOVE) || BATCH.iter().any(|path| is_of(name, path))
}

/// The last name of a function that passes addresses on.
pub fn wrapper(name: &str) -> Option<&str> {
    is_of(name, WRAPPERS).then(|| name.rsplit("::").next().unwrap_or(name))
}

/// What finishes a value of `raw` after a fault.
pub fn is_bare(name: &str) -> bool {
    is_of(name, BARE)
}

pub fn is_suspend(name: &str) -> bool {
    own(name).is_some_and(|own| own.ends_with(&format!("::{SUSPEND}::")))
}

/// The CPU feature byte of a machine.
pub fn is_cpu(name: &str, machine: &str) -> bool {
    is_of_machine(name, machine, "CPU")
}

/// The end of the user half.
pub fn is_limit(name: &str) -> bool {
    is_of(name, LIMIT) && own(name).is_some_and(|own| own.ends_with("::LIMIT::"))
}

/// The crate's function that has the CPU feature byte filled.
pub fn is_ask_cpu(name: &str, machine: &str) -> bool {
    is_of_machine(name, machine, "ask_cpu")
}

fn is_of_machine(name: &str, machine: &str, last: &str) -> bool {
    is_of(name, &format!("arch::{machine}"))
        && own(name).is_some_and(|own| own.ends_with(&format!("::{last}::")))
}

/// Whether something is the crate's, and these names stand in its path one behind the other.
fn is_of(name: &str, path: &str) -> bool {
    own(name).is_some_and(|own| own.contains(&format!("::{path}::")))
}

/// The path of something of the crate without the crate's name, and without what generics are filled in with:
/// `::single::read_again::`. Functions of generic types and of traits have none.
fn own(name: &str) -> Option<String> {
    let path = match name.strip_prefix('<') {
        Some(of_type) => {
            let (of_type, rest) = of_type.split_once(">::")?;
            if of_type.contains(['<', ' ']) {
                return None;
            }
            format!("{of_type}::{rest}")
        }
        None => name.to_owned(),
    };
    let path = path.strip_prefix("axptr::")?;
    Some(format!("::{}::", path.split("::<").next().unwrap_or(path)))
}

/// The crate's sources as debug information names them.
#[derive(Clone, Debug)]
pub struct Sources {
    root: String,
    folder: String,
}

impl Sources {
    pub fn new() -> Self {
        let root = format!("{}/", root().display());
        Self { folder: format!("{root}src/"), root }
    }

    /// Whether it is a file of the crate's.
    pub fn contain(&self, file: &str) -> bool {
        file.starts_with(&self.folder)
    }

    pub fn is_raw(&self, file: &str) -> bool {
        RAW_FILES.iter().any(|name| self.is(file, name))
    }

    pub fn is_probe(&self, file: &str) -> bool {
        self.is(file, PROBE_FILE)
    }

    pub fn is_rehearsal(&self, file: &str) -> bool {
        self.is(file, REHEARSE_FILE)
    }

    /// A file's path without that of the repository, if it lies there.
    pub fn short<'a>(&self, file: &'a str) -> &'a str {
        file.strip_prefix(&self.root).unwrap_or(file)
    }

    fn is(&self, file: &str, name: &str) -> bool {
        self.contain(file) && file.rsplit('/').next() == Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        is_ask_cpu, is_bare, is_brief, is_cpu, is_limit, is_suspend, may_be_called_in_batch, wrapper,
    };

    #[test]
    fn functions_are_found_in_whatever_folder_they_lie() {
        for name in [
            "axptr::single::read_again",
            "axptr::access::single::read_again::<u32>",
            "axptr::access::single::read_again::{closure#0}",
            "<axptr::access::error::Fault>::refused",
        ] {
            assert!(is_brief(name) && may_be_called_in_batch(name), "{name}");
        }
        assert!(may_be_called_in_batch("axptr::access::copy::from_user") && may_be_called_in_batch("memcpy"));
        assert_eq!(wrapper("axptr::access::raw::copy_to_user"), Some("copy_to_user"));
        assert!(is_bare("axptr::access::bare::load_again::<axptr::access::bare::Waiting>"));
        assert!(!is_bare("axptr::access::raw::load") && !is_bare("bare::load_again"));
        assert!(is_suspend("axptr::access::window::suspend"));
        assert!(is_cpu("axptr::arch::x86_64::CPU", "x86_64"));
        assert!(is_limit("axptr::recovery::limit::LIMIT"));
        assert!(is_ask_cpu("axptr::arch::aarch64::cpu::ask_cpu", "aarch64"));
    }

    #[test]
    fn what_only_looks_like_them_is_not() {
        for name in [
            "other::single::read_again",
            "axptr_kernel::copy::from_user",
            "axptr::single::read_again_and_again",
            "axptr::ptr::read::<axptr::copy::Side>",
            "<axptr::ptr::UserPtr<axptr::copy::Side>>::read",
            "<u32 as axptr::copy::Side>::read",
            "<axptr::ptr::UserPtr as axptr::copy::Side>::read",
        ] {
            assert!(!is_brief(name) && !may_be_called_in_batch(name) && wrapper(name).is_none(), "{name}");
        }
        assert!(!is_suspend("axptr::window::suspend::{closure#0}"));
        assert!(!is_limit("axptr::recovery::limit::LIMITS") && !is_limit("other::recovery::limit::LIMIT"));
        assert!(
            !is_cpu("axptr::arch::riscv64::CPU", "x86_64") && !is_cpu("axptr::arch::x86_64::CPUS", "x86_64")
        );
    }
}
