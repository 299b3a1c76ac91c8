// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the mutations know of each machine's assembly.

mod registers;
mod widths;

use anyhow::{Context, Result};

use super::change::Kind;

/// A machine's assembly.
#[derive(Debug)]
pub struct Dialect {
    pub name: &'static str,
    /// Which registers can stand for each other.
    class: fn(&str) -> Option<u8>,
    /// An instruction with an access, or a move, of another width.
    widths: fn(&str) -> Vec<String>,
    /// Instructions that stand for each other, both ways.
    operations: &'static [(&'static str, &'static str)],
    /// The same that branch, or choose.
    conditions: &'static [(&'static str, &'static str)],
    /// Conditions that are operands.
    operands: &'static [(&'static str, &'static str)],
    /// Instructions that an entry may stand for, and that have no others.
    more: &'static [&'static str],
    /// A condition for Rust that holds in no build for the machine.
    pub never: &'static str,
}

/// How ax-cpu's tables are written: `build.rs` says where which.
const FROM_START: &str = "axptr_ax_cpu = \"from-start\"";
const FROM_PLACE: &str = "axptr_ax_cpu = \"from-place\"";

pub const X86_64: Dialect = Dialect {
    name: "x86_64",
    class: registers::x86_64,
    widths: widths::x86_64,
    operations: &[
        ("add", "sub"),
        ("and", "or"),
        ("or", "xor"),
        ("inc", "dec"),
        ("shl", "shr"),
        ("bsr", "bsf"),
        ("stac", "clac"),
        ("cld", "std"),
        ("movzx", "movsx"),
        ("bts", "btr"),
        ("neg", "not"),
        ("push", "pop"),
        ("pcmpeqb", "pcmpgtb"),
        ("vpcmpeqb", "vpcmpgtb"),
        ("pminub", "pmaxub"),
        ("vpminub", "vpmaxub"),
        ("lea", "mov"),
    ],
    conditions: &[
        ("je", "jne"),
        ("jz", "jnz"),
        ("ja", "jbe"),
        ("ja", "jae"),
        ("jb", "jae"),
        ("jb", "jbe"),
        ("jc", "jnc"),
        ("js", "jns"),
        ("jl", "jge"),
        ("cmovl", "cmovge"),
        ("cmovb", "cmovae"),
        ("cmova", "cmovbe"),
        ("cmovs", "cmovns"),
    ],
    operands: &[],
    more: &["mov", "movups", "movaps", "movdqu", "vmovdqu", "vmovdqa", "rep", "movq", "cmp", "xchg", "lock"],
    never: FROM_START,
};

pub const AARCH64: Dialect = Dialect {
    name: "aarch64",
    class: registers::aarch64,
    widths: widths::aarch64,
    operations: &[
        ("add", "sub"),
        ("subs", "adds"),
        ("and", "orr"),
        ("ands", "bics"),
        ("bic", "and"),
        ("orr", "eor"),
        ("lsl", "lsr"),
        ("clz", "rbit"),
        ("neg", "mvn"),
        ("cmp", "cmn"),
        ("cpyfp", "cpyfm"),
        ("ldtr", "ldr"),
        ("sttr", "str"),
        ("ldtrb", "ldrb"),
        ("sttrb", "strb"),
        ("ldtrh", "ldrh"),
        ("sttrh", "strh"),
    ],
    conditions: &[
        ("b.eq", "b.ne"),
        ("b.hi", "b.ls"),
        ("b.hi", "b.hs"),
        ("b.hs", "b.lo"),
        ("b.lo", "b.ls"),
        ("b.cs", "b.cc"),
        ("cbz", "cbnz"),
        ("tbz", "tbnz"),
    ],
    operands: &[("eq", "ne"), ("hi", "ls"), ("hs", "lo"), ("lo", "ls"), ("cs", "cc"), ("hi", "hs")],
    more: &["ldp", "stp", "ldur", "stur", "ldr", "str", "mov"],
    never: FROM_START,
};

pub const RISCV64: Dialect = Dialect {
    name: "riscv64",
    class: registers::riscv64,
    widths: widths::riscv64,
    operations: &[
        ("add", "sub"),
        ("and", "or"),
        ("or", "xor"),
        ("andi", "ori"),
        ("andn", "and"),
        ("sll", "srl"),
        ("slli", "srli"),
        ("neg", "not"),
        ("csrs", "csrc"),
        ("csrrs", "csrrc"),
        ("csrr", "csrw"),
        ("mv", "neg"),
        ("lbu", "lb"),
        ("lwu", "lw"),
    ],
    conditions: &[
        ("beq", "bne"),
        ("beqz", "bnez"),
        ("bltu", "bgeu"),
        ("bltu", "bleu"),
        ("bgeu", "bgtu"),
        ("bgez", "bltz"),
        ("blt", "bge"),
    ],
    operands: &[],
    more: &["ld", "sd", "lh", "lhu", "sh", "sw", "sb"],
    never: FROM_PLACE,
};

pub const LOONGARCH64: Dialect = Dialect {
    name: "loongarch64",
    class: registers::loongarch64,
    widths: widths::loongarch64,
    operations: &[
        ("add.d", "sub.d"),
        ("and", "or"),
        ("or", "xor"),
        ("andi", "ori"),
        ("andn", "and"),
        ("sll.d", "srl.d"),
        ("slli.d", "srli.d"),
        ("csrrd", "csrwr"),
        ("masknez", "maskeqz"),
        ("bstrins.d", "bstrpick.d"),
        ("ld.bu", "ld.b"),
        ("ld.wu", "ld.w"),
        ("ld.hu", "ld.h"),
    ],
    conditions: &[("beq", "bne"), ("beqz", "bnez"), ("bltu", "bgeu"), ("blt", "bge")],
    operands: &[],
    more: &["ld.d", "st.d", "st.w", "st.h", "st.b"],
    never: FROM_START,
};

/// The assembly of a machine.
pub fn of(machine: &str) -> Result<&'static Dialect> {
    const ALL: [&Dialect; 4] = [&X86_64, &AARCH64, &RISCV64, &LOONGARCH64];
    ALL.into_iter().find(|it| it.name == machine).with_context(|| format!("no mutations for {machine}"))
}

impl Dialect {
    /// Registers of one class can stand for each other. `None`: it is no register.
    pub fn class(&self, word: &str) -> Option<u8> {
        (self.class)(word)
    }

    /// What can stand for an instruction's name.
    pub fn others(&self, name: &str) -> impl Iterator<Item = (Kind, &'static str)> {
        let operations = others(self.operations, name).map(|it| (Kind::Operation, it));
        operations.chain(others(self.conditions, name).map(|it| (Kind::Condition, it)))
    }

    /// What can stand for an operand that is a condition; `None` if it is none.
    pub fn conditions(&self, word: &str) -> Option<impl Iterator<Item = &'static str>> {
        let mut all = others(self.operands, word).peekable();
        all.peek().is_some().then_some(all)
    }

    /// The instruction in other widths.
    pub fn widths(&self, insn: &str) -> Vec<String> {
        (self.widths)(insn)
    }

    /// Whether a word is the name of an instruction.
    pub fn knows(&self, word: &str) -> bool {
        self.others(word).next().is_some() || self.more.contains(&word)
    }
}

/// What stands beside a word in a table, on either side.
fn others(table: &'static [(&'static str, &'static str)], word: &str) -> impl Iterator<Item = &'static str> {
    table.iter().filter_map(move |&(one, other)| match word {
        _ if word == one => Some(other),
        _ if word == other => Some(one),
        _ => None,
    })
}
