// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who may install a handler before axptr, and who after: the rows of `docs/processes.md`, each with the published crate, or
//! with a program in C.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[expect(dead_code, reason = "the tests of images need more of it")]
#[path = "images/build.rs"]
mod build;

use std::process::Command;

use build::{Crate, Output, c_compiler, crate_of, run, turn};

const ORDERS: Crate = Crate {
    name: "orders",
    dependencies: "axptr = { path = \"ROOT\" }\ncrash-handler = \"0.8\"\nsignal-hook-registry = \"1.4\"\n\
                   nix = { version = \"0.32\", features = [\"signal\"] }\n",
    is_fresh: true,
    ..Crate::PROGRAM
};

fn orders(library: &str, when: &str) -> Output {
    run(Command::new(crate_of(ORDERS).artifact("orders")).args([library, when]))
}

#[test]
#[ignore = "asks the registry for other people's crates: `cargo xtask test` runs it"]
fn crates_that_handle_the_signal_too() {
    let _turn = turn();
    for (library, when) in [
        ("nix", "before"),
        ("nix", "after, asking"),
        ("nix", "after, then install"),
        ("signal-hook", "before"),
        ("signal-hook", "after"),
        ("signal-hook", "after, then install"),
        ("crash-handler", "before, then gone"),
        ("crash-handler", "after, then install, then gone"),
        ("faulthandler", "before"),
        ("faulthandler", "after"),
        ("faulthandler", "after, then install"),
    ] {
        orders(library, when).expect("the end", &format!("{library}, {when}"));
    }
    // A crash is reported once, and ends the process.
    let reports = |output: &Output| output.text.matches(" report").count();
    for when in ["before", "after, then install"] {
        let crash = orders("crash-handler", when);
        crash.expect_death("now a crash");
        assert_eq!(reports(&crash), 1, "{when}: {}", crash.text);
    }
    // The rows that say no.
    let wrong = orders("crash-handler", "after");
    wrong.expect_death("now a fault of ours");
    assert_eq!(reports(&wrong), 1, "{}", wrong.text);
    let wrong = orders("faulthandler", "after");
    assert_eq!(reports(&wrong), 1, "{}", wrong.text);
}

#[test]
fn a_program_in_c_that_handles_the_signal_too() {
    let _turn = turn();
    let plugin = Crate { name: "plugin", kind: "staticlib", ..Crate::PROGRAM };
    let archive = crate_of(plugin).artifact("libplugin.a");
    let program = c_compiler(&archive, &[], "-fuse-ld=bfd", &["orders.c"], "orders");
    for when in ["before", "by signal(), before", "after, asking", "after, passing on", "after, then install"]
    {
        run(Command::new(&program).arg(when)).expect("the end", when);
    }
    run(Command::new(&program).arg("after, alone")).expect_death("now a fault of ours");
}
