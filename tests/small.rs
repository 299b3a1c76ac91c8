// SPDX-License-Identifier: MIT OR Apache-2.0
//! Single values and strings at every position around a page's edge, in a Linux process, with handlers that
//! tell more and less.

mod support;

use axptr::extable::{Entry, Table};
use axptr_cases::{Handler, sweep_small};
use support::{front::Front, site::HostedSite};

unsafe extern "C" {
    safe static __axptr_copy_string: u8;
    safe static __axptr_copy_string_bytewise: u8;
    safe static __axptr_copy_string_nofault: u8;
    safe static __axptr_copy_string_nofault_bytewise: u8;
}

/// Accesses of a string's routine that no edge makes fault: with vector registers, those behind the first of an aligned block.
/// Only a page that goes meanwhile does (`races`).
const BEHIND_THE_FIRST: usize =
    if cfg!(all(target_arch = "x86_64", not(axptr_general_registers))) { 3 } else { 0 };

#[test]
fn every_position_is_exact_and_every_inlined_access_has_faulted() {
    let front = Front::new(Handler::Full);
    run(Handler::Full);
    let inlined = |insn: &usize| Table::image().find(*insn).is_some_and(Entry::is_inlined);
    let hits = front.hits();
    let sites: Vec<_> = hits.iter().filter(|(insn, _)| inlined(insn)).collect();
    let faulted = sites.iter().filter(|(_, hits)| *hits > 0).count();
    println!("{faulted} of {} inlined accesses have faulted", sites.len());
    for (start, bytewise) in [
        (&raw const __axptr_copy_string, &raw const __axptr_copy_string_bytewise),
        (&raw const __axptr_copy_string_nofault, &raw const __axptr_copy_string_nofault_bytewise),
    ] {
        let own = |insn: usize| (start.addr()..bytewise.addr()).contains(&insn);
        let of_words: Vec<_> = hits.iter().filter(|(insn, _)| own(*insn)).collect();
        let unhit = of_words.iter().filter(|(_, hits)| *hits == 0).count();
        assert!(
            of_words.len() > BEHIND_THE_FIRST && unhit == BEHIND_THE_FIRST,
            "{unhit} of {} words of strings",
            of_words.len()
        );
    }
    // Some linkers keep accesses that nothing here can reach.
    assert!(
        faulted >= 48 + 200,
        "two directions, four sizes, six forms, and the parts of larger values: {faulted}"
    );
}

#[test]
fn every_position_is_exact_if_the_handler_can_only_set_the_pc() {
    let _front = Front::new(Handler::PcOnly);
    run(Handler::PcOnly);
}

#[test]
fn every_position_is_exact_if_a_fault_may_end_inside_a_page() {
    let _front = Front::new(Handler::SubPage);
    run(Handler::SubPage);
}

fn run(handler: Handler) {
    let report = sweep_small(&mut HostedSite::new(handler), 5);
    println!("{handler:?}: {} cases", report.cases);
    assert_eq!(report.wrong, 0, "{report}");
}
