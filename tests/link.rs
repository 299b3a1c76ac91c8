// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table against linkers: kept and sorted however the program is built, and never lost without a word.
//!
//! Links `link/probe.rs` with both linkers of a stable toolchain, rust-lld and GNU ld, and in fewer ways with gold and
//! mold, and runs what comes out. `cargo xtask setup` installs the linkers.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::{
    env, fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{LazyLock, Mutex, PoisonError},
};

/// One build at a time: they share their dependencies, and the probe's file has one name.
static FOLDER: LazyLock<Mutex<PathBuf>> = LazyLock::new(|| Mutex::new(prepare()));

const LLD: &[&str] = &[];
const GNU: &[&str] = &["-Clinker-features=-lld"];
const BOTH: [(&str, &[&str]); 2] = [("rust-lld", LLD), ("GNU ld", GNU)];

const GOLD: &[&str] = &["-Clinker-features=-lld", "-Clink-arg=-fuse-ld=gold"];
const MOLD: &[&str] = &["-Clinker-features=-lld", "-Clink-arg=-fuse-ld=mold"];
/// And whether it can fold functions that are alike.
const ALL: [(&str, &[&str], bool); 4] =
    [("rust-lld", LLD, true), ("GNU ld", GNU, false), ("gold", GOLD, true), ("mold", MOLD, true)];
const FOLD: &str = "-Clink-arg=-Wl,--icf=all";

/// The settings of the probe and its dependencies, and whether to link them in all [`WAYS`].
const PROFILES: [(&[(&str, &str)], bool); 9] = [
    (&[("OPT_LEVEL", "0")], true),
    (&[("OPT_LEVEL", "1")], false),
    (&[("OPT_LEVEL", "2")], false),
    (&[("OPT_LEVEL", "3")], false),
    (&[("OPT_LEVEL", "s")], false),
    (&[("OPT_LEVEL", "z")], false),
    (&[("OPT_LEVEL", "3"), ("CODEGEN_UNITS", "1")], true),
    (&[("OPT_LEVEL", "3"), ("LTO", "fat")], false),
    (&[("OPT_LEVEL", "3"), ("LTO", "thin")], false),
];

/// Of the probe and of the library; what it counts is thrown away.
const COVERAGE: &str = "-Cinstrument-coverage";
const NO_PROFILE: &str = "/dev/null";

/// Further ways to link.
const WAYS: [&[&str]; 5] = [
    &["-Crelocation-model=static"],
    &["-Ctarget-feature=+crt-static"],
    &["-Ctarget-feature=+crt-static", "-Crelocation-model=static"],
    &["-Clink-dead-code"],
    &["-Clink-arg=-Wl,--no-gc-sections"],
];

#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn the_table_is_whole_and_sorted_however_the_program_is_built() {
    let mut built = 0;
    for (settings, all_ways) in PROFILES {
        for (_, linker) in BOTH {
            link_with(settings, linker).expect_intact();
            built += 1;
            for way in WAYS.iter().filter(|_| all_ways) {
                link_with(settings, &[linker, way].concat()).expect_intact();
                built += 1;
            }
        }
    }
    println!("{built} builds");
}

#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn the_table_is_whole_and_sorted_under_every_linker() {
    require_linkers();
    const FAT: &[(&str, &str)] = &[("OPT_LEVEL", "3"), ("LTO", "fat"), ("CODEGEN_UNITS", "1")];
    for (settings, way) in [(PROFILES[0].0, [].as_slice()), (FAT, &[]), (PROFILES[0].0, &[COVERAGE])] {
        for (name, linker, folds) in ALL {
            println!("{name}, {settings:?}, {way:?}");
            link_with(settings, &[linker, way].concat()).expect_intact();
            if folds {
                println!("{name}, {settings:?}, {way:?}, folded");
                link_with(settings, &[linker, way, &[FOLD]].concat()).expect_intact();
            }
        }
    }
}

/// Of functions that are alike to the byte, a linker would keep one and drop the other's entries (rust-lld), or keep
/// both under one address (gold, mold). That of a routine's no-fault form says something else than its own.
#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn functions_with_entries_are_never_folded() {
    require_linkers();
    let mut folded = 0;
    for (name, linker, _) in ALL.into_iter().filter(|(.., folds)| *folds) {
        for (fold, expected) in [(None, "false"), (Some(FOLD), "true")] {
            let linked = link(&linker.iter().copied().chain(fold).collect::<Vec<_>>());
            linked.expect_intact();
            assert_eq!(linked.said("twins folded "), "false", "{name}, {fold:?}");
            assert_eq!(linked.said("equal neighbours "), "false", "{name}, {fold:?}");
            // Else this shows nothing.
            assert_eq!(linked.said("others folded "), expected, "{name}, {fold:?}");
            folded += usize::from(fold.is_some());
        }
    }
    assert_eq!(folded, 3);
}

