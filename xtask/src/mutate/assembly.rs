// SPDX-License-Identifier: MIT OR Apache-2.0
//! The mutations of a line of assembly.

use std::ops::Range;

use super::{
    change::{Edit, Kind},
    dialect::Dialect,
    words::{self, Word},
};

/// The directives whose lines are changed: they define numbers.
const DEFINES: &str = ".set";

/// What else a routine has, to be taken for what a line has.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Registers, each once.
    pub registers: Vec<String>,
    /// Labels that begin with `.L`, each once.
    pub labels: Vec<String>,
}

impl Surroundings {
    /// Of the lines of a routine.
    pub fn of<'a>(lines: impl Iterator<Item = &'a str>, dialect: &Dialect) -> Self {
        let mut it = Self::default();
        for line in lines {
            let code = code(line);
            for word in words::of(&line[code]) {
                if dialect.class(word.text).is_some() {
                    add(&mut it.registers, word.text);
                } else if is_label(word.text) {
                    add(&mut it.labels, word.text);
                }
            }
        }
        it
    }
}

fn add(list: &mut Vec<String>, text: &str) {
    if list.iter().all(|it| it != text) {
        list.push(text.to_owned());
    }
}

fn is_label(word: &str) -> bool {
    word.starts_with(".L")
}

/// All mutations of a line.
pub fn edits(line: &str, around: &Surroundings, dialect: &Dialect) -> Vec<Edit> {
    let place = code(line);
    let code = &line[place.clone()];
    let all = words::of(code);
    let Some((first, rest)) = all.split_first() else { return Vec::new() };
    let mut edits = Vec::new();
    if first.text == DEFINES {
        edits.extend(rest.iter().flat_map(constants));
    } else if first.text.starts_with('.') {
        // Directives say how to assemble, not what.
    } else if first.text.starts_with("axptr_") {
        of_macro(code, rest, around, dialect, &mut edits);
    } else {
        of_instruction(code, &all, around, dialect, &mut edits);
    }
    edits.into_iter().map(|edit| edit.behind(place.start)).collect()
}

/// Whether a text of Rust's is one.
pub fn is_instruction(text: &str, dialect: &Dialect) -> bool {
    let name = words::of(&text[code(text)]).into_iter().next();
    name.is_some_and(|name| dialect.knows(name.text))
}

