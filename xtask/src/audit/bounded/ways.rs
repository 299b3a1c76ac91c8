// SPDX-License-Identifier: MIT OR Apache-2.0
//! How each machine's routines work: the CPUs that they tell apart, and which alignments.

use super::{
    bound::Bound,
    bulk::Copier,
    case::Way,
    machine::Model,
    text::Translate,
    translate::{aarch64, loongarch64, riscv64, x86_64},
};
use crate::audit::linked::binary::Binary;

/// What must be known of a machine to execute its routines.
#[derive(Debug)]
pub struct Machinery {
    pub translate: Translate,
    pub model: Model,
    pub ways: Vec<Way>,
    pub bound: Bound,
    /// A store that is not aligned may be done in part.
    pub partial: bool,
}

// Bits of the CPU feature byte, as the folders of `src/arch` have them.
const KNOWN: u8 = 1;
const SMAP: u8 = 2;
const ERMS: u8 = 4;
const BLOCKS: u8 = 8;
const ORDINARY: u8 = 16;
const ALIASES: u8 = 32;
const AVX2: u8 = 64;
const MOPS: u8 = 4;
const UAL: u8 = 2;
/// CPUCFG, word 1.
const CPUCFG_UAL: u64 = 1 << 20;

/// The machine's; nothing for one that is not known.
pub fn of(binary: &Binary) -> Option<Machinery> {
    let isa = binary.isa;
    let model = Model {
        stack: isa.stack,
        link: isa.link,
        cause: isa.cause,
        preserved: isa.preserved,
        answer: None,
        clobbered: &[],
        window: 1 << 18,
    };
    let is_kernel = binary.is_kernel;
    Some(match isa.name {
        "x86_64" => {
            let is_wide = !is_kernel || binary.saves_vectors;
            Machinery {
                translate: x86_64::translate,
                model,
                ways: if is_wide { x86_64_wide(is_kernel) } else { x86_64_narrow() },
                bound: if is_wide { Bound::WIDE } else { Bound::NARROW },
                partial: false,
            }
        }
        "aarch64" => Machinery {
            translate: aarch64::translate,
            model: Model { answer: Some(7), clobbered: &[5], window: 0, ..model },
            ways: aarch64_ways(is_kernel),
            bound: Bound::WORDS,
            partial: true,
        },
        "riscv64" => Machinery {
            translate: riscv64::translate,
            model,
            ways: riscv64_ways(is_kernel),
            bound: Bound::WORDS,
            partial: true,
        },
        "loongarch64" => Machinery {
            translate: loongarch64::translate,
            model: Model { window: 0, ..model },
            ways: loongarch64_ways(),
            bound: Bound::WORDS,
            partial: true,
        },
        _ => return None,
    })
}

/// The ways of narrow.S: see cpu.S for the CPUs.
fn x86_64_narrow() -> Vec<Way> {
    let all = KNOWN | SMAP;
    vec![
        Way::new("blocks", all | ERMS | BLOCKS | ORDINARY | ALIASES),
        Way::new("words and string instructions", all | ERMS | ALIASES),
        Way { is_brief: true, ..Way::new("blocks, else string instructions", all | ERMS | BLOCKS) },
        Way { is_brief: true, ..Way::new("without fast string instructions", all | BLOCKS | ORDINARY) },
        Way { is_brief: true, open: true, ..Way::new("in an open window", all | ERMS | BLOCKS | ORDINARY) },
        Way {
            is_brief: true,
            cpu: 0,
            ..Way::new("on a CPU that is asked, without a window", KNOWN | ALIASES)
        },
    ]
}

/// Those of wide.S and its kin.
fn x86_64_wide(is_kernel: bool) -> Vec<Way> {
    let all = if is_kernel { KNOWN | SMAP } else { KNOWN };
    vec![
        Way::new("32 bytes", all | ERMS | BLOCKS | ORDINARY | ALIASES | AVX2),
        Way::new("16 bytes", all | ALIASES),
        Way {
            is_brief: true,
            ..Way::new("16 bytes and string instructions", all | ERMS | BLOCKS | ORDINARY)
        },
        Way { is_brief: true, ..Way::new("32 bytes, else string instructions", all | ERMS | BLOCKS | AVX2) },
        Way { is_brief: true, open: is_kernel, cpu: 0, ..Way::new("on a CPU that is asked", all | AVX2) },
        Way { is_brief: true, cpu: 0, ..Way::new("on a CPU that is asked, with 16 bytes", all) },
    ]
}

fn aarch64_ways(is_kernel: bool) -> Vec<Way> {
    let plain = Way::new("words", KNOWN);
    if !is_kernel {
        return vec![plain];
    }
    let copies = |name, is_b, block| {
        let copier = Copier { is_b, block, partial: false };
        Way { is_brief: true, reach: 4096, copier, ..Way::new(name, KNOWN | MOPS) }
    };
    vec![
        plain,
        copies("copies by 16, option A", false, 16),
        copies("copies by 32, option B", true, 32),
        copies("copies by 1, option A", false, 1),
        Way { cpu: 0, ..copies("copies by 16, option B, asked", true, 16) },
    ]
}

fn riscv64_ways(is_kernel: bool) -> Vec<Way> {
    let plain = Way::new("words", 0);
    if is_kernel {
        vec![plain, Way { is_brief: true, open: true, ..Way::new("in an open window", 0) }]
    } else {
        vec![plain]
    }
}

fn loongarch64_ways() -> Vec<Way> {
    vec![
        Way { reach: 64, ..Way::new("unaligned words", KNOWN | UAL) },
        Way { reach: 64, ..Way::new("aligned words", KNOWN) },
        Way {
            reach: 64,
            is_brief: true,
            cpu: 0,
            configuration: CPUCFG_UAL,
            ..Way::new("asked, unaligned words", 0)
        },
        Way { reach: 64, is_brief: true, cpu: 0, ..Way::new("asked, aligned words", 0) },
    ]
}