/// The rest means little if two names stand for one linker.
#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn the_linkers_are_what_they_are_called() {
    require_linkers();
    const MARKS: [(&str, &[u8]); 3] =
        [("rust-lld", b"Linker: LLD"), ("gold", b".note.gnu.gold-version"), ("mold", b"\0mold ")];
    for (name, linker, _) in ALL {
        let program = fs::read(link(linker).program()).unwrap();
        for (other, mark) in MARKS {
            let marked = program.windows(mark.len()).any(|bytes| bytes == mark);
            assert_eq!(marked, name == other, "{name} as {other}");
        }
    }
}

#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn dropped_functions_take_their_entries_along() {
    let entries = |args: &[&str]| link(args).entries();
    let all = entries(&[LLD, &["-Clink-arg=-Wl,--no-gc-sections"]].concat());
    assert!(entries(LLD) < all);
    assert!(entries(&[LLD, &[&fragment()]].concat()) < all);
}

#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn dependants_get_the_fragment_and_both_linkers_take_it() {
    let path = link(LLD).said("fragment ").to_owned();
    assert_eq!(read(Path::new(&path)), read(&root().join("axptr.ld")));
    for (_, linker) in BOTH {
        link(&[linker, &[&fragment()]].concat()).expect_intact();
        link(&[linker, &[&fragment(), "-Crelocation-model=static"]].concat()).expect_intact();
    }
}

/// GNU ld with scripts that name each section, as a kernel's do: which order the fragment's head states.
#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn a_full_script_takes_the_fragment_in_the_order_that_it_states() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("full_script");
    fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let source = write(
        "entry.s",
        ".section .text.f,\"ax\",@progbits\n.globl _start\n_start: nop\n1: ret\n\
         .section axptr_ex_table,\"ao\",@progbits,.text.f\n.long _start - .\n.short 1\n.short 1\n\
         .section .rodata,\"a\"\n.long 5\n",
    );
    let object = folder.join("entry.o").to_str().unwrap().to_owned();
    assert!(Command::new("as").args([&source, "-o", &object]).status().unwrap().success());
    let sections = |rodata: &str, table: &str| {
        format!("ENTRY(_start)\nSECTIONS {{ . = 0x200000; .text : {{ *(.text*) }} {table} {rodata} }}\n")
    };
    let full = write("full.ld", &sections(".rodata : { *(.rodata*) }", ""));
    // The fragment's lines between SECTIONS and INSERT, as its head says.
    let ours = read(&root().join("axptr.ld"));
    let start = ours.find("SECTIONS\n{").unwrap() + "SECTIONS\n{".len();
    let lines = &ours[start..ours.find("}\nINSERT").unwrap()];
    let pasted = write("pasted.ld", &sections("", lines));
    let fragment = root().join("axptr.ld").to_str().unwrap().to_owned();
    for (scripts, links) in
        [(vec![&fragment, &full], true), (vec![&full, &fragment], false), (vec![&pasted], true)]
    {
        let out = folder.join("out").to_str().unwrap().to_owned();
        let mut ld = Command::new("ld");
        scripts.iter().for_each(|script| _ = ld.args(["-T", script]));
        let output =
            ld.args([&object, "-o", &out, "--gc-sections", "--no-warn-rwx-segments"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), links, "{scripts:?}: {text}");
        assert!(links || text.contains("not found for insert"), "{scripts:?}: {text}");
    }
}