/// A line that a macro makes instructions of; the last arguments may be an instruction.
fn of_macro(code: &str, rest: &[Word<'_>], around: &Surroundings, dialect: &Dialect, edits: &mut Vec<Edit>) {
    // What begins a routine or ends it is no code.
    if ["axptr_begin", "axptr_end", "axptr_hidden", "axptr_global"].iter().any(|it| code.starts_with(it)) {
        return;
    }
    edits.push(Edit::new(Kind::Deleted, 0..code.len(), ""));
    for word in rest {
        let others: &[&str] = match word.text {
            "\\load" => &["\\store"],
            "\\store" => &["\\load"],
            "AXPTR_R" => &["AXPTR_W", "0"],
            "AXPTR_W" => &["AXPTR_R", "0"],
            "AXPTR_NOFAULT" | "AXPTR_STRICT" => &["0"],
            _ => &[],
        };
        edits.extend(others.iter().map(|&other| Edit::new(Kind::Flags, word.place.clone(), other)));
    }
    let insn =
        code.starts_with("axptr_access").then(|| rest.iter().position(|word| dialect.knows(word.text)));
    match insn.flatten() {
        Some(at) => {
            operands(&rest[..at], around, dialect, edits);
            of_words(code, &rest[at..], around, dialect, edits);
        }
        None => operands(rest, around, dialect, edits),
    }
}

fn of_instruction(
    code: &str,
    all: &[Word<'_>],
    around: &Surroundings,
    dialect: &Dialect,
    edits: &mut Vec<Edit>,
) {
    edits.push(Edit::new(Kind::Deleted, 0..code.len(), ""));
    of_words(code, all, around, dialect, edits);
}

/// The words of an instruction, its name in front.
fn of_words(code: &str, all: &[Word<'_>], around: &Surroundings, dialect: &Dialect, edits: &mut Vec<Edit>) {
    let Some((name, rest)) = all.split_first() else { return };
    edits.extend(dialect.others(name.text).map(|(kind, other)| Edit::new(kind, name.place.clone(), other)));
    let whole = name.place.start..code.len();
    edits.extend(
        dialect
            .widths(&code[whole.clone()])
            .into_iter()
            .map(|text| Edit::new(Kind::Width, whole.clone(), text)),
    );
    operands(rest, around, dialect, edits);
}

fn operands(words: &[Word<'_>], around: &Surroundings, dialect: &Dialect, edits: &mut Vec<Edit>) {
    for word in words {
        if let Some(class) = dialect.class(word.text) {
            let others = around
                .registers
                .iter()
                .filter(|other| *other != word.text && dialect.class(other) == Some(class));
            edits.extend(others.map(|other| Edit::new(Kind::Register, word.place.clone(), other)));
        } else if is_label(word.text) {
            let others = around.labels.iter().filter(|other| *other != word.text);
            edits.extend(others.map(|other| Edit::new(Kind::Label, word.place.clone(), other)));
        } else if let Some(others) = dialect.conditions(word.text) {
            edits.extend(others.map(|other| Edit::new(Kind::Condition, word.place.clone(), other)));
        } else {
            edits.extend(constants(word));
        }
    }
}

/// Another number: one more, one less, a word more or less where it may be an offset.
fn constants(word: &Word<'_>) -> Vec<Edit> {
    let Some(number) = words::number(word.text) else { return Vec::new() };
    let mut others = vec![number + 1, number - 1];
    if number % 8 == 0 {
        others.extend([number + 8, number - 8]);
    }
    let written = |number: i128| match word.text.contains("0x") {
        true if number >= 0 => format!("{number:#x}"),
        _ => number.to_string(),
    };
    others.into_iter().map(|other| Edit::new(Kind::Constant, word.place.clone(), written(other))).collect()
}

/// Where the code of a line is: without labels in front of it, and without a comment.
pub fn code(line: &str) -> Range<usize> {
    let end = line.find("//").unwrap_or(line.len());
    let mut start = 0;
    while let Some(colon) = line[start..end].find(':') {
        let label = line[start..start + colon].trim();
        // What stands in front of a colon inside an instruction is more than a word: `[x5, :lo12:{cpu}]`.
        if label.is_empty() || !label.chars().all(|it| it.is_alphanumeric() || "._\\()@$".contains(it)) {
            break;
        }
        start += colon + 1;
    }
    let code = line[start..end].trim();
    let start = start + (line[start..end].len() - line[start..end].trim_start().len());
    start..start + code.len()
}

#[cfg(test)]
mod tests {
    use super::{Surroundings, code, edits};
    use crate::mutate::{
        change::Kind,
        dialect::{AARCH64, LOONGARCH64, RISCV64, X86_64},
    };

    #[test]
    fn labels_and_comments_are_no_code() {
        for (line, expected) in [
            ("2:  push    13     // why", "push    13"),
            (".Lab_\\routine:", ""),
            ("9:  \\insn", "\\insn"),
            ("    ldrb    w7, [x5, :lo12:{cpu}]", "ldrb    w7, [x5, :lo12:{cpu}]"),
            (".Lstored\\done\\()_\\routine:", ""),
            ("// only this", ""),
        ] {
            assert_eq!(&line[code(line)], expected, "{line:?}");
        }
    }

    #[test]
    fn each_kind_changes_what_it_says_and_keeps_the_rest() {
        let around = |registers: &[&str], labels: &[&str]| Surroundings {
            registers: registers.iter().map(|&it| it.to_owned()).collect(),
            labels: labels.iter().map(|&it| it.to_owned()).collect(),
        };
        let wanted = [
            (
                &X86_64,
                "    lea     rcx, [rcx * 8 + r9] // c",
                Kind::Register,
                "    lea     rdi, [rcx * 8 + r9] // c",
            ),
            (&X86_64, "    add     al, 8", Kind::Operation, "    sub     al, 8"),
            (&X86_64, "    add     al, 8", Kind::Constant, "    add     al, 7"),
            (&X86_64, "    jae     .La_\\routine", Kind::Condition, "    jb     .La_\\routine"),
            (&X86_64, "    jae     .La_\\routine", Kind::Label, "    jae     .Lb_\\routine"),
            (
                &X86_64,
                "    axptr_access \\routine, \\store, .La_\\routine, mov dword ptr [rdi], eax",
                Kind::Width,
                "    axptr_access \\routine, \\store, .La_\\routine, mov qword ptr [rdi], rax",
            ),
            (
                &X86_64,
                "    axptr_access \\routine, \\store, .La_\\routine, mov dword ptr [rdi], eax",
                Kind::Label,
                "    axptr_access \\routine, \\store, .Lb_\\routine, mov dword ptr [rdi], eax",
            ),
            (
                &X86_64,
                "    axptr_access \\routine, \\store, .La_\\routine, rep stosb",
                Kind::Flags,
                "    axptr_access \\routine, \\load, .La_\\routine, rep stosb",
            ),
            (&X86_64, "1:  stac", Kind::Operation, "1:  clac"),
            (&X86_64, "1:  inc r8d // c", Kind::Deleted, "1:   // c"),
            (&AARCH64, "    csel x0, x1, x2, lo", Kind::Condition, "    csel x0, x1, x2, hs"),
            (&AARCH64, "    b.hs    .La_\\routine", Kind::Condition, "    b.lo    .La_\\routine"),
            (&AARCH64, "    ldr x8, [x3, 8]", Kind::Width, "    ldr w8, [x3, 8]"),
            (&RISCV64, "2:  sd t0, 8(a0)", Kind::Width, "2:  sw t0, 8(a0)"),
            (&RISCV64, "    bltu a0, t6, 2b", Kind::Condition, "    bgeu a0, t6, 2b"),
            (&LOONGARCH64, "    st.b    $t3, $a0, 0", Kind::Width, "    st.h    $t3, $a0, 0"),
            (&LOONGARCH64, "    srl.d   $t3, $t3, $t4", Kind::Operation, "    sll.d   $t3, $t3, $t4"),
        ];
        let around = around(&["rdi", "rcx", "rdx"], &[".La_\\routine", ".Lb_\\routine"]);
        for (dialect, line, kind, expected) in wanted {
            let edits = edits(line, &around, dialect);
            let found: Vec<_> =
                edits.iter().filter(|edit| edit.kind == kind).map(|edit| edit.applied(line)).collect();
            assert!(found.iter().any(|it| it == expected), "{line:?}, {kind:?}: {found:#?}");
        }
    }

    #[test]
    fn directives_stay() {
        for line in ["    .if \\load", "    .balign 32", "axptr_begin \\routine", "axptr_end fill_user", ""] {
            assert_eq!(edits(line, &Surroundings::default(), &X86_64), [], "{line:?}");
        }
    }
}
