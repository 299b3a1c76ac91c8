// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads the sources and checks what the design says about them: imports go downward only, the machine is
//! chosen in one place, every file names its licence.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The layers, from the machine up. A module may import from lower ranks only; those of one rank do not know
/// each other. `lib.rs` names them all and is free.
const RANKS: &[(&str, u32)] = &[
    ("arch", 0),
    ("cause", 1),
    // Needs the machine's limit and nothing else. It is this low because `hosted::install` opens the user half.
    ("range", 1),
    ("window", 1),
    ("extable", 2),
    // The macro of `extable`, by the name that the crate exports it under.
    ("__ex_entry", 2),
    ("flag", 2),
    ("selftest", 3),
    // Numbers and words that any layer may answer with.
    ("errno", 1),
    ("fit", 1),
    ("raw", 3),
    ("trap", 3),
    // The machine's half is all there is of it: accesses expanded where they are used.
    ("inline", 3),
    ("context", 4),
    ("hosted", 4),
    ("vector", 4),
    ("error", 5),
    ("pod", 5),
    ("copy", 6),
    ("probe", 6),
    ("unpredictable", 6),
    ("bulk", 7),
    ("compare", 7),
    ("nofault", 7),
    ("single", 7),
    ("region", 7),
    ("fixed", 8),
    // Above `region`: every pointer method has its form for region mode.
    ("ptr", 9),
    ("atomic", 10),
    ("cstr", 10),
    ("scope", 10),
    ("slice", 10),
    ("iovec", 10),
    ("structs", 10),
    ("legacy", 10),
    ("axmm", 10),
    ("array", 11),
    ("cursor", 11),
    ("fault_in", 11),
    ("futex", 11),
    ("vec", 11),
];

/// Files under `arch` that count as a part of a higher module: they are the machine's half of it. Each decodes
/// its machine's frame into `cause` and implements `trap::TrapFrame`, which the other half then works with.
const HALVES: [(&str, &str); 4] =
    [("inline.rs", "inline"), ("linux.rs", "hosted"), ("vector.rs", "vector"), ("exception.rs", "vector")];

/// Where the kernel and the Linux process differ: which modules there are, and the limit to start from.
const HOMES: [&str; 3] = ["lib.rs", "range.rs", "arch/*/mod.rs"];

/// The one place that chooses the machine.
const MACHINE: [&str; 1] = ["arch/mod.rs"];

const LICENCE: &str = "SPDX-License-Identifier: MIT OR Apache-2.0";

#[test]
fn imports_go_downward_only() {
    let sources = sources();
    let mut checked = 0;
    let mut faults = Vec::new();
    for (path, text) in &sources {
        checked += imports(path, text).len();
        faults.extend(upward_imports(path, text));
    }
    assert_eq!(faults, [""; 0], "see RANKS in tests/layers.rs");
    assert!(sources.len() > 15 && checked > 30, "the checker saw {checked} imports: it has lost the sources");
}

#[test]
fn the_machine_is_chosen_in_one_place() {
    let faults: Vec<String> = sources().iter().flat_map(|(path, text)| misplaced_cfgs(path, text)).collect();
    assert_eq!(faults, [""; 0]);
}

#[test]
fn the_build_script_asks_about_the_target_not_the_host() {
    let text = without_comments(&read(&root().join("build.rs")));
    assert!(!text.contains("cfg!(") && !text.contains("#[cfg"), "build.rs must ask CARGO_CFG_*");
    assert!(text.contains("CARGO_CFG_"));
}