/// riscv64: the vector's jump reaches 1 MiB. What the fragment makes of that is the same on any machine.
#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn the_fragment_names_the_former_vector_if_a_jump_reaches_it() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("former_vector");
    fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let assemble = |name: &str, text: &str| {
        fs::write(path("source.s"), text).unwrap();
        let object = path(name);
        assert!(Command::new("as").args([&path("source.s"), "-o", &object]).status().unwrap().success());
        object
    };
    let vector = assemble(
        "vector.o",
        ".weak __axptr_former_vector\n.section .text.a,\"ax\",@progbits\n.globl _start, __axptr_vector_jump\n\
         _start: nop\n__axptr_vector_jump: jmp __axptr_former_vector\n\
         .section axptr_ex_table,\"ao\",@progbits,.text.a\n.long _start - .\n.short 1\n.short 1\n\
         .section .rodata,\"a\"\n.long 5\n",
    );
    let axcpu =
        assemble("axcpu.o", ".section .text.b,\"ax\"\n.globl trap_vector_base\ntrap_vector_base: nop\n");
    let other = assemble("other.o", ".section .text.b,\"ax\"\nnop\n");
    let fragment = root().join("axptr.ld").to_str().unwrap().to_owned();
    // The gap is behind the vector, or in front of it; the jump is behind one byte of code.
    for (gap, code, reaches) in [
        (0, "*(.text.a) . += GAP; *(.text.b)", true),
        (0xf_fff0, "*(.text.a) . += GAP; *(.text.b)", true),
        (0x10_0000, "*(.text.a) . += GAP; *(.text.b)", false),
        (0x550_0000, "*(.text.a) . += GAP; *(.text.b)", false),
        (0xf_fff0, "*(.text.b) . += GAP; *(.text.a)", true),
        (0x10_0000, "*(.text.b) . += GAP; *(.text.a)", false),
    ] {
        let code = code.replace("GAP", &gap.to_string());
        let script = path("full.ld");
        let sections = format!(
            "ENTRY(_start)\nSECTIONS {{ . = 0x200000; .text : {{ {code} }} .rodata : {{ *(.rodata*) }} }}\n"
        );
        fs::write(&script, sections).unwrap();
        for (linker, flavor) in [("ld".to_owned(), &[][..]), (rust_lld(), &["-flavor", "gnu"])] {
            for entry in [&axcpu, &other] {
                let out = path("out");
                let _ = fs::remove_file(&out);
                let mut ld = Command::new(&linker);
                ld.args(flavor).args(["-T", &fragment, "-T", &script, &vector, entry, "-o", &out]);
                let output = ld.output().unwrap();
                let text = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{linker}, {gap:#x}: {text}");
                let value = |symbol| symbol_of(&out, symbol);
                let target =
                    if reaches && entry == &axcpu { "trap_vector_base" } else { "__axptr_vector_jump" };
                assert_eq!(value("__axptr_former_vector"), value(target), "{linker}, {gap:#x}, {code}");
            }
        }
    }
}

/// The linker of the toolchain.
fn rust_lld() -> String {
    let output = Command::new("rustc").args(["--print", "target-libdir"]).output().unwrap();
    let lib = String::from_utf8(output.stdout).unwrap();
    Path::new(lib.trim()).with_file_name("bin").join("rust-lld").to_str().unwrap().to_owned()
}

/// The address of a symbol, as binutils read it.
fn symbol_of(program: &str, symbol: &str) -> String {
    let output = Command::new("nm").arg(program).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.split(' ').next_back() == Some(symbol));
    let line = line.unwrap_or_else(|| panic!("no symbol {symbol}:\n{text}"));
    line.split(' ').next().unwrap().to_owned()
}

#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn a_discarded_table_is_refused() {
    for (name, linker) in BOTH {
        // An undefined symbol (rust-lld); GNU ld 2.40 dies of an assertion of its own.
        link(&[linker, &[&script("discard.ld")]].concat()).expect_refused(name, "no table, no fragment");
        let link_error = link(&[linker, &[&script("discard.ld"), &fragment()]].concat());
        link_error.expect_link_error("ERROR(axptr): the exception table is empty");
        // The first script that names the section has it.
        link(&[linker, &[&fragment(), &script("discard.ld")]].concat()).expect_intact();
    }
}

#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn a_table_that_was_lost_on_purpose_is_refused() {
    for (name, linker) in BOTH {
        let lost = script("lost.ld");
        let linked = link(&[linker, &[&lost]].concat());
        if linker == GNU {
            // The code refers to its entries.
            linked.expect_link_error("defined in discarded section `axptr_ex_table'");
        } else {
            assert_eq!(linked.said("selftest "), "Err(Empty)", "{name}");
        }
        let link_error = link(&[linker, &[&lost, &fragment()]].concat());
        link_error.expect_link_error("ERROR(axptr): the exception table is empty");
    }
}

