// SPDX-License-Identifier: MIT OR Apache-2.0
//! The landings of the memory copy and set instructions, entered with what a CPU could have left in the
//! registers.
//!
//! The emulator knows option A only, and lets no copy run into a CPU of the other one. So each landing is
//! entered by hand, in the words of both options; and each instruction, so that the machine refuses to go on
//! in the other.

use alloc::{format, string::String, vec, vec::Vec};
use core::arch::naked_asm;

use axptr::{Access, FaultKind, extable::Table};

use super::super::features::{is_copy_instruction, uses_copy_instructions};
use crate::{
    ensure,
    fault::{self, Traps},
    op::{PARTNER, pattern},
    space::{self, PAGE},
    traps,
};

/// The length of the operations, and how much of it is done when they are entered.
const LEN: usize = 300;
const BEFORE: usize = 100;
/// What a fill writes.
const FILL: u8 = 0xa7;

const CARRY: usize = 1 << 29;

/// What an instruction does, by its unprivileged sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    FromUser,
    ToUser,
    InUser,
    Fill,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Prologue,
    Main,
    Epilogue,
}

/// One of the instructions in the table.
#[derive(Clone, Copy, Debug)]
struct Site {
    kind: Kind,
    stage: Stage,
    insn: usize,
    landing: usize,
}

/// In whose words the registers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    OptionA,
    OptionB,
    /// As a prologue takes them, with the flags of somebody else.
    Untouched {
        carry: bool,
    },
}

impl Site {
    /// All in the table (Arm ARM C4.1.94, "Memory Copy and Memory Set").
    fn all() -> Vec<Self> {
        Table::image().entries().iter().filter_map(|entry| Self::of(entry.insn(), entry.landing())).collect()
    }

    fn of(insn: usize, landing: usize) -> Option<Self> {
        if !is_copy_instruction(insn) {
            return None;
        }
        // SAFETY: an instruction of this kernel's.
        let word = unsafe { core::ptr::with_exposed_provenance::<u32>(insn).read() };
        let (form, sides) = (word >> 22 & 3, word >> 12 & 3);
        let (kind, stage) = match (form, sides) {
            (3, 1) => (Kind::Fill, word >> 14 & 3),
            (_, 1) => (Kind::ToUser, form),
            (_, 2) => (Kind::FromUser, form),
            (_, 3) => (Kind::InUser, form),
            _ => return None,
        };
        let stage = [Stage::Prologue, Stage::Main, Stage::Epilogue].into_iter().nth(stage as usize)?;
        Some(Self { kind, stage, insn, landing })
    }

    /// The words in which a CPU may leave the registers when this instruction faults.
    fn words(self) -> [Words; 2] {
        match self.stage {
            Stage::Prologue => [Words::Untouched { carry: false }, Words::Untouched { carry: true }],
            _ => [Words::OptionA, Words::OptionB],
        }
    }

    fn user_sides(self) -> &'static [Access] {
        match self.kind {
            Kind::FromUser => &[Access::Read],
            Kind::ToUser | Kind::Fill => &[Access::Write],
            Kind::InUser => &[Access::Read, Access::Write],
        }
    }
}

/// One operation: `LEN` bytes, of which `BEFORE` are done, and the user side that matters begins `to_edge`
/// bytes before a page's edge there.
#[derive(Debug)]
struct Ground {
    site: Site,
    /// Bytes around all; the kernel side is in the middle third.
    kernel: Vec<u8>,
    src: usize,
    dst: usize,
}

impl Ground {
    fn new(site: Site, side: Access, user: usize) -> Self {
        let mut kernel = match site.kind {
            Kind::ToUser => pattern(3 * LEN),
            _ => vec![0xee; 3 * LEN],
        };
        let at_kernel = kernel[LEN..].as_mut_ptr().expose_provenance();
        space::poke(PARTNER, &pattern(LEN + 64));
        let start = user - BEFORE;
        let (src, dst) = match (site.kind, side) {
            (Kind::FromUser, _) => (start, at_kernel),
            (Kind::ToUser | Kind::Fill, _) => (at_kernel, start),
            (Kind::InUser, Access::Read) => (start, PARTNER + 5),
            (Kind::InUser, Access::Write) => (PARTNER + 5, start),
        };
        Self { site, kernel, src, dst }
    }

    /// The destination, if it is in user space.
    fn dst_or(&self, other: usize) -> usize {
        if self.site.kind == Kind::FromUser { other } else { self.dst }
    }

    /// Enters at `pc` with so much done; returns what is left and the cause.
    fn enter(&self, pc: usize, words: Words, cause: usize) -> [usize; 2] {
        let left = LEN - BEFORE;
        let (end, here) = (|start: usize| start + LEN, |start: usize| start + BEFORE);
        let (count, at, flags): (_, &dyn Fn(usize) -> usize, _) = match words {
            Words::OptionA => (left.wrapping_neg(), &end, 0),
            Words::OptionB => (left, &here, CARRY),
            Words::Untouched { carry } => (left, &here, if carry { CARRY } else { 0 }),
        };
        let fill = usize::from_ne_bytes([FILL; 8]);
        let registers = [pc, cause, count, at(self.src), at(self.dst), flags, fill];
        let mut result = [0; 2];
        // SAFETY: a place in a routine, with the registers that it expects there: both ranges are `LEN` bytes
        // long and either user memory or a part of `kernel`.
        unsafe { enter(&registers, &mut result) };
        result
    }

