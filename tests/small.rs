// SPDX-License-Identifier: MIT OR Apache-2.0
//! Single values and strings at every position around a page's edge, in a Linux process, with handlers that
//! tell more and less.

mod support;

use axptr::extable::{Entry, Table};
use axptr_cases::{Handler, PAGE, PageKind, Site, sweep_small, sweep_strings};
use support::{front::Front, poison::memory_of, site::HostedSite};

unsafe extern "C" {
    safe static __axptr_copy_string: u8;
    safe static __axptr_copy_string_bytewise: u8;
    safe static __axptr_copy_string_nofault: u8;
    safe static __axptr_copy_string_nofault_bytewise: u8;
}

/// The routines that count the bytes of a string without a copy: where they are, and where their bytewise ends begin.
#[cfg(all(target_arch = "x86_64", not(axptr_general_registers)))]
mod counts {
    unsafe extern "C" {
        safe static __axptr_string_length: u8;
        safe static __axptr_string_length_bytewise: u8;
        safe static __axptr_string_length_nofault: u8;
        safe static __axptr_string_length_nofault_bytewise: u8;
    }

    pub(crate) const fn routines() -> [[*const u8; 2]; 2] {
        [
            [&raw const __axptr_string_length, &raw const __axptr_string_length_bytewise],
            [&raw const __axptr_string_length_nofault, &raw const __axptr_string_length_nofault_bytewise],
        ]
    }

    /// Accesses that no edge makes fault: those behind the first of an aligned block. The counts have blocks of either width.
    pub(crate) fn behind_the_first() -> [usize; 2] {
        // Without AVX2 nothing reads pieces of 32 bytes: five of a copy, five of a count and a block's first.
        let unread = if std::is_x86_feature_detected!("avx2") { [0, 0] } else { [5, 5 + 1] };
        [3 + unread[0], 3 + 3 + unread[1]]
    }
}

#[cfg(not(all(target_arch = "x86_64", not(axptr_general_registers))))]
mod counts {
    pub(crate) const fn routines() -> [[*const u8; 2]; 0] {
        []
    }

    pub(crate) const fn behind_the_first() -> [usize; 2] {
        [0, 0]
    }
}

#[test]
fn every_position_is_exact_and_every_inlined_access_has_faulted() {
    let front = Front::new(Handler::Full);
    run(Handler::Full);
    let inlined = |insn: &usize| Table::image().find(*insn).is_some_and(Entry::is_inlined);
    let hits = front.hits();
    let sites: Vec<_> = hits.iter().filter(|(insn, _)| inlined(insn)).collect();
    let faulted = sites.iter().filter(|(_, hits)| *hits > 0).count();
    println!("{faulted} of {} inlined accesses have faulted", sites.len());
    let copies = [
        [&raw const __axptr_copy_string, &raw const __axptr_copy_string_bytewise],
        [&raw const __axptr_copy_string_nofault, &raw const __axptr_copy_string_nofault_bytewise],
    ];
    // Those behind the first access of an aligned block fault only if a page goes meanwhile (`races`).
    let [of_copies, of_counts] = counts::behind_the_first();
    let copies = copies.into_iter().map(|routine| (routine, of_copies));
    let counts = counts::routines().into_iter().map(|routine| (routine, of_counts));
    for ([start, bytewise], behind_the_first) in copies.chain(counts) {
        let own = |insn: usize| (start.addr()..bytewise.addr()).contains(&insn);
        let of_words: Vec<_> = hits.iter().filter(|(insn, _)| own(*insn)).collect();
        let unhit = of_words.iter().filter(|(_, hits)| *hits == 0).count();
        assert!(
            of_words.len() > behind_the_first && unhit == behind_the_first,
            "{unhit} of {} words of strings, not {behind_the_first}",
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

/// What the test above stands on: its second site may come to lie where its first was.
#[test]
fn a_site_leaves_no_poison_behind() {
    let _front = Front::new(Handler::SubPage);
    let mut sites = [(); 3].map(|()| HostedSite::new(Handler::SubPage));
    let starts =
        sites.each_mut().map(|site| site.map(&[PageKind::Unmapped, PageKind::Good, PageKind::Unmapped]));
    let poisoned =
        |start: usize| [0, 1, 2].map(|page| memory_of(start + page * PAGE) != Some(start + page * PAGE));
    let mut sites = sites.map(Some);
    for gone in [None, Some(1), Some(0), Some(2)] {
        if let Some(gone) = gone {
            sites[gone] = None;
        }
        let expected = sites.each_ref().map(|site| [site.is_some(), false, site.is_some()]);
        assert_eq!(starts.map(poisoned), expected, "without site {gone:?}");
    }
}

/// Step and most of the lengths: as far as pieces and a block behind them reach. Emulated, each fault takes long.
const STRINGS: [usize; 2] = if cfg!(target_arch = "x86_64") { [29, 330] } else { [23, 100] };

fn run(handler: Handler) {
    let report = sweep_small(&mut HostedSite::new(handler), 5);
    println!("{handler:?}: {} cases", report.cases);
    assert_eq!(report.wrong, 0, "{report}");
    let report = sweep_strings(&mut HostedSite::new(handler), STRINGS);
    println!("{handler:?}: {} cases of strings", report.cases);
    assert_eq!(report.wrong, 0, "{report}");
}