#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn a_torn_table_is_refused() {
    for (name, linker) in BOTH {
        let linked = link(&[linker, &[&script("torn.ld")]].concat());
        assert_eq!(linked.said("selftest "), "Err(Torn)", "{name}");
    }
}

#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn a_linker_that_drops_what_no_script_names_is_refused() {
    link(&[GNU, &["-Clink-arg=-Wl,--orphan-handling=discard"]].concat()).expect_refused("GNU ld", "orphans");
}

#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn a_section_that_is_removed_afterwards_is_refused() {
    for (name, linker) in BOTH {
        let whole = link(linker).program();
        let stripped = whole.with_extension("stripped");
        // Part of binutils, as the linker is.
        let status = Command::new("objcopy")
            .args(["--remove-section", "axptr_ex_table"])
            .args([&whole, &stripped])
            .status()
            .expect("binutils is installed");
        assert!(status.success());
        // The file's segments keep the place, with zeroes in it.
        Linked::run(stripped).expect_refused(name, "objcopy --remove-section");
    }
}

#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn reordered_text_is_still_sorted() {
    let reorder = script("reorder.ld");
    for (name, linker) in BOTH {
        let orders = [linker.to_vec(), [linker, &[&*reorder]].concat()].map(|args| {
            let linked = link(&args);
            linked.expect_intact();
            linked.said("zeta above alpha ").to_owned()
        });
        assert_eq!(orders, ["false", "true"], "{name}: the script has not reordered anything");
    }
    // Each seed is one of two orders, and which, a change of the program decides.
    let orders = (1..=16).map(|seed| {
        let linked = link(&[LLD, &[&*format!("-Clink-arg=-Wl,--shuffle-sections=.text*={seed}")]].concat());
        linked.expect_intact();
        linked.said("zeta above alpha ").to_owned()
    });
    let mut seen = None;
    let differs = orders.into_iter().any(|order| *seen.get_or_insert(order.clone()) != order);
    assert!(differs, "the seeds have not reordered anything");
}

/// rust-lld can be told to shuffle even sections that have an order. The search is linear then, and nothing is lost.
#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn a_shuffled_table_is_reported_and_still_found() {
    for seed in ["1", "-1"] {
        let linked =
            link(&[LLD, &[&*format!("-Clink-arg=-Wl,--shuffle-sections=axptr_ex_table*={seed}")]].concat());
        assert!(linked.said("selftest ").starts_with("Err(Unsorted"), "{}", linked.text);
        linked.expect_all_recovered();
    }
}

/// An entry written by hand, in a section that does not follow its code. What becomes of it depends on the linker;
/// what becomes of the others never does.
#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn a_foreign_entry_harms_no_other() {
    const FOREIGN: &[&str] = &["--cfg=foreign"];
    const UNSORTED: &str = "Err(Unsorted";
    // rust-lld takes it for dead, because nothing refers to it: nothing in the program can notice.
    const DROPPED: &str = "Ok(())";
    let keep_all = "-Clink-arg=-Wl,--no-gc-sections";
    let keep_named = "-Clink-arg=-Wl,-z,nostart-stop-gc";
    for (args, selftest, found) in [
        (vec![LLD, FOREIGN], DROPPED, false),
        (vec![LLD, FOREIGN, &[keep_named]], UNSORTED, true),
        (vec![LLD, FOREIGN, &[keep_all]], UNSORTED, true),
        (vec![GNU, FOREIGN], UNSORTED, true),
        (vec![GNU, FOREIGN, &[keep_all]], UNSORTED, true),
    ] {
        let linked = link(&args.concat());
        assert!(linked.said("selftest ").starts_with(selftest), "{args:?}: {}", linked.text);
        linked.expect_all_recovered();
        assert_eq!(linked.text.contains("foreign recovered true"), found, "{args:?}: {}", linked.text);
    }
}

#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn a_foreign_entry_is_a_link_error_with_the_fragment() {
    for (_, linker) in BOTH {
        link(&[linker, &["--cfg=foreign", &fragment()]].concat()).expect_link_error("ERROR(axptr): an entry");
    }
}