#[test]
fn every_source_names_its_licence() {
    let mut files = Vec::new();
    walk(&root(), &mut files);
    let mut seen = 0;
    for path in files {
        let name = path.to_string_lossy();
        if [".rs", ".S", ".ld", ".lds"].iter().any(|suffix| name.ends_with(suffix)) {
            let text = read(&path);
            assert!(text.lines().next().is_some_and(|line| line.contains(LICENCE)), "{name}: no SPDX line");
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} files");
}

#[test]
fn the_checker_catches_seeded_violations() {
    for (path, text, expected) in [
        ("raw.rs", "use crate::copy;", "copy"),
        ("raw.rs", "use crate::{\n    cause::Cause,\n    error::{Fault},\n};", "error"),
        ("raw.rs", "fn f() { crate::ptr::g(); }", "ptr"),
        ("raw.rs", "pub(crate) use super::range_of as r; use super::region::WINDOW;", "range_of"),
        ("trap.rs", "use crate::raw;", "raw"),
        ("hosted/install.rs", "use super::super::copy;", "copy"),
        ("hosted/install.rs", "use crate::hosted::chain; use crate::{arch, vector as v};", "vector"),
        ("arch/x86_64/mod.rs", "use crate::cause::Access;", "cause"),
        ("arch/x86_64/linux.rs", "use crate::copy;", "copy"),
        ("cause.rs", "#[cfg(test)] mod tests { use super::*; use super::super::trap; }", "trap"),
        ("range.rs", "use crate::Access;", "Access"),
        ("copy.rs", "use crate::*;", "*"),
        ("copy.rs", "use crate::{raw, *};", "*"),
        ("unheard_of.rs", "use crate::arch;", "unheard_of"),
        ("copy.rs", "use crate::unheard_of::wait;", "unheard_of"),
    ] {
        let faults = upward_imports(path, text);
        let named = faults.iter().any(|fault| fault.contains(&format!("`{expected}`")));
        assert!(named, "{path}: {text}: {faults:?}");
    }
    for (path, text) in [
        ("raw.rs", "use crate::{arch::{self, raw}, cause::Cause, flag};"),
        (
            "raw.rs",
            "// use crate::ptr;\n/* use crate::ptr; */ /// [`x`](crate::ptr)\nconst A: &str = \"crate::ptr\";",
        ),
        ("extable/macros.rs", "macro_rules! m { () => { $crate::__ex_entry!() } }"),
        ("extable/table.rs", "use super::entry::Entry; use crate::extable::image;"),
        ("arch/x86_64/linux.rs", "use crate::{cause::Access, trap::TrapFrame}; fn f() { super::ask() }"),
        ("arch/x86_64/vector.rs", "use crate::{cause::Access, vector::InstallError};"),
        ("range.rs", "mod tests { use super::*; fn f() { super::new(); } }"),
        ("lib.rs", "pub use ptr::UserPtr; fn f() { crate::arch::g() }"),
    ] {
        assert_eq!(upward_imports(path, text), [""; 0], "{path}: {text}");
    }
    for (path, text, faults) in [
        ("copy.rs", "#[cfg(target_arch = \"x86_64\")] fn f() {}", 1),
        ("arch/x86_64/mod.rs", "cfg!(target_arch = \"x86_64\")", 1),
        ("trap.rs", "cfg!(target_os = \"none\")", 1),
        ("arch/x86_64/linux.rs", "cfg!(target_os = \"none\")", 1),
        ("arch/mod.rs", "cfg!(target_arch = \"x86_64\")", 0),
        ("arch/riscv64/mod.rs", "cfg!(target_os = \"none\")", 0),
        ("extable/macros.rs", "/// # #[cfg(target_arch = \"x86_64\")] {", 0),
    ] {
        assert_eq!(misplaced_cfgs(path, text).len(), faults, "{path}: {text}");
    }
}

/// What is wrong with the imports of the file at `path` (below `src`).
fn upward_imports(path: &str, text: &str) -> Vec<String> {
    if path == "lib.rs" {
        return Vec::new();
    }
    let home = home(path);
    let Some(own) = rank(&home) else {
        return vec![format!("src/{path}: module `{home}` has no rank: add it to RANKS in tests/layers.rs")];
    };
    let mut faults = Vec::new();
    for name in imports(path, text) {
        match rank(&name) {
            _ if name == home || name == top(path) => {}
            Some(rank) if rank < own => {}
            Some(_) => faults.push(format!("src/{path}: `{home}` imports `{name}`, which is not below it")),
            None => faults.push(format!(
                "src/{path}: imports `{name}` of the crate, which has no rank: name the module that defines it, or \
                 add it to RANKS in tests/layers.rs"
            )),
        }
    }
    faults
}

/// What the file at `path` says about machines or homes, where it must not.
fn misplaced_cfgs(path: &str, text: &str) -> Vec<String> {
    let text = without_comments(text);
    let mut faults = Vec::new();
    for (cfg, allowed) in [("target_arch", &MACHINE[..]), ("target_os", &HOMES[..])] {
        if text.contains(cfg) && !allowed.iter().any(|pattern| matches(pattern, path)) {
            faults.push(format!("src/{path}: {cfg} appears outside of {allowed:?}"));
        }
    }
    faults
}

fn rank(module: &str) -> Option<u32> {
    RANKS.iter().find(|(name, _)| *name == module).map(|(_, rank)| *rank)
}

/// The top-level module of the file at `path`.
fn top(path: &str) -> &str {
    let first = path.split('/').next().unwrap();
    first.strip_suffix(".rs").unwrap_or(first)
}

/// The module whose rank the file at `path` has.
fn home(path: &str) -> String {
    let half = HALVES.iter().find(|(file, _)| matches(&format!("arch/*/{file}"), path));
    half.map_or(top(path), |(_, module)| module).to_owned()
}

/// Whether `path` is `pattern`, in which `*` stands for one folder.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len() && pattern.iter().zip(path).all(|(p, q)| *p == "*" || *p == q)
}

