// SPDX-License-Identifier: MIT OR Apache-2.0
//! Several images in one process: shared objects that have a copy of axptr each, beside a program's own.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "images/build.rs"]
mod build;

use std::{fs, process::Command};

use build::{Crate, Output, crate_of, library_path, run};

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
    let [first, second] = plugins();
    for (scene, plugins) in [
        ("program first", &[first.clone()][..]),
        ("program last", &[first.clone()]),
        ("plugins only", &[first.clone(), second.clone()]),
        ("plugins only", &[second.clone(), first.clone()]),
        ("program first", &[first.clone(), second.clone()]),
        ("program last", &[first, second]),
    ] {
        host(scene, plugins).expect("the end", &format!("{scene}: {plugins:?}"));
    }
}

#[test]
fn an_object_that_has_installed_stays_when_it_is_closed() {
    let [first, _] = plugins();
    host("closed", &[first]).expect("the end", "dlclose");
}

const SHARED: Crate = Crate {
    name: "shared",
    kind: "dylib",
    dependencies: "axptr = { path = \"ROOT\", features = [\"dylib\"] }\n",
    flags: "-Cprefer-dynamic",
    ..Crate::PROGRAM
};
const USER: Crate = Crate {
    name: "user",
    dependencies: "shared = { path = \"BASE/shared-dylib\" }\n",
    flags: "-Cprefer-dynamic",
    ..Crate::PROGRAM
};

fn user(scene: &str) -> Output {
    crate_of(SHARED).artifact("");
    let program = crate_of(USER).artifact("user");
    run(Command::new(&program).arg(scene).env("LD_LIBRARY_PATH", library_path(&program)))
}

/// A program's accesses that are expanded in it, while the handler is in a library.
#[test]
fn a_program_whose_axptr_is_in_a_dylib_has_its_own_table_searched() {
    for scene in ["here", "there and here"] {
        user(scene).expect("the end", scene);
    }
}

#[test]
fn a_program_that_has_not_installed_is_told_before_it_dies_of_it() {
    user("there only")
        .expect_death("call `unsafe { axptr::hosted::install() }` from a function of this image");
}