/// The distance of a landing has 16 bits. On all machines: the assembler is the same, what the linker may shorten is not.
#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn a_landing_out_of_reach_is_an_assembly_error() {
    // What the assembler has at hand in front of a linker: an instruction, and one that linkers may shorten.
    for (target, nop, shortened, relax) in [
        ("x86_64-unknown-none", "nop", "nop", ""),
        ("aarch64-unknown-none-softfloat", "nop", "nop", ""),
        ("riscv64gc-unknown-none-elf", "nop", "call elsewhere", "-Ctarget-feature=+relax"),
        ("loongarch64-unknown-none-softfloat", "nop", "la.pcrel $t0, elsewhere", "-Ctarget-feature=+relax"),
    ] {
        for by in ["ex_entry", "axptr_access"] {
            let assembles = |backwards, bytes, between| {
                let far = Far { target, by, backwards, bytes, between, relax };
                far.assembles()
            };
            for (bytes, fits) in
                [(16, true), (0x7f00, true), (0x8000, false), (0xffff, false), (0x1_0000, false)]
            {
                for between in [nop, shortened] {
                    assert_eq!(assembles(false, bytes, between), fits, "{target}, {by}, {between}: +{bytes}");
                }
            }
            assert!(assembles(true, 0x8000, nop), "{target}, {by}: -0x8000");
            for bytes in [0x8004, 0xfffc, 0x1_0000] {
                assert!(!assembles(true, bytes, nop), "{target}, {by}: -{bytes:#x}");
            }
        }
    }
}

/// An entry, and how far its landing is.
struct Far<'a> {
    target: &'a str,
    /// The macro that makes the entry.
    by: &'a str,
    backwards: bool,
    bytes: usize,
    between: &'a str,
    relax: &'a str,
}

impl Far<'_> {
    /// Whether it assembles; if it does not, the message is the one about the distance.
    #[track_caller]
    fn assembles(&self) -> bool {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("far");
        fs::create_dir_all(&folder).unwrap();
        let source = read(&root().join("tests/link/far.rs"))
            .replace("SOURCES", root().to_str().unwrap())
            .replace("ACCESS", &access_macro())
            .replace("BACKWARDS", if self.backwards { "yes" } else { "no" })
            .replace("BYTES", &self.bytes.to_string())
            .replace("BETWEEN", self.between);
        fs::write(folder.join("far.rs"), source).unwrap();
        let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into()));
        rustc.current_dir(&folder).args(["--edition=2024", "--emit=obj", "--target", self.target, "far.rs"]);
        rustc.arg(format!("--cfg=by=\"{}\"", self.by));
        rustc.args((!self.relax.is_empty()).then_some(self.relax));
        // A crate without `core` is unstable, and the only one that needs no target installed.
        let output = rustc.env("RUSTC_BOOTSTRAP", "1").output().unwrap();
        let text = text(&output);
        let told = text.contains("invalid .org offset") && text.contains("0x8000) >> 16");
        assert!(output.status.success() || told, "{}: {text}", self.target);
        output.status.success()
    }
}

/// The text of the macro that the routines use.
fn access_macro() -> String {
    let text = read(&root().join("asm/entry.S"));
    let start = text.find(".macro axptr_access ").unwrap();
    let end = start + text[start..].find(".endm").unwrap();
    format!("{}.endm", &text[start..end])
}

/// What a link, and a run, came to.
struct Linked {
    /// None if the link failed.
    program: Option<PathBuf>,
    /// What the program said, or the linker.
    text: String,
    signal: Option<i32>,
}

impl Linked {
    fn run(program: PathBuf) -> Self {
        let output = Command::new(&program).env("LLVM_PROFILE_FILE", NO_PROFILE).output().unwrap();
        Self { program: Some(program), text: text(&output), signal: output.status.signal() }
    }

    #[track_caller]
    fn program(&self) -> PathBuf {
        self.program.clone().unwrap_or_else(|| panic!("no program: {}", self.text))
    }

    /// The rest of the line that begins with `key`.
    #[track_caller]
    fn said(&self, key: &str) -> &str {
        assert!(self.program.is_some(), "not linked: {}", self.text);
        let mut lines = self.text.lines().filter_map(|line| line.strip_prefix(key));
        lines.next().unwrap_or_else(|| panic!("no \"{key}\": {}", self.text))
    }

    #[track_caller]
    fn entries(&self) -> usize {
        self.said("entries ").split(' ').next().unwrap().parse().unwrap()
    }

    #[track_caller]
    fn expect_intact(&self) {
        assert_eq!(self.said("selftest "), "Ok(())");
        assert!(self.said("entries ").ends_with("sorted true"));
        assert_eq!(self.said("halves "), "true");
        assert_eq!(self.said("routines distinct "), "true");
        self.expect_all_recovered();
        assert_eq!(self.signal, None, "{}", self.text);
    }

