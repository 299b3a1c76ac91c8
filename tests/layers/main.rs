// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads the sources and checks what the design says about them: imports go downward only, no files import each other
//! in a circle, the machine is chosen in one folder, every file names its licence.

mod files;
mod graph;
mod lexer;
mod paths;

use files::{Source, read, root, sources, walk};
use graph::Graph;
use lexer::tokens;

/// The folders of `src`, from the machine up. A file has the rank of its folder and imports from its own or from lower
/// ones. `lib.rs` names them all and is free.
const FLOORS: [&str; 6] = ["arch", "extable", "recovery", "access", "typed", "compat"];

/// The macros that the crate exports at its root, and where they are defined.
const MACROS: [(&str, &str); 5] = [
    ("__ex_entry", "arch/entry.rs"),
    ("__ax_cpu_entry", "arch/ax_cpu.rs"),
    ("__ax_cpu_entry_from", "arch/ax_cpu.rs"),
    ("ex_entry", "extable/macros.rs"),
    ("user_field", "typed/ptr.rs"),
];

/// Where the kernel and the process differ: which modules there are, and the limit to start from. `build.rs` decides which
/// it is.
const HOMES: [&str; 5] = ["lib.rs", "recovery/mod.rs", "recovery/limit.rs", "recovery/selftest.rs", "arch/"];

/// The one place that chooses the machine.
const MACHINE: [&str; 2] = ["arch/mod.rs", "arch/machine_file.rs"];

/// What would be a second way of asking for one of the two.
const NOWHERE: [&str; 7] = [
    "target_os",
    "target_family",
    "target_env",
    "target_feature",
    "target_pointer_width",
    "axptr_kernel",
    "unix",
];

const LICENCE: &str = "SPDX-License-Identifier: MIT OR Apache-2.0";

#[test]
fn every_file_stands_on_a_floor() {
    for (path, _) in sources("src") {
        assert!(path == "lib.rs" || floor(&path).is_some(), "src/{path} lies in none of {FLOORS:?}");
    }
}

#[test]
fn imports_go_downward_only() {
    let sources = sources("src");
    let graph = Graph::of(&sources, &MACROS);
    let checked: usize = graph.edges.values().map(|targets| targets.len()).sum();
    assert!(
        sources.len() > 50 && checked > 150,
        "the checker saw {checked} imports: it has lost the sources"
    );
    assert_eq!(faults(&sources), [""; 0], "the floors are {FLOORS:?}, from below");
}

#[test]
fn no_files_of_the_tool_import_each_other_in_a_circle() {
    let sources = sources("xtask/src");
    let graph = Graph::of(&sources, &[]);
    let checked: usize = graph.edges.values().map(|targets| targets.len()).sum();
    assert!(sources.len() > 40 && checked > 60, "the checker saw {checked} imports: it has lost the sources");
    assert_eq!((graph.circle(), graph.unresolved), (None, Vec::new()));
}

#[test]
fn the_machine_is_chosen_in_one_place() {
    let faults: Vec<String> =
        sources("src").iter().flat_map(|(path, text)| misplaced_cfgs(path, text)).collect();
    assert_eq!(faults, [""; 0]);
}

