// SPDX-License-Identifier: MIT OR Apache-2.0
//! The scenarios, one after the other.

mod copies;
mod fills;
mod measure;
mod others;
mod space;
mod values;
mod yardstick;

use std::arch::x86_64::__cpuid;

use measure::Effort;

/// Times the scenarios whose names contain `only`; with `quick`, only sees that they work.
pub(crate) fn run(quick: bool, only: &'static str) {
    // SAFETY: (1) what follows hands axptr its own memory, to which no reference is used meanwhile.
    unsafe { axptr::hosted::install() }.expect("a process can have signal handlers");
    let effort = Effort { only, ..if quick { Effort::QUICK } else { Effort::FULL } };
    measure::pin();
    println!("# cpu: {}", cpu());
    println!("# name: {}", brand());
    copies::all_scenarios(effort);
    fills::fills(effort);
    values::single(effort);
    values::fixed(effort);
    others::strings(effort);
    others::checks(effort);
    others::lookups(effort);
    others::faults(effort);
    others::foreign_traps(effort);
}

/// Vendor, family and model, as goals name them.
fn cpu() -> String {
    let vendor = __cpuid(0);
    let name: Vec<u8> = [vendor.ebx, vendor.edx, vendor.ecx].into_iter().flat_map(u32::to_le_bytes).collect();
    let signature = __cpuid(1).eax;
    let field = |low: u32, bits: u32| signature >> low & ((1 << bits) - 1);
    // SDM vol. 2, CPUID; AMD64 APM vol. 3, E.3.2: the extended fields count where the family is 15 (or 6).
    let family = field(8, 4) + if field(8, 4) == 15 { field(20, 8) } else { 0 };
    let model = field(4, 4) + if matches!(field(8, 4), 6 | 15) { field(16, 4) << 4 } else { 0 };
    format!("{} family {family} model {model}", String::from_utf8_lossy(&name))
}

/// The name that the CPU gives itself.
fn brand() -> String {
    let last = __cpuid(0x8000_0000).eax;
    let leaves = (0x8000_0002..=0x8000_0004).filter(|leaf| *leaf <= last).map(__cpuid);
    let bytes: Vec<u8> =
        leaves.flat_map(|leaf| [leaf.eax, leaf.ebx, leaf.ecx, leaf.edx]).flat_map(u32::to_le_bytes).collect();
    String::from_utf8_lossy(&bytes).trim_matches(['\0', ' ']).to_owned()
}
