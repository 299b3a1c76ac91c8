// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cases, one file per subject. A new case is a function and its name in the list below.
//!
//! What a CPU lacks is not skipped: it has cases of its own, which the other CPUs do not run. Those of one machine
//! lie in `arch/<machine>/cases`, and `cargo xtask kernel` knows which CPU has what.

mod areas;
mod boot;
#[cfg(not(feature = "living"))]
mod by_flag;
mod changing;
mod drivers;
mod edges;
mod flag;
mod huge;
mod inlined;
mod interrupts;
mod kernel_side;
mod layout;
#[cfg(not(feature = "living"))]
mod legacy;
mod limits;
mod module;
mod nofault;
mod other_space;
mod own;
mod paging;
mod preemption;
#[cfg(not(target_arch = "loongarch64"))]
pub mod refusal;
mod region;
#[cfg(not(target_arch = "x86_64"))]
pub mod registers;
mod selftest;
mod smp;
mod smp_atomics;
mod smp_changing;
mod smp_nofault;
mod smp_switching;
#[cfg(not(feature = "living"))]
mod smp_words;
mod switching;
mod table;
mod window;

use alloc::{boxed::Box, format, string::String, vec::Vec};

use crate::{
    arch::{self, Features},
    fault::Decides,
    report::Case,
};

/// How many faults each boot's random operations come to; `cargo xtask campaign` runs them for longer.
const SHORT_CAMPAIGN: u64 = 1000;

type Proof = fn() -> Result<(), String>;

