// SPDX-License-Identifier: MIT OR Apache-2.0
//! Boots that are right only if they end in axcpu's panic.

use alloc::vec;

use axptr::{extable::Table, trap::selftest};

use crate::{
    access,
    arch::{self, Features, window},
    broken::{self, Defect},
    fault::Decides,
    report, space, traps,
};

/// All of them, by their mode's name. `cargo xtask kernel` knows the names too.
pub const ALL: &[(&str, Decides, fn())] = &[
    ("panic-kernel-side", Decides::Table, kernel_side),
    ("panic-kernel-side-short", Decides::Table, kernel_side_short),
    ("panic-kernel-side-out-of-reach", Decides::Table, kernel_side_out_of_reach),
    ("panic-no-entry", Decides::Table, no_entry),
    ("panic-in-own-handler", Decides::TableInOwnHandler, kernel_side),
    #[cfg(not(feature = "living"))]
    ("panic-no-flag", Decides::Flag, no_flag),
    ("panic-out-of-reach", Decides::Table, out_of_reach),
    ("panic-window", Decides::Table, window_closed),
    ("panic-window-with-entry", Decides::Table, window_forgotten),
    ("panic-forgotten-pc", Decides::TableInOwnHandler, forgotten_pc),
    ("panic-window-in-own-handler", Decides::TableInOwnHandler, window_forgotten),
];

/// A fault on the kernel side of a copy is a bug of the kernel's, even where the instruction has an entry for
/// its user side.
fn kernel_side() {
    let pc = rehearse(space::PAGE, Features::of_this_cpu().copies_at_once());
    report::expect_panic(&access::unhandled_fault(pc, arch::UNMAPPED_KERNEL_ADDR));
    copy_to(arch::UNMAPPED_KERNEL_ADDR, space::PAGE);
}

/// The same where loads and stores are instructions of their own, and the store has no entry.
fn kernel_side_short() {
    let len = size_of::<u64>();
    let pc = rehearse(len, false);
    report::expect_panic(&access::unhandled_fault(pc, arch::UNMAPPED_KERNEL_ADDR));
    copy_to(arch::UNMAPPED_KERNEL_ADDR, len);
}

/// The same for an address that no page table can map, where a machine may tell neither the address nor the
/// direction.
fn kernel_side_out_of_reach() {
    let pc = rehearse(space::PAGE, Features::of_this_cpu().copies_at_once());
    let addr = arch::OUT_OF_REACH.addrs[0];
    report::expect_panic(&access::unhandled_out_of_reach(pc, addr));
    copy_to(addr, space::PAGE);
}

/// Finds the instruction that will fault: here the kernel's handler repairs its fault.
fn rehearse(len: usize, has_entry: bool) -> usize {
    copy_to(space::KERNEL_LAZY.start(), len);
    assert_eq!(traps::page_faults(), 1);
    let pc = traps::last_pc();
    assert_eq!(Table::image().find(pc).is_some(), has_entry);
    pc
}

fn copy_to(kernel: usize, len: usize) {
    // SAFETY: (1) the kernel's own lazy memory, nobody else's; or not at all, and this boot is about what
    // happens then. (2) User memory.
    let outcome = unsafe { axptr::raw::copy_from_user(kernel as *mut u8, space::RW.start(), len) };
    assert_eq!(outcome.left(), 0, "recovered from a fault on the kernel's side: {outcome:?}");
}

/// A fault in code that has no table entry is a bug of the kernel's, at any address.
fn no_entry() {
    // The pager would provide this page.
    let addr = space::LAZY.start();
    report::expect_panic(&access::unhandled_fault(access::store_pc(), addr));
    // SAFETY: not at all; this boot is about what happens then.
    unsafe { access::store(addr) };
}

/// The same for an address that no page table can map.
fn out_of_reach() {
    let addr = arch::OUT_OF_REACH.addrs[0];
    report::expect_panic(&access::unhandled_out_of_reach(access::store_pc(), addr));
    // SAFETY: not at all; this boot is about what happens then.
    unsafe { access::store(addr) };
}

/// Where the flag decides, a fault while it is clear is a bug too, also behind an access that has set it.
#[cfg(not(feature = "living"))]
fn no_flag() {
    use crate::task;
    task::with(|task| {
        let addr = task::map(task, 0, 2, task::READ_WRITE, false);
        assert_eq!(axptr::fill_user(addr, 1, 1), Ok(()));
        assert_eq!(traps::page_faults(), 1);
        // The handler would provide this page.
        let addr = addr + space::PAGE;
        report::expect_panic(&access::unhandled_fault(access::store_pc(), addr));
        // SAFETY: not at all; this boot is about what happens then.
        unsafe { access::store(addr) };
    });
}

/// A handler that resumes the faulting instruction again is stopped by the self test.
fn forgotten_pc() {
    report::expect_panic(
        "axptr::trap::selftest: the trap handler resumes the same instruction again and again",
    );
    let told = broken::with(Defect::ForgetsPc, || selftest(space::HOLE.start(), |_| true, |pc| pc));
    panic!("went on: {told:?}");
}

/// User memory is closed to code that does not open the window, also behind a copy that has.
fn window_closed() {
    assert!(Features::of_this_cpu().window);
    // SAFETY: the line above.
    unsafe { window::enforce() };
    let addr = space::RW.start();
    let mut bytes = vec![0; 64];
    assert_eq!(axptr::copy_from_user(&mut bytes, addr), Ok(()));
    report::expect_panic(&access::unhandled_fault(access::load_pc(), addr));
    // SAFETY: not at all; this boot is about what happens then.
    unsafe { access::load(addr) };
}

/// Nor is it open to an instruction of the kernel's own that has an entry, and no window: the page permits the
/// access, so the pager would have it tried again forever.
fn window_forgotten() {
    assert!(Features::of_this_cpu().window);
    // SAFETY: the line above.
    unsafe { window::enforce() };
    let (loaded, _) = window::during(|| access::try_load(space::HOLE.start()));
    assert_eq!(loaded, None);
    let addr = space::RW.start();
    report::expect_panic(&access::unhandled_fault(traps::last_pc(), addr));
    assert_eq!(access::try_load(addr), None, "loaded without a window");
}
