// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions of `asm/<arch>` by their names, and what their arguments are.

/// How the names of all routines begin, and of those that never call the pager end.
pub const PREFIX: &str = "__axptr_";
const NOFAULT: &str = "_nofault";

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    UserSource,
    UserDestination,
    KernelSource,
    KernelDestination,
    /// How many bytes there may be of each address.
    Length,
    Number,
}

/// What a function of the assembly is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It accesses user memory.
    Routine([Role; 3]),
    /// The entry that the self test looks up: never called, so it has no window.
    Sentinel([Role; 3]),
    /// It does not access user memory.
    Helper,
    /// Part of the trap vector, or asks what it is for: it holds no entry.
    Vector,
}

/// What the function of this name is for; `None` for one that is no part of the assembly.
pub fn kind(name: &str) -> Option<Result<Kind, String>> {
    use Role::{KernelDestination, KernelSource, Length, Number, UserDestination, UserSource};
    let short = name.strip_prefix(PREFIX)?;
    let kind = match short.strip_suffix(NOFAULT).unwrap_or(short) {
        "copy_from_user" => Kind::Routine([KernelDestination, UserSource, Length]),
        "copy_to_user" => Kind::Routine([UserDestination, KernelSource, Length]),
        "copy_in_user" => Kind::Routine([UserDestination, UserSource, Length]),
        "copy_string" => Kind::Routine([KernelDestination, UserSource, Length]),
        "string_length" => Kind::Routine([UserSource, Length, Number]),
        "fill_user" => Kind::Routine([UserDestination, Number, Length]),
        "sentinel" => Kind::Sentinel([UserSource, Number, Number]),
        "ask_cpu" => Kind::Helper,
        // The one copies no bytes, at address 0. The other's fault is the kernel's own.
        "try_mops" | "unlisted" => Kind::Vector,
        short if short.starts_with("vector") => Kind::Vector,
        _ => return Some(Err(format!("the audit does not know what the arguments of {name} are"))),
    };
    Some(Ok(kind))
}

pub fn is_nofault(name: &str) -> bool {
    name.ends_with(NOFAULT)
}
