// SPDX-License-Identifier: MIT OR Apache-2.0
//! Several images in one process: shared objects that have a copy of axptr each, beside a program's own.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "images/build.rs"]
mod build;

use std::{fs, process::Command};

use build::{Crate, Output, c_compiler, crate_of, library_path, run, turn};

/// The linkers, and the arguments by which rustc and a C compiler take them. The toolchain has lld itself.
const LINKERS: [(&str, &[&str], &str); 4] = [
    ("rust-lld", &[], "-fuse-ld=lld"),
    ("GNU ld", &["-Clinker-features=-lld"], "-fuse-ld=bfd"),
    ("gold", &["-Clinker-features=-lld", "-Clink-arg=-fuse-ld=gold"], "-fuse-ld=gold"),
    ("mold", &["-Clinker-features=-lld", "-Clink-arg=-fuse-ld=mold"], "-fuse-ld=mold"),
];

const PLUGIN: Crate = Crate { name: "plugin", kind: "cdylib", ..Crate::PROGRAM };
const HOST: Crate = Crate { name: "host", ..Crate::PROGRAM };

/// Two shared objects: the same, under two names.
fn plugins() -> [String; 2] {
    let first = crate_of(PLUGIN).artifact("libplugin.so");
    let second = first.with_file_name("libsecond.so");
    fs::copy(&first, &second).unwrap();
    [first, second].map(|path| path.to_str().unwrap().to_owned())
}

fn host(scene: &str, plugins: &[String]) -> Output {
    run(Command::new(crate_of(HOST).artifact("host")).arg(scene).args(plugins))
}

/// Each has a handler of its own, one behind the other. std's, behind all, gives up by resetting the action.
#[test]
fn one_that_gives_up_behind_several_images_takes_none_of_them_away() {
    let _turn = turn();
    let both = plugins();
    let turned = [both[1].clone(), both[0].clone()];
    for (scene, plugins) in [
        ("program first", &both[..1]),
        ("program last", &both[..1]),
        ("plugins only", &both),
        ("plugins only", &turned),
        ("program first", &both),
        ("program last", &both),
    ] {
        host(scene, plugins).expect("the end", &format!("{scene}: {plugins:?}"));
    }
}

#[test]
fn an_object_that_has_installed_stays_when_it_is_closed() {
    let _turn = turn();
    let [first, _] = plugins();
    host("closed", &[first]).expect("the end", "dlclose");
}

const SHARED: Crate = Crate {
    name: "shared",
    kind: "dylib",
    dependencies: "axptr = { path = \"ROOT\", features = [\"dylib\"] }\n",
    is_dynamic: true,
    ..Crate::PROGRAM
};
const USER: Crate = Crate {
    name: "user",
    dependencies: "shared = { path = \"BASE/shared-dylib\" }\n",
    is_dynamic: true,
    ..Crate::PROGRAM
};

/// Under which of them, and whether optimised: all as they are, and one of each kind optimised, because what a linker makes
/// of the sections does not depend on it.
fn ways() -> impl Iterator<Item = ((&'static str, &'static [&'static str], &'static str), bool)> {
    let optimised = LINKERS.iter().take(2).map(|&linker| (linker, true));
    LINKERS.iter().map(|&linker| (linker, false)).chain(optimised)
}

/// Both built like this: the library and the program.
fn user(like: Crate, scenes: &[&str]) -> Vec<Output> {
    let Crate { args, is_optimised, .. } = like;
    crate_of(Crate { args, is_optimised, ..SHARED }).artifact("");
    let program = crate_of(Crate { args, is_optimised, ..USER }).artifact("user");
    let path = library_path(&program);
    scenes.iter().map(|scene| run(Command::new(&program).arg(scene).env("LD_LIBRARY_PATH", &path))).collect()
}

/// A program's accesses that are expanded in it, while the handler is in a library.
fn expect_served(like: Crate, case: &str) {
    user(like, &["here", "there and here"]).iter().for_each(|output| output.expect("the end", case));
    let untold = "call `unsafe { axptr::hosted::install() }` from a function of this image";
    user(like, &["there only"]).iter().for_each(|output| output.expect_death(untold));
}

#[test]
fn a_program_whose_axptr_is_in_a_dylib_has_its_own_table_searched_or_is_told() {
    let _turn = turn();
    expect_served(USER, "as it is");
}

#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn it_is_so_under_every_linker_and_optimised() {
    let _turn = turn();
    for ((name, args, _), is_optimised) in ways() {
        let like = Crate { args, is_optimised, ..USER };
        expect_served(like, &format!("{name}, optimised: {is_optimised}"));
    }
}

/// The crate in shared objects that Rust links.
#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn a_cdylib_links_under_every_linker() {
    let _turn = turn();
    for ((name, args, _), is_optimised) in ways() {
        let plugin = crate_of(Crate { args, is_optimised, ..PLUGIN }).artifact("libplugin.so");
        for scene in ["program first", "closed"] {
            let plugin = plugin.to_str().unwrap().to_owned();
            host(scene, &[plugin]).expect("the end", &format!("{name}, optimised: {is_optimised}, {scene}"));
        }
    }
}

/// The crate in an archive that a C compiler links: into a program, and into shared objects.
fn link_by_c(linkers: &[(&str, &[&str], &str)], is_optimised: bool) {
    let archive = crate_of(Crate { kind: "staticlib", is_optimised, ..PLUGIN }).artifact("libplugin.a");
    for (name, _, flag) in linkers {
        let c = |args: &[&str], sources: &[&str], to: &str| c_compiler(&archive, args, flag, sources, to);
        let plain = c(&["-pie"], &["program.c"], "plain");
        let own = c(&["-pie", "-DOWN"], &["program.c", "library.c"], "own");
        let exporting = c(&["-pie", "-DOWN", "-rdynamic"], &["program.c", "library.c"], "exporting");
        let at_one_place = c(&["-no-pie", "-DOWN"], &["program.c", "library.c"], "at_one_place");
        let one = c(&["-shared"], &["library.c"], "libone.so");
        let other = c(&["-shared", "-Wl,-Bsymbolic"], &["library.c"], "libother.so");
        for (program, libraries) in [
            (&own, &[][..]),
            (&at_one_place, &[]),
            (&plain, &[&one]),
            (&plain, &[&one, &other]),
            (&own, &[&other, &one]),
            (&at_one_place, &[&one]),
            // Its symbols stand for those of the shared objects.
            (&exporting, &[&one, &other]),
        ] {
            let case = format!("{name}, optimised: {is_optimised}: {} with {libraries:?}", program.display());
            run(Command::new(program).args(libraries)).expect("the end", &case);
        }
    }
}

#[test]
fn an_archive_links_into_programs_and_shared_objects_of_c() {
    let _turn = turn();
    link_by_c(&LINKERS[1..2], false);
}

#[test]
#[ignore = "takes minutes, and linkers that `cargo xtask setup` installs: `cargo xtask test` runs it"]
fn an_archive_links_into_them_under_every_linker() {
    let _turn = turn();
    [false, true].into_iter().for_each(|is_optimised| link_by_c(&LINKERS, is_optimised));
}
