// SPDX-License-Identifier: MIT OR Apache-2.0
//! What ran, by the lines that commands print: `NAME ... ok`.

use std::{
    collections::{BTreeMap, BTreeSet},
    env::consts::ARCH,
};

use crate::machine::ALL;

/// How often a test ran on one machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    pub passed: usize,
    pub failed: usize,
}

/// Each test that ran, by its name.
#[derive(Debug, Default)]
pub struct Evidence(BTreeMap<String, Told>);

/// What was told of one.
#[derive(Debug, Default)]
struct Told {
    /// By machine.
    runs: BTreeMap<&'static str, Runs>,
    /// By which commands.
    by: BTreeSet<&'static str>,
}

/// What runs a test by its name: `cargo test`. It needs no word.
const CARGO: &str = "";

impl Evidence {
    /// Adds what the lines of a step tell.
    pub fn add(&mut self, step: &'static str, lines: &[String]) {
        for line in lines {
            let Some((machine, name, is_good)) = verdict(line) else { continue };
            let by = command(step, line, &name);
            let told = self.0.entry(name).or_default();
            told.by.insert(by);
            let runs = told.runs.entry(machine).or_default();
            if is_good {
                runs.passed += 1;
            } else {
                runs.failed += 1;
            }
        }
    }

    /// The runs of a test by machine: of all whose path ends with the name.
    pub fn of(&self, test: &str) -> BTreeMap<&'static str, Runs> {
        let mut all = BTreeMap::<_, Runs>::new();
        for (machine, runs) in self.told(test).flat_map(|told| &told.runs) {
            let sum = all.entry(*machine).or_default();
            sum.passed += runs.passed;
            sum.failed += runs.failed;
        }
        all
    }

    /// The commands that print it, in words behind its name.
    pub fn commands(&self, test: &str) -> Vec<&'static str> {
        let all: BTreeSet<_> = self.told(test).flat_map(|told| &told.by).copied().collect();
        all.into_iter().filter(|command| *command != CARGO).collect()
    }

    fn told(&self, test: &str) -> impl Iterator<Item = &Told> {
        let ends_with_it = move |name: &str| {
            name.strip_suffix(test)
                .is_some_and(|front| front.is_empty() || front.ends_with("::") || front.ends_with(": "))
        };
        // A kernel's cases say which features of the processor they ran with.
        let is_it = move |name: &str| {
            ends_with_it(name) || name.rsplit_once(", with").is_some_and(|(name, _)| ends_with_it(name))
        };
        self.0.iter().filter(move |(name, _)| is_it(name)).map(|(_, told)| told)
    }
}

/// The command below `cargo xtask` that prints a line. Of `test`'s, by the line's form.
fn command(step: &'static str, line: &str, name: &str) -> &'static str {
    let line = line.split_once(" | ").map_or(line, |(_, line)| line);
    // Behind it may stand which of them: a kernel with vector registers, a process of small cases.
    let is_about = |what: &str| ALL.iter().any(|it| name.starts_with(&format!("{} {what}", it.name)));
    match () {
        () if step != TEST => step,
        () if line.starts_with("test ") => CARGO,
        () if line.starts_with("case ") => "table",
        () if name.starts_with("fuzz: ") => "fuzz",
        () if ["process", "kernel", "living kernel"].into_iter().any(is_about) => "audit",
        () => "kernel",
    }
}

/// The step that runs the others' tests.
const TEST: &str = "test";

/// Whose verdict a line is, and which.
fn verdict(line: &str) -> Option<(&'static str, String, bool)> {
    let (name, is_good) = match line.strip_suffix(" ... ok") {
        Some(name) => (name, true),
        None => (line.split_once(" ... FAILED")?.0, false),
    };
    // What a lane prints, it prints behind its machine's name.
    let of_machine = |text: &str| {
        ALL.iter().map(|machine| machine.name).find(|name| text.split([' ', ',']).any(|word| word == *name))
    };
    let (machine, name) = match name.split_once(" | ") {
        Some((lane, name)) => (of_machine(lane).unwrap_or(ARCH), name),
        None => (of_machine(name).unwrap_or(ARCH), name),
    };
    let name = ["test ", "case "].iter().find_map(|word| name.strip_prefix(word)).unwrap_or(name);
    // How often, how long, by which attribute: none of it is the name.
    let name = name.split_once(" (").filter(|(_, rest)| rest.ends_with(')')).map_or(name, |(name, _)| name);
    let name = name.split_once(" - should panic").map_or(name, |(name, _)| name);
    Some((machine, name.to_owned(), is_good))
}

#[cfg(test)]
mod tests {
    use super::{Evidence, Runs, command, verdict};

    #[test]
    fn a_line_tells_the_machine_the_name_and_the_verdict() {
        for (line, told) in [
            ("test edge::a_b ... ok", Some(("x86_64", "edge::a_b", true))),
            ("aarch64 | test edge::a_b ... ok", Some(("aarch64", "edge::a_b", true))),
            (
                "riscv64 | riscv64 max x4: edges::a_b ... ok",
                Some(("riscv64", "riscv64 max x4: edges::a_b", true)),
            ),
            ("x86_64 process: no mask (8 times) ... ok", Some(("x86_64", "x86_64 process: no mask", true))),
            ("aarch64 | case a b ... ok", Some(("aarch64", "a b", true))),
            ("loongarch64 | a: b ... FAILED: why", Some(("loongarch64", "a: b", false))),
            ("wasmtime | test a ... FAILED", Some(("x86_64", "a", false))),
            ("test a - should panic ... ok", Some(("x86_64", "a", true))),
            ("a ... ok?", None),
            ("3 passed, 0 failed", None),
        ] {
            let told = told.map(|(machine, name, is_good)| (machine, name.to_owned(), is_good));
            assert_eq!(verdict(line), told, "{line}");
        }
    }

    #[test]
    fn a_test_is_found_by_the_end_of_its_path_and_not_of_its_name() {
        let mut evidence = Evidence::default();
        let lines = [
            "test x::no_b ... ok",
            "test x::b ... ok",
            "aarch64 | k: y::b ... FAILED: z",
            "test b ... ok",
            "riscv64 | riscv64 max: table: b, without C and D ... ok",
        ];
        evidence.add("test", &lines.map(str::to_owned));
        let runs = evidence.of("b");
        assert_eq!(runs.get("x86_64"), Some(&Runs { passed: 2, failed: 0 }));
        assert_eq!(runs.get("aarch64"), Some(&Runs { passed: 0, failed: 1 }));
        assert_eq!(evidence.of("b").get("riscv64"), Some(&Runs { passed: 1, failed: 0 }));
        assert!(evidence.of("c").is_empty());
        assert_eq!(evidence.commands("b"), ["kernel"]);
    }

    #[test]
    fn a_line_tells_which_command_prints_it() {
        for (step, line, by) in [
            ("test", "aarch64 | test edge::a_b ... ok", ""),
            ("test", "riscv64 | riscv64 max x4: edges::a_b ... ok", "kernel"),
            ("test", "riscv64 | riscv64 living kernel: no mask (8 times) ... ok", "audit"),
            ("test", "aarch64 kernel with vector registers: no mask (8 times) ... ok", "audit"),
            ("test", "aarch64 process of small cases: no mask (8 times) ... ok", "audit"),
            ("test", "case a b ... ok", "table"),
            ("test", "fuzz: a b ... ok", "fuzz"),
            ("starry", "a b ... ok", "starry"),
        ] {
            let (_, name, _) = verdict(line).expect("it is one");
            assert_eq!(command(step, line, &name), by, "{line}");
        }
    }
}
