// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every operation at every position, in a Linux process, with handlers that tell more and less.
//!
//! `AXPTR_SWEEP=full` does all of it: minutes, in release. The default is a selection that still makes every
//! entry of the table fault.

mod support;

use std::{env, io::Write, time::Instant};

use axptr::extable::{Entry, Table};
use axptr_cases::{Bounds, Handler, Report, sweep, sweep_large_fills};
use support::{front::Front, site::HostedSite};

#[test]
fn copies_are_exact_and_every_entry_of_the_table_is_hit() {
    let front = Front::new(Handler::Full);
    let report = run(Handler::Full);
    let large = sweep_large_fills(&mut HostedSite::new(Handler::Full));
    assert_eq!(large.wrong, 0, "{large}");
    say(&format!("{} large fills", large.cases));
    let hits = front.hits();
    let swept: Vec<_> = hits.iter().filter(|(insn, _)| is_swept(*insn)).collect();
    let unhit: Vec<_> = swept.iter().filter(|(_, hits)| *hits == 0).collect();
    let of = swept.len();
    say(&format!("{} cases, {} wrong, {} of {of} entries hit", report.cases, report.wrong, of - unhit.len()));
    say(&format!("pairs of alignments at an edge, per page layout: {:?}", report.alignment_pairs()));
    let unhit: Vec<_> = unhit.iter().map(|(insn, _)| place(*insn)).collect();
    assert!(unhit.is_empty(), "entries that nothing hit: {unhit:?}");
}

#[test]
fn copies_are_exact_if_the_handler_can_only_set_the_pc() {
    let _front = Front::new(Handler::PcOnly);
    let report = run(Handler::PcOnly);
    say(&format!("{} cases, {} wrong, only the pc set", report.cases, report.wrong));
}

#[test]
fn copies_are_exact_if_a_fault_may_end_inside_a_page() {
    let _front = Front::new(Handler::SubPage);
    let report = run(Handler::SubPage);
    say(&format!("{} cases, {} wrong, all causes sub-page", report.cases, report.wrong));
}

fn run(handler: Handler) -> Report {
    let bounds = match env::var("AXPTR_SWEEP").as_deref() {
        Ok("full") => Bounds::FULL,
        Ok("tiny") => Bounds::TINY,
        // A debug build takes minutes for the other: `cargo test` alone is to be quick.
        Err(_) if cfg!(debug_assertions) => Bounds::TINY,
        Ok("reduced") | Err(_) => Bounds::REDUCED,
        Ok(other) => panic!("AXPTR_SWEEP={other}: want full, reduced or tiny"),
    };
    let start = Instant::now();
    let report = sweep(&mut HostedSite::new(handler), &bounds);
    assert_eq!(report.wrong, 0, "{report}");
    assert_eq!(
        report.alignment_pairs(),
        [256; 3],
        "not every pair of alignments met an edge in every layout"
    );
    say(&format!("{handler:?}: {:.1} s", start.elapsed().as_secs_f64()));
    report
}

/// Prints even if the test passes: the numbers are the result.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

unsafe extern "C" {
    safe static __axptr_copy_from_user: u8;
    safe static __axptr_copy_to_user: u8;
    safe static __axptr_copy_in_user: u8;
    safe static __axptr_fill_user: u8;
    safe static __axptr_copy_from_user_nofault: u8;
    safe static __axptr_copy_to_user_nofault: u8;
    safe static __axptr_copy_in_user_nofault: u8;
    safe static __axptr_fill_user_nofault: u8;
    safe static __axptr_copy_string: u8;
    safe static __axptr_copy_string_nofault: u8;
    safe static __axptr_sentinel: u8;
}

/// The routines that only some machines have.
#[cfg(all(target_arch = "x86_64", not(axptr_general_registers)))]
fn more() -> [(&'static str, *const u8); 2] {
    unsafe extern "C" {
        safe static __axptr_string_length: u8;
        safe static __axptr_string_length_nofault: u8;
    }
    [
        ("string_length", &raw const __axptr_string_length),
        ("string_length_nofault", &raw const __axptr_string_length_nofault),
    ]
}

#[cfg(not(all(target_arch = "x86_64", not(axptr_general_registers))))]
fn more() -> [(&'static str, *const u8); 0] {
    []
}

/// Whether the instruction is one of a copy's or a fill's. The others are there only because some linkers keep what
/// nobody calls; `tests/small.rs` is about them.
fn is_swept(insn: usize) -> bool {
    let inlined = Table::image().find(insn).is_some_and(Entry::is_inlined);
    !inlined && !matches!(routine(insn), (_, name) if name == "sentinel" || name.contains("string"))
}

/// The routine that the instruction is in, and how far.
fn place(insn: usize) -> String {
    let (offset, name) = routine(insn);
    format!("{name}+{offset:#x}")
}

fn routine(insn: usize) -> (usize, &'static str) {
    let routines = [
        ("copy_from_user", &raw const __axptr_copy_from_user),
        ("copy_to_user", &raw const __axptr_copy_to_user),
        ("copy_in_user", &raw const __axptr_copy_in_user),
        ("fill_user", &raw const __axptr_fill_user),
        ("copy_from_user_nofault", &raw const __axptr_copy_from_user_nofault),
        ("copy_to_user_nofault", &raw const __axptr_copy_to_user_nofault),
        ("copy_in_user_nofault", &raw const __axptr_copy_in_user_nofault),
        ("fill_user_nofault", &raw const __axptr_fill_user_nofault),
        ("copy_string", &raw const __axptr_copy_string),
        ("copy_string_nofault", &raw const __axptr_copy_string_nofault),
        ("sentinel", &raw const __axptr_sentinel),
    ];
    let before =
        routines.into_iter().chain(more()).map(|(name, start)| (insn.wrapping_sub(start.addr()), name));
    before.min().expect("there are routines")
}