/// A case and its name.
pub type Named = (&'static str, Proof);

macro_rules! cases {
    ($($file:ident: $($name:ident),+;)+) => {
        &[$($((concat!(stringify!($file), "::", stringify!($name)), $file::$name as _)),+),+]
    };
}
pub(crate) use cases;

/// Those that run first, with user memory open to the kernel on every CPU.
const OPEN: &[Named] = cases! {
    boot: the_table_was_whole_before_anything_was_initialised, the_first_copy_needed_no_initialisation,
        a_forgotten_or_wrong_user_half_is_named;
    layout: areas_are_populated_as_declared, areas_have_the_declared_flags;
};

/// From here on the window is enforced where the CPU has one.
const WITH_WINDOW: &[Named] = cases! {
    window: a_copy_works_before_and_after_it_is_enforced,
        a_copy_leaves_the_window_closed,
        a_copy_inside_an_open_window_leaves_it_open,
        a_guard_leaves_the_window_as_it_was;
};

/// The same, where a handler hands its frame over to axptr, which closes the window and tells landings.
const WITH_WINDOW_AND_FRAME: &[Named] = cases! {
    window: the_pager_runs_with_the_window_closed;
    selftest: the_callers_window_stays_as_it_was;
};

const EVERYWHERE: &[Named] = cases! {
    layout: a_populated_page_keeps_what_is_written,
        a_lazy_page_costs_one_fault_and_reads_zero,
        a_renewed_area_is_absent_again,
        the_pager_stops_before_memory_is_exhausted;
    areas: populated_memory_takes_every_operation,
        a_lazy_page_is_made_by_every_operation,
        read_only_memory_refuses_writes_only,
        unmapped_memory_refuses_every_operation,
        range_mode_reaches_what_the_kernel_keeps_in_the_user_half,
        a_protected_page_refuses_writes_though_its_area_permits_them,
        no_byte_is_touched_by_length_zero;
    edges: a_copy_ends_exactly_at_the_hole,
        long_copies_end_exactly_at_the_hole,
        a_copy_out_of_the_hole_does_nothing;
    paging: a_lazy_page_in_the_middle_loses_no_byte,
        a_lazy_page_loses_no_byte_at_any_split,
        many_lazy_pages_cost_a_trap_each,
        a_present_page_keeps_its_data_when_it_is_populated_again,
        a_page_that_another_cpu_has_made_meanwhile_keeps_its_data;
    kernel_side: the_kernels_own_lazy_memory_is_none_of_axptrs_business;
    limits: the_typed_api_refuses_without_a_trap;
    flag: it_is_set_during_an_access_only,
        an_access_of_the_pagers_leaves_it_set;
    interrupts: the_pager_gets_the_state_of_the_access;
    region: every_kind_of_area_is_judged_before_the_access,
        values_go_both_ways,
        an_address_space_borrowed_for_the_copy_will_do,
        the_lock_is_free_during_the_copy,
        a_range_that_no_area_covers_is_refused_as_a_whole,
        bad_ranges_ask_nobody,
        a_protected_page_refuses_writes_though_its_area_permits_them,
        populating_stays_one_window_ahead;
    changing: every_provider_reaches_every_byte,
        an_area_that_ends_in_the_range_refuses_all_of_it,
        a_range_that_wraps_or_leaves_the_user_half_is_refused,
        a_protected_page_ends_the_copy_in_front_of_it,
        a_page_unmapped_behind_the_check_ends_the_copy_in_front_of_it,
        a_page_unmapped_behind_the_populating_ends_the_copy_in_front_of_it,
        a_page_protected_behind_the_populating_ends_the_copy_in_front_of_it;
    nofault: an_absent_page_is_a_fault_at_once_and_stays_absent,
        it_needs_no_lock_that_the_caller_holds;
    inlined: the_window_is_behind_an_access_what_it_was_before,
        without_the_pager_no_lock_is_needed,
        what_is_refused_without_the_pager_comes_with_it,
        a_probe_reads_kernel_memory_and_asks_nobody;
    drivers: a_megabyte_goes_through_a_bounce_buffer_in_chunks,
        a_transfer_ends_short_at_a_fault_and_is_resumed,
        a_scatter_list_ends_short_at_a_fault_and_is_resumed;
    other_space: an_address_space_without_axmm_will_do;
    own: a_byte_loop_of_the_kernels_own_ends_at_the_hole;
    huge: filling_more_than_there_is_ends_short,
        copying_more_than_there_is_ends_short,
        region_mode_ends_short_too;
};

/// The same, where a handler hands its frame over to axptr: behind ax-cpu's tables the pager finds the window as the access
/// has left it, no landing is told what happened, and no other fault than a page's is recovered.
const WITH_FRAME: &[Named] = cases! {
    switching: each_task_sees_its_own_flag, without_the_hook_it_is_anothers;
    limits: the_routines_survive_addresses_out_of_reach;
    inlined: the_pager_runs_with_the_window_closed;
    selftest: a_right_handler_passes,
        the_callers_interrupts_stay_off,
        an_address_that_will_not_do_is_refused,
        what_the_kernel_says_of_other_faults_counts,
        an_own_fault_that_does_not_happen_is_seen,
        an_own_fault_that_changes_the_interrupts_is_named;
    own: a_faultable_instruction_of_the_kernels_own_is_recovered;
};

/// Where the heap's memory is not what pages come from: this kernel goes on without a page. Not so on the living line.
#[cfg(not(feature = "living"))]
const WITHOUT_A_PAGE: &[Named] = cases! {
    huge: region_mode_survives_an_address_space_that_takes_everything;
};

/// Where an address may raise another fault than a page's, for which ax-cpu has no landing.
#[cfg(all(feature = "living", any(target_arch = "x86_64", target_arch = "loongarch64")))]
const IN_THE_HOLE: &[Named] = cases! {
    boot: a_user_half_with_addresses_of_no_page_is_named;
};

/// Where a word that is not aligned may raise a fault of its own, for which ax-cpu has no landing.
#[cfg(all(feature = "living", any(target_arch = "riscv64", target_arch = "loongarch64")))]
const ALIGNED: &[Named] = cases! {
    inlined: a_value_that_is_not_aligned_is_read_by_the_routine;
};

/// Those of the machines that have `arch::registers`.
#[cfg(not(target_arch = "x86_64"))]
pub const REGISTERS: &[Named] = cases! {
    registers: a_repaired_fault_changes_no_register,
        a_landing_changes_the_causes_register_alone,
        what_is_passed_on_changes_no_register;
};

/// What takes an interrupt.
const INTERRUPTED: &[Named] = cases! {
    preemption: a_copy_survives_another_task;
};
/// What axptr's vector does about interrupts, on the machines where it can.
const INTERRUPTED_BEHIND_THE_VECTOR: &[Named] = cases! {
    preemption: an_interrupt_finds_the_window_closed;
};

/// Where the table is asked by the kernel's own trap entry, which can be broken.
const IN_OWN_HANDLER: &[Named] = cases! {
    selftest: a_right_handler_of_the_kernels_own_passes, a_wrong_handler_is_named;
    module: its_faults_land_by_its_own_table;
};

/// What takes several CPUs.
const SMP: &[Named] = cases! {
    smp: every_cpu_takes_part,
        what_fails_on_one_cpu_fails,
        each_cpu_recovers_its_own_faults,
        all_cpus_ask_for_features_and_entries_at_once,
        all_cpus_page_in_at_once,
        no_word_is_lost_in_a_lazy_page;
    smp_switching: a_copy_that_waits_goes_on_on_another_cpu;
    smp_changing: every_operation_stays_exact_while_pages_come_and_go;
    smp_atomics: no_addition_is_lost_while_the_page_comes_and_goes;
    smp_nofault: nobody_waits_for_a_lock_of_another_cpus;
};
/// The same, where no page is missing.
#[cfg(not(feature = "living"))]
const SMP_WITHOUT_FAULTS: &[Named] = cases! {
    smp_words: a_million_additions_and_exchanges_lose_none,
        neighbours_in_one_word_do_not_disturb_each_other,
        bits_of_all_cpus_are_set_and_cleared_without_loss,
        swaps_pass_each_value_on_once,
        an_aligned_value_is_never_torn;
};

/// What only the end can tell.
const LAST: &[Named] = cases! {
    boot: all_faults_were_accounted_for;
};
/// The same, where each entry can be reached.
const LAST_WITH_FRAME: &[Named] = cases! {
    boot: every_entry_of_the_table_has_faulted;
};

/// Where the flag decides, as in kernels of the earlier axptr's time, what has to end in an `Err` has to be refused by region mode.
#[cfg(not(feature = "living"))]
const BY_FLAG: &[Named] = cases! {
    by_flag: user_memory_is_closed_where_the_cpu_can,
        pages_come_during_every_copy,
        many_pages_come_without_losing_a_byte,
        the_pages_of_no_access_do_not_come,
        region_mode_refuses_without_a_fault;
};

/// The cases for a CPU, in the order they run.
pub fn all(decides: Decides, features: Features) -> Vec<Case> {
    match decides {
        Decides::Table | Decides::TableInOwnHandler => by_table(decides, features),
        #[cfg(feature = "living")]
        Decides::TableInAxCpu => by_table(decides, features),
        #[cfg(not(feature = "living"))]
        Decides::Flag => {
            let mut cases = own(BY_FLAG);
            cases.extend(legacy::cases());
            cases
        }
    }
}

/// Random operations, from a seed on, until so many have met a byte that refused them.
pub fn campaign(seed: u64, faults: u64) -> Case {
    let name = format!("campaign: random operations do what the model says, from seed {seed} on");
    (name, Box::new(move || crate::campaign::run(seed, faults)))
}

/// Those that only this machine has, on a CPU.
pub fn of_machine(features: Features) -> Vec<Case> {
    own(&arch::cases::own(features, true))
}

fn own(list: &[Named]) -> Vec<Case> {
    list.iter().map(|&(name, proof)| (name.into(), Box::new(proof) as _)).collect()
}

fn by_table(decides: Decides, features: Features) -> Vec<Case> {
    let mut cases = own(OPEN);
    let frame = !crate::fault::in_ax_cpu();
    if features.window {
        cases.extend(own(WITH_WINDOW));
        if frame {
            cases.extend(own(WITH_WINDOW_AND_FRAME));
        }
    }
    if frame {
        cases.extend(own(&arch::cases::own(features, decides == Decides::Table)));
    }
    cases.extend(own(INTERRUPTED));
    if decides == Decides::Table && arch::window::VECTOR_CLOSES_BEFORE_INTERRUPTS {
        cases.extend(own(INTERRUPTED_BEHIND_THE_VECTOR));
    }
    // What one CPU does by itself, the boot with one shows, in a fraction of the time: an emulator's idle CPUs are not idle.
    let one = crate::smp::count() == 1;
    if one {
        cases.extend(by_itself(decides, frame));
    } else {
        cases.extend(own(SMP));
        // What makes no fault is the same on both lines.
        #[cfg(not(feature = "living"))]
        cases.extend(own(SMP_WITHOUT_FAULTS));
    }
    // A seed of its own for each number of CPUs.
    cases.push(campaign(crate::smp::count() as u64, SHORT_CAMPAIGN));
    if one && frame {
        cases.extend(own(LAST_WITH_FRAME));
    }
    cases.extend(own(LAST));
    cases
}

/// What a CPU does alone.
fn by_itself(decides: Decides, frame: bool) -> Vec<Case> {
    let mut cases = own(EVERYWHERE);
    if frame {
        cases.extend(own(WITH_FRAME));
    }
    #[cfg(not(feature = "living"))]
    cases.extend(own(WITHOUT_A_PAGE));
    #[cfg(all(feature = "living", any(target_arch = "x86_64", target_arch = "loongarch64")))]
    cases.extend(own(IN_THE_HOLE));
    #[cfg(all(feature = "living", any(target_arch = "riscv64", target_arch = "loongarch64")))]
    cases.extend(own(ALIGNED));
    if decides == Decides::TableInOwnHandler {
        cases.extend(own(IN_OWN_HANDLER));
    }
    cases.extend(table::shared_with_the_hosted_tests());
    #[cfg(not(feature = "living"))]
    cases.extend(legacy::cases());
    cases
}