#[test]
fn the_build_script_asks_about_the_target_not_the_host() {
    let text = read(&root().join("build.rs"));
    let tokens = tokens(&text);
    let asks_the_host = |pair: &[String]| matches!([&*pair[0], &*pair[1]], ["cfg", "!"] | ["[", "cfg"]);
    assert!(!tokens.windows(2).any(asks_the_host), "build.rs must ask CARGO_CFG_*");
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
fn the_checker_catches_an_upward_import() {
    for (path, text, expected) in [
        ("access/raw.rs", "use crate::typed::ptr;", "typed/ptr.rs"),
        (
            "access/raw.rs",
            "use crate::{\n    extable::cause::Cause,\n    typed::{ptr::{UserPtr}},\n};",
            "typed/ptr.rs",
        ),
        ("access/raw.rs", "fn f() { crate::typed::ptr::g(); }", "typed/ptr.rs"),
        ("access/raw.rs", "pub(crate) use super::super::typed::slice as s;", "typed/slice.rs"),
        ("recovery/trap.rs", "use crate::access::raw;", "access/raw.rs"),
        ("recovery/hosted/install.rs", "use super::super::super::access::copy;", "access/copy.rs"),
        ("recovery/hosted/install.rs", "use crate::hosted::chain;", "hosted::chain"),
        ("arch/x86_64/mod.rs", "use crate::extable::cause::Access;", "extable/cause.rs"),
        ("recovery/hosted/frame/x86_64.rs", "use crate::access::copy;", "access/copy.rs"),
        (
            "extable/cause.rs",
            "#[cfg(test)] mod tests { use super::*; use super::super::super::recovery::trap; }",
            "recovery/trap.rs",
        ),
        ("access/range.rs", "use crate::Access;", "Access"),
        ("access/copy.rs", "use crate::*;", "*"),
        ("access/copy.rs", "use crate::{access::raw, *};", "*"),
        ("access/copy.rs", "fn f() { crate::user_field!() }", ""),
        ("access/mod.rs", "pub mod copy; fn f() { crate::typed::ptr::f() }", "typed/ptr.rs"),
        ("access/raw.rs", "use crate::typed as t; fn f() { t::ptr::g() }", "typed/ptr.rs"),
        ("access/raw.rs", "use self::super::super::typed::ptr;", "typed/ptr.rs"),
        ("access/raw.rs", "fn f() { for _ in 0..crate::typed::ptr::P {} }", "typed/ptr.rs"),
        ("access/raw.rs", "const U: &str = \"http://a\"; use crate::typed::ptr;", "typed/ptr.rs"),
        ("access/raw.rs", "const U: &str = \"a/*.rs\"; use crate::typed::ptr; /* */", "typed/ptr.rs"),
        ("access/raw.rs", "const U: &str = r#\"a\"b\"#; use crate::typed::ptr;", "typed/ptr.rs"),
        ("access/raw.rs", "const C: [char; 2] = ['\"', '\\'']; use crate::typed::ptr;", "typed/ptr.rs"),
        ("access/raw.rs", "/* // */ use crate::typed::ptr;", "typed/ptr.rs"),
        ("access/raw.rs", "macro_rules! m { () => { $crate::typed::ptr::f() } }", "typed/ptr.rs"),
        ("access/raw.rs", "#[path = \"../typed/ptr.rs\"] mod p;", "#[path]"),
        ("access/raw.rs", "extern crate self as me;", "extern crate self"),
    ] {
        let faults = faults_with(path, text);
        assert!(
            faults.iter().any(|fault| fault.contains(path) && fault.contains(expected)),
            "{path}: {faults:?}"
        );
    }
    for (path, text) in [
        ("access/raw.rs", "use crate::{arch::{self, raw}, extable::cause::Cause, recovery::flag};"),
        (
            "access/raw.rs",
            "// use crate::typed::ptr;\n/* use crate::typed::ptr; */ /// [`x`](crate::ptr)\n\
             const A: &str = \"crate::ptr\";",
        ),
        ("extable/macros.rs", "macro_rules! m { () => { $crate::__ex_entry!() } }"),
        ("extable/table.rs", "use super::entry::Entry; use crate::extable::cause::Cause;"),
        (
            "recovery/hosted/frame/x86_64.rs",
            "use crate::{extable::cause::Access, recovery::trap::TrapFrame};",
        ),
        ("access/range.rs", "mod tests { use super::*; fn f() { super::new(); } }"),
        ("access/range.rs", "pub(in super::super) fn f<'a>(_: &'a str) {}"),
        ("access/range.rs", "fn f<T>() -> impl Iterator + use<T> { super::g() }"),
        ("lib.rs", "pub use typed::ptr::UserPtr; fn f() { crate::arch::g() }"),
    ] {
        assert_eq!(faults_with(path, text), [""; 0], "{path}: {text}");
    }
}

#[test]
fn the_checker_catches_a_circle() {
    for (path, text) in [
        ("extable/cause.rs", "use super::table::Table;"),
        ("extable/cause.rs", "fn f() { crate::extable::table::g() }"),
        ("recovery/vector/error.rs", "use super::install;"),
        ("recovery/vector/x86_64.rs", "use super::install;"),
        ("recovery/hosted/action.rs", "use super::{chain, former};"),
        ("access/range.rs", "use super::error::Fault;"),
        // Through what `extable/mod.rs` passes on.
        ("extable/cause.rs", "use super::Table;"),
        ("extable/cause.rs", "use crate::extable::{Entry, Table};"),
        ("extable/cause.rs", "use super::*; fn f(_: Table) {}"),
        ("extable/cause.rs", "use super as e; fn f() { e::table::g() }"),
    ] {
        let faults = faults_with(path, text);
        assert!(
            faults.iter().any(|fault| fault.contains("circle") && fault.contains(path)),
            "{path}: {faults:?}"
        );
    }
}

#[test]
fn the_checker_catches_a_misplaced_cfg() {
    for (path, text, faults) in [
        ("access/copy.rs", "#[cfg(target_arch = \"x86_64\")] fn f() {}", 1),
        ("arch/x86_64/mod.rs", "cfg!(target_arch = \"x86_64\")", 1),
        ("recovery/trap.rs", "cfg!(axptr_home = \"kernel\")", 1),
        ("recovery/hosted/frame/x86_64.rs", "cfg!(axptr_home = \"kernel\")", 1),
        ("arch/riscv64/mod.rs", "cfg!(target_os = \"none\")", 1),
        ("arch/mod.rs", "cfg!(target_arch = \"x86_64\")", 0),
        ("arch/riscv64/mod.rs", "cfg!(axptr_home = \"kernel\")", 0),
        ("extable/macros.rs", "/// # #[cfg(target_arch = \"x86_64\")] {", 0),
    ] {
        assert_eq!(misplaced_cfgs(path, text).len(), faults, "{path}: {text}");
    }
}

/// What is wrong with these imports: those that go upward, those whose file is not named, and a circle.
fn faults(sources: &[Source]) -> Vec<String> {
    let graph = Graph::of(sources, &MACROS);
    let mut faults = Vec::new();
    for (file, targets) in graph.edges.iter().filter(|(file, _)| *file != "lib.rs") {
        let own = floor(file);
        for target in targets.iter().filter(|target| floor(target) > own || floor(target).is_none()) {
            faults.push(format!("src/{file} imports src/{target}, which is not below it"));
        }
    }
    for (file, name) in graph.unresolved.iter().filter(|(file, _)| file != "lib.rs") {
        faults.push(format!("src/{file} imports `{name}` of the crate: name the module that defines it"));
    }
    faults.extend(graph.circle().map(|files| format!("a circle: {}", files.join(" -> "))));
    faults
}

/// The same for the sources with `text` put behind the file at `path`.
fn faults_with(path: &str, text: &str) -> Vec<String> {
    let mut sources = sources("src");
    let source =
        sources.iter_mut().find(|(known, _)| known == path).unwrap_or_else(|| panic!("no src/{path}"));
    source.1 = format!("{}\n{text}", source.1);
    faults(&sources)
}

/// The rank of a file's folder.
fn floor(path: &str) -> Option<usize> {
    let (folder, _) = path.split_once('/')?;
    FLOORS.iter().position(|floor| *floor == folder)
}

/// What the file at `path` says about machines or homes, where it must not.
fn misplaced_cfgs(path: &str, text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let mut faults = Vec::new();
    for (cfg, allowed) in [("target_arch", &MACHINE[..]), ("axptr_home", &HOMES[..])]
        .into_iter()
        .chain(NOWHERE.map(|cfg| (cfg, &[][..])))
    {
        let named = tokens.iter().any(|token| token == cfg);
        if named && !allowed.iter().any(|allowed| path.starts_with(allowed)) {
            faults.push(format!("src/{path}: {cfg} appears outside of {allowed:?}"));
        }
    }
    faults
}