    /// Whether exactly the bytes from `BEFORE` to `done` have been done.
    fn is_done(&self, done: usize, before: &[u8]) -> bool {
        let (mut expected, found) = match self.site.kind {
            Kind::FromUser => (vec![0xee; LEN], self.kernel[LEN..2 * LEN].to_vec()),
            _ => (before.to_vec(), space::peek(self.dst, LEN)),
        };
        let source = match self.site.kind {
            Kind::Fill => vec![FILL; LEN],
            Kind::ToUser => self.kernel[LEN..2 * LEN].to_vec(),
            Kind::FromUser | Kind::InUser => space::peek(self.src, LEN),
        };
        expected[BEFORE..done].copy_from_slice(&source[BEFORE..done]);
        let around = |kernel: &[u8]| kernel.iter().all(|&byte| byte == 0xee);
        let kept = self.site.kind != Kind::FromUser
            || around(&self.kernel[..LEN]) && around(&self.kernel[2 * LEN..]);
        found == expected && kept
    }
}

/// The value of the cause's register: see `src/cause.rs`.
fn cause(kind: FaultKind, access: Access) -> usize {
    1 << 16 | (access as usize) << 8 | kind as usize
}

pub fn a_landing_is_exact_in_the_words_of_either_option() -> Result<(), String> {
    let sites = Site::all();
    ensure!(sites.len() == 2 * 4 * 3, "{} instructions in the table", sites.len());
    for site in sites {
        for (words, &side) in
            site.words().into_iter().flat_map(|words| site.user_sides().iter().map(move |side| (words, side)))
        {
            // As a CPU leaves it that does so many bytes in one block: how many is its own choice.
            let edges = [31, 32, 63, 64, 65, 127, 128, LEN - BEFORE - 1, LEN - BEFORE, PAGE / 2];
            for to_edge in (0..20).chain(edges) {
                for kind in [FaultKind::NotPresent, FaultKind::Permission, FaultKind::Poison] {
                    landing(site, words, side, to_edge, kind)?;
                }
            }
        }
    }
    Ok(())
}

fn landing(site: Site, words: Words, side: Access, to_edge: usize, kind: FaultKind) -> Result<(), String> {
    space::poke(space::RW.start(), &vec![0x55; 2 * PAGE]);
    let ground = Ground::new(site, side, space::RW.page(1) - to_edge);
    let before = space::peek(ground.dst_or(space::RW.start()), LEN);
    let cause = cause(kind, side);
    let (result, traps) = fault::counted(|| ground.enter(site.landing, words, cause));
    let done = match kind {
        // It may end anywhere: every byte is tried, and none is bad here.
        FaultKind::Poison => LEN,
        // A block can end behind the edge, and begin before it. If the edge is the rest's end, none did.
        _ if to_edge < LEN - BEFORE => BEFORE + to_edge,
        _ => BEFORE,
    };
    let what =
        || format!("{site:x?}, {words:?}, {side:?}, {to_edge} bytes to the edge, {kind:?}: {result:x?}");
    ensure!(result == [LEN - done, cause] && traps == Traps::NONE, "{}, {traps:?}, not {done} done", what());
    ensure!(ground.is_done(done, &before), "{}: wrong bytes", what());
    Ok(())
}

/// As where a copy moves to another CPU. Only axptr's vector knows that exception; without it, no copy may
/// meet it.
pub fn a_copy_of_the_other_option_is_finished() -> Result<(), String> {
    if !uses_copy_instructions() {
        let met = Site::all().into_iter().find(|site| traps::at(site.insn));
        ensure!(met.is_none(), "{met:x?} has been used");
        return Ok(());
    }
    for site in Site::all().into_iter().filter(|site| site.stage != Stage::Prologue) {
        for &side in site.user_sides() {
            space::poke(space::RW.start(), &vec![0x55; 2 * PAGE]);
            let ground = Ground::new(site, side, space::RW.page(1) - 7);
            let before = space::peek(ground.dst_or(space::RW.start()), LEN);
            let (result, traps) = fault::counted(|| ground.enter(site.insn, Words::OptionB, 0));
            let expected = Traps { page: 0, out_of_reach: 1 };
            ensure!(result[0] == 0 && traps == expected, "{site:x?}, {side:?}: {result:x?}, {traps:?}");
            ensure!(ground.is_done(LEN, &before), "{site:x?}, {side:?}: wrong bytes");

            // And what is left of it is no less exact.
            let good = 40;
            space::poke(space::EDGE_TO_HOLE.start(), &vec![0x55; PAGE]);
            let ground = Ground::new(site, side, space::EDGE_TO_HOLE.end() - good);
            let (result, traps) = fault::counted(|| ground.enter(site.insn, Words::OptionB, 0));
            let expected = [LEN - BEFORE - good, cause(FaultKind::NotPresent, side)];
            let both = Traps { page: 1, out_of_reach: 1 };
            ensure!(result == expected && traps == both, "{site:x?}, {side:?}: {result:x?}, {traps:?}");
        }
    }
    Ok(())
}

/// Goes to `registers[0]` with x1-x4, the flags and x8 from the others, and stores what is returned.
///
/// # Safety
///
/// There is code that returns as a function does, and may be entered with these registers.
#[unsafe(naked)]
unsafe extern "C" fn enter(registers: &[usize; 7], result: &mut [usize; 2]) {
    naked_asm!(
        "stp x1, x30, [sp, -16]!",
        "ldp x16, x1, [x0]",
        "ldp x2, x3, [x0, 16]",
        "ldp x4, x5, [x0, 32]",
        "ldr x8, [x0, 48]",
        "msr nzcv, x5",
        "mov x6, xzr",
        "blr x16",
        "ldp x2, x30, [sp], 16",
        "stp x0, x1, [x2]",
        "ret",
    )
}