    #[track_caller]
    fn expect_all_recovered(&self) {
        let (recovered, of) = self.said("recovered ").split_once(" of ").unwrap();
        assert_eq!(recovered, of);
    }

    /// The linker said no, or `selftest` does. Which, depends on the linker's version.
    #[track_caller]
    fn expect_refused(&self, linker: &str, case: &str) {
        if self.program.is_some() {
            let selftest = self.said("selftest ");
            assert!(selftest.starts_with("Err("), "{linker}, {case}: {}", self.text);
            println!("{linker}, {case}: selftest {selftest}");
        } else {
            // Not any error: one that names the section, or GNU ld's own end where it is gone.
            let reasons = ["axptr_ex_table", " assertion fail "];
            assert!(reasons.iter().any(|it| self.text.contains(it)), "{linker}, {case}: {}", self.text);
            println!("{linker}, {case}: link error");
        }
    }

    #[track_caller]
    fn expect_link_error(&self, message: &str) {
        assert!(self.program.is_none(), "it linked: {}", self.text);
        assert!(self.text.contains(message), "{}", self.text);
    }
}

/// Links the probe with further arguments for rustc, and runs it.
fn link(args: &[&str]) -> Linked {
    link_with(PROFILES[0].0, args)
}

fn link_with(settings: &[(&str, &str)], args: &[&str]) -> Linked {
    // A test that failed has left nothing behind that would harm the next.
    let folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let built = folder.join("target/debug/probe");
    _ = fs::remove_file(&built);
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.current_dir(&*folder).args(["rustc", "--offline", "--quiet", "--"]).args(args);
    // The variants must differ by their arguments only, and the probe must not inherit this build's.
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER"] {
        cargo.env_remove(variable);
    }
    if args.contains(&COVERAGE) {
        cargo.env("RUSTFLAGS", COVERAGE).env("LLVM_PROFILE_FILE", NO_PROFILE);
    }
    // One profile, changed: so what runs on the host is built once for all of them.
    cargo.envs(settings.iter().map(|(name, value)| (format!("CARGO_PROFILE_DEV_{name}"), value)));
    let output = cargo.env("CARGO_TARGET_DIR", folder.join("target")).output().unwrap();
    if !output.status.success() {
        let text = text(&output);
        assert!(text.contains("linking with"), "the probe does not compile: {text}");
        return Linked { program: None, text, signal: None };
    }
    // The next variant gets the same name.
    let kept = folder.join(format!("probe-{}", fs::read_dir(&*folder).unwrap().count()));
    fs::copy(&built, &kept).unwrap();
    Linked::run(kept)
}

/// A linker that is not there is not one that passes.
fn require_linkers() {
    let folders: Vec<_> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    for (program, package) in [("ld.bfd", "binutils"), ("ld.gold", "binutils"), ("ld.mold", "mold")] {
        let found = folders.iter().any(|folder| folder.join(program).is_file());
        assert!(found, "no {program}: run `cargo xtask setup`, or install the package {package}");
    }
}

/// Makes the probe a package of its own, outside of the sources.
fn prepare() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("link");
    for file in fs::read_dir(&folder).into_iter().flatten() {
        let path = file.unwrap().path();
        if path.is_file() {
            fs::remove_file(path).unwrap();
        }
    }
    fs::create_dir_all(&folder).unwrap();
    for source in ["probe.rs", "build.rs"] {
        fs::copy(root().join("tests/link").join(source), folder.join(source)).unwrap();
    }
    // The versions that are there already: a test needs no network.
    if root().join("Cargo.lock").exists() {
        fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    }
    let root = root();
    let manifest = format!(
        "[package]\nname = \"probe\"\nversion = \"0.0.0\"\nedition = \"2024\"\nbuild = \"build.rs\"\n\
         [[bin]]\nname = \"probe\"\npath = \"probe.rs\"\n\
         [dependencies]\naxptr = {{ path = {root:?} }}\n[workspace]\n[profile.dev]\ndebug = false\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    folder
}

/// The argument that gives the fragment to the linker.
fn fragment() -> String {
    format!("-Clink-arg=-Wl,-T,{}", root().join("axptr.ld").display())
}

/// The argument that gives a script of `tests/link` to the linker, beside its own.
fn script(name: &str) -> String {
    format!("-Clink-arg=-Wl,-T,{}", root().join("tests/link").join(name).display())
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}