/// The names directly below the crate that the file at `path` reaches by `crate::` or `super::`.
fn imports(path: &str, text: &str) -> Vec<String> {
    let tokens = tokens(&without_strings(&without_comments(text)));
    let token = |i: usize| tokens.get(i).map_or("", String::as_str);
    let mut depths = vec![module_depth(path)];
    let mut found = Vec::new();
    for i in 0..tokens.len() {
        match token(i) {
            "{" => {
                let inline_module = i >= 2 && token(i - 2) == "mod";
                depths.push(depths.last().unwrap() + usize::from(inline_module));
            }
            "}" if depths.len() > 1 => _ = depths.pop(),
            "crate" if token(i + 1) == "::" && (i == 0 || token(i - 1) != "$") => {
                found.extend(heads(&tokens, i + 2));
            }
            // The first of a chain of `super`s: does it reach the crate?
            "super" if token(i + 1) == "::" && (i < 2 || token(i - 2) != "super") => {
                let mut end = i;
                while token(end) == "super" && token(end + 1) == "::" {
                    end += 2;
                }
                if (end - i) / 2 == *depths.last().unwrap() {
                    found.extend(heads(&tokens, end));
                }
            }
            _ => {}
        }
    }
    found
}

/// How many `super`s lead from the file at `path` to the crate.
fn module_depth(path: &str) -> usize {
    let parts = path.split('/').count();
    if path.ends_with("mod.rs") || path == "lib.rs" { parts - 1 } else { parts }
}

/// The names that a path or a `{group}` at token `at` begins with.
fn heads(tokens: &[String], at: usize) -> Vec<String> {
    if tokens.get(at).is_none_or(|token| token != "{") {
        return tokens.get(at).cloned().into_iter().collect();
    }
    let mut names = Vec::new();
    let mut depth = 0;
    for (i, token) in tokens.iter().enumerate().skip(at) {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ if depth == 1 && matches!(tokens[i - 1].as_str(), "{" | ",") => names.push(token.clone()),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// Words, `::`, and every other character by itself.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let len = if word > 0 {
            word
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        tokens.push(rest[..len].to_owned());
        rest = rest[len..].trim_start();
    }
    tokens
}

/// Line comments (documentation included) and block comments, removed. No source here has `//` in a string.
fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    let mut code = lines.collect::<Vec<_>>().join("\n");
    while let Some(start) = code.find("/*") {
        let end = code[start..].find("*/").map_or(code.len(), |end| start + end + 2);
        code.replace_range(start..end, " ");
    }
    code
}

/// String literals, emptied.
fn without_strings(text: &str) -> String {
    let plain = text.replace("\\\\", "").replace("\\\"", "").replace("'\"'", "");
    plain.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

/// The files below `src`, each with its path from there.
fn sources() -> Vec<(String, String)> {
    let src = root().join("src");
    let mut files = Vec::new();
    walk(&src, &mut files);
    files.sort();
    let rust = files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| (path.strip_prefix(&src).unwrap().to_string_lossy().into_owned(), read(path))).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The project's own files: nothing hidden, nothing built.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}
