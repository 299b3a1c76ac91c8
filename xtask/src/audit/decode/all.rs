// SPDX-License-Identifier: MIT OR Apache-2.0
//! The machines that can be audited.

use anyhow::{Result, bail};

use super::{aarch64, isa::Isa, loongarch64, riscv64, x86_64};

const ALL: &[Isa] = &[x86_64::ISA, aarch64::ISA, riscv64::ISA, loongarch64::ISA];

/// The machines of these names; without a name, all.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Isa>> {
    for name in names {
        if name.starts_with('-') {
            bail!("no option {name:?}; there is --counts, in front of the machines");
        }
        if !ALL.iter().any(|isa| isa.name == name) {
            let known: Vec<_> = ALL.iter().map(|isa| isa.name).collect();
            bail!("no audit for {name:?}; there is one for {}", known.join(", "));
        }
    }
    let wanted = |isa: &&Isa| names.is_empty() || names.iter().any(|name| name == isa.name);
    Ok(ALL.iter().filter(wanted).collect())
}
