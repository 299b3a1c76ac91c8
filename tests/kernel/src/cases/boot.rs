// SPDX-License-Identifier: MIT OR Apache-2.0
//! What needs no initialisation, and what the whole run comes to.

use alloc::{string::String, vec::Vec};

use axptr::{
    FaultKind, SelftestError,
    extable::{Entry, Table},
};

use crate::{arch::Features, early, ensure, fault, space, traps};

pub fn the_table_was_whole_before_anything_was_initialised() -> Result<(), String> {
    let early = early::seen();
    ensure!(early.table == Ok(()), "before .bss was cleared: {:?}", early.table);
    let now = axptr::selftest();
    ensure!(now == Ok(()), "now: {now:?}");
    Ok(())
}

/// A kernel that forgets the line, or states a user half that reaches over its own memory.
pub fn a_forgotten_or_wrong_user_half_is_named() -> Result<(), String> {
    let limit = axptr::user_limit();
    let (code, stack) = (early::record as fn(_) as usize, (&raw const limit).addr());
    let data = (&raw const SOME_DATA).addr();
    let told = [0, usize::MAX, code + (1 << 30), data + (1 << 30), stack + 1].map(|wrong| {
        // SAFETY: (1) nothing is accessed until the right one is back.
        unsafe { axptr::set_user_limit(wrong) };
        let told = (wrong, axptr::selftest(), axptr::UserConstPtr::<u32>::from(0x1000).slice(1).err());
        // SAFETY: (1) it was the limit before.
        unsafe { axptr::set_user_limit(limit) };
        told
    });
    for (wrong, told, refused) in told {
        let right = match told {
            Err(SelftestError::NotSetUp) => {
                wrong == 0 && refused.is_some_and(|fault| fault.kind == FaultKind::NotSetUp)
            }
            Err(SelftestError::KernelBelowLimit { limit, kernel }) => limit == wrong && kernel < wrong,
            _ => false,
        };
        ensure!(right, "with {wrong:#x}: {told:x?}, {refused:?}");
    }
    Ok(())
}

/// ax-cpu does not recover the fault of an address that no page table can map.
#[cfg(all(feature = "living", any(target_arch = "x86_64", target_arch = "loongarch64")))]
pub fn a_user_half_with_addresses_of_no_page_is_named() -> Result<(), String> {
    let limit = axptr::user_limit();
    let half = 1 << 47;
    for (end, is_right) in [(half, true), (half + 1, false), (1 << 50, false), (limit, true)] {
        // SAFETY: (1) nothing is accessed until the right one is back.
        unsafe { axptr::set_user_limit(end) };
        let told = axptr::selftest();
        // SAFETY: (1) it was the limit before.
        unsafe { axptr::set_user_limit(limit) };
        let expected = if is_right { Ok(()) } else { Err(SelftestError::LimitInHole { limit: end }) };
        ensure!(told == expected, "{end:#x}: {told:x?}");
    }
    Ok(())
}

static SOME_DATA: u8 = 7;

pub fn the_first_copy_needed_no_initialisation() -> Result<(), String> {
    let early = early::seen();
    let (addr, bytes) = early::FIRST;
    ensure!(!early.window_enforced, "user memory was closed before the first copy");
    ensure!(early.first_copy == Ok(()), "{:?}", early.first_copy);
    let [before, after] = early.window_open;
    ensure!(before == after, "the window was open: {before}, then: {after}");
    ensure!(space::peek(addr, bytes.len()) == bytes, "wrong bytes");
    Ok(())
}

/// Runs last: each access of the routines has faulted at least once, and nothing went wrong. Those that the
/// compiler has put where they are used are as many as their uses.
pub fn every_entry_of_the_table_has_faulted() -> Result<(), String> {
    unsafe extern "C" {
        safe static __axptr_sentinel: u8;
        safe static __axptr_copy_string_bytewise: u8;
        safe static __axptr_copy_string_nofault_bytewise: u8;
        #[cfg(feature = "vector-registers")]
        safe static __axptr_string_length_bytewise: u8;
        #[cfg(feature = "vector-registers")]
        safe static __axptr_string_length_nofault_bytewise: u8;
    }
    // The first is never called; the others are reached by causes that end inside of a page, which no page
    // here has.
    let unreachable = [
        (&raw const __axptr_sentinel).addr(),
        (&raw const __axptr_copy_string_bytewise).addr(),
        (&raw const __axptr_copy_string_nofault_bytewise).addr(),
        #[cfg(feature = "vector-registers")]
        (&raw const __axptr_string_length_bytewise).addr(),
        #[cfg(feature = "vector-registers")]
        (&raw const __axptr_string_length_nofault_bytewise).addr(),
    ];
    let entries = Table::image().entries().iter().filter(|entry| !entry.is_inlined()).map(Entry::insn);
    let cpu = Features::of_this_cpu();
    let should = |insn: &usize| !unreachable.contains(insn) && cpu.reaches(*insn);
    let never: Vec<_> = entries.filter(|insn| should(insn) && !traps::at(*insn)).collect();
    ensure!(never.is_empty(), "these have not: {never:x?}");
    Ok(())
}

/// Runs last: no page fault of a copy has come to axcpu's handler, but those in the kernel's own memory.
pub fn all_faults_were_accounted_for() -> Result<(), String> {
    let passed_on = fault::passed_on();
    // A CPU alone makes those.
    let alone = crate::smp::count() == 1;
    let wanted = if alone { super::kernel_side::faults() + super::selftest::faults() } else { 0 };
    ensure!(passed_on == wanted, "{passed_on} faults came to axcpu, {wanted} should have");
    Ok(())
}
