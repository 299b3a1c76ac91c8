// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every single load and store of a routine, looked at: on pages that permit nothing each is a signal, and the
//! handler does it by hand.
//!
//! Proves contract C2 and C3 where the sweep cannot: an emulator does what a real machine may refuse, so it does not
//! show an unaligned access; and a byte that is read and thrown away shows nowhere.

#![cfg(all(target_os = "linux", target_arch = "loongarch64"))]

#[expect(dead_code, reason = "the sweep needs more of it")]
mod support;

use std::{
    ffi::c_void,
    ops::Range,
    ptr,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use axptr::raw;
use axptr_cases::{Handler, PAGE, PageKind, Site};
use libc::{c_int, siginfo_t};
use support::{
    front::{Front, replace_handler},
    registers::Registers,
    site::HostedSite,
};

/// A range of bytes, and how far from it its memory can be had.
struct Watched {
    start: AtomicUsize,
    len: AtomicUsize,
    alias: AtomicUsize,
}

static SRC: Watched = Watched::none();
static DST: Watched = Watched::none();

static ACCESSES: AtomicUsize = AtomicUsize::new(0);
static UNALIGNED_LOADS: AtomicUsize = AtomicUsize::new(0);
static UNALIGNED_STORES: AtomicUsize = AtomicUsize::new(0);
/// Where the last store ended.
static STORED: AtomicUsize = AtomicUsize::new(0);

impl Watched {
    const fn none() -> Self {
        Self { start: AtomicUsize::new(0), len: AtomicUsize::new(0), alias: AtomicUsize::new(0) }
    }

    fn watch(&self, range: Range<usize>, memory: *mut u8) {
        self.start.store(range.start, Relaxed);
        self.len.store(range.len(), Relaxed);
        self.alias.store(memory.expose_provenance().wrapping_sub(range.start), Relaxed);
    }

    /// Where the bytes of an access are, if all of them are in the range.
    fn memory(&self, addr: usize, size: usize) -> Option<usize> {
        let offset = addr.wrapping_sub(self.start.load(Relaxed));
        let len = self.len.load(Relaxed);
        (offset < len && size <= len - offset).then(|| addr.wrapping_add(self.alias.load(Relaxed)))
    }
}

/// Does the load or the store by hand. Not one byte outside of the ranges: that ends the process.
extern "C" fn by_hand(_signal: c_int, _info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: (1) the kernel hands a SA_SIGINFO handler a valid frame that is nobody else's.
    let mut registers = unsafe { Registers::of(context) };
    let Some(insn) = registers.insn() else { std::process::abort() };
    let side = if insn.is_store { &DST } else { &SRC };
    let Some(memory) = side.memory(insn.addr, insn.size) else { std::process::abort() };
    ACCESSES.fetch_add(1, Relaxed);
    if !insn.addr.is_multiple_of(insn.size) {
        if insn.is_store { &UNALIGNED_STORES } else { &UNALIGNED_LOADS }.fetch_add(1, Relaxed);
    }
    if insn.is_store && insn.addr < STORED.swap(insn.addr + insn.size, Relaxed) {
        // Not in ascending order.
        std::process::abort();
    }
    // SAFETY: (1) inside of the source or of the destination.
    unsafe { registers.carry_out(insn, memory) };
}

#[test]
fn accesses_are_aligned_ascending_and_inside() {
    let _front = Front::new(Handler::Full);
    let mut site = HostedSite::new(Handler::Full);
    let [src, dst] = [(), ()].map(|()| site.map(&[PageKind::Unmapped]));
    let [src_memory, dst_memory] = [src, dst].map(|page| site.window(page).expect("it has memory").as_ptr());
    for index in 0..PAGE {
        // SAFETY: one page.
        unsafe { src_memory.add(index).write((index % 251) as u8) };
    }
    let former = replace_handler(libc::SIGSEGV, by_hand);
    let mut copies = 0;
    for (number, path) in axptr::internal::cpu_paths().enumerate() {
        path.force();
        ACCESSES.store(0, Relaxed);
        UNALIGNED_LOADS.store(0, Relaxed);
        for len in (0..=26).chain([31, 40, 47, 63, 64, 65, 71, 72, 79, 100, 130, 200]) {
            for (src_at, dst_at) in (0..8).flat_map(|src| (0..8).map(move |dst| (8 + src, 8 + dst))) {
                SRC.watch(src + src_at..src + src_at + len, src_memory.wrapping_add(src_at));
                DST.watch(dst + dst_at..dst + dst_at + len, dst_memory.wrapping_add(dst_at));
                let (from, to) = (src + src_at, dst + dst_at);
                for routine in 0..4 {
                    STORED.store(0, Relaxed);
                    // SAFETY: one page.
                    unsafe { dst_memory.write_bytes(0xee, PAGE) };
                    let kernel_from = ptr::with_exposed_provenance::<u8>(from);
                    let kernel_to = ptr::with_exposed_provenance_mut::<u8>(to);
                    let outcome = match routine {
                        // SAFETY: (1), (2) pages of the test's; the handler does each access.
                        0 => unsafe { raw::copy_from_user(kernel_to, from, len) },
                        // SAFETY: as above.
                        1 => unsafe { raw::copy_to_user(to, kernel_from, len) },
                        // SAFETY: as above.
                        2 => unsafe { raw::copy_in_user(to, from, len) },
                        // SAFETY: as above.
                        _ => unsafe { raw::fill_user(to, 0x5a, len) },
                    };
                    let what = format!("{}, routine {routine}, {len} bytes, {src_at}, {dst_at}", path.name());
                    assert_eq!(outcome.left(), 0, "{what}");
                    // A value goes to kernel memory as it is, where the CPU can.
                    let is_value = number == 0 && routine == 0 && len <= 8;
                    let unaligned = UNALIGNED_STORES.swap(0, Relaxed);
                    assert!(unaligned == 0 || is_value, "{what}: {unaligned} unaligned stores");
                    for index in 0..PAGE {
                        // SAFETY: one page.
                        let byte = unsafe { dst_memory.add(index).read() };
                        let expected = match index.checked_sub(dst_at) {
                            Some(offset) if offset < len && routine == 3 => 0x5a,
                            Some(offset) if offset < len => ((src_at + offset) % 251) as u8,
                            _ => 0xee,
                        };
                        assert_eq!(byte, expected, "{what}: byte {index}");
                    }
                    copies += 1;
                }
            }
        }
        let (all, unaligned) = (ACCESSES.load(Relaxed), UNALIGNED_LOADS.load(Relaxed));
        println!("{}: {all} accesses, {unaligned} unaligned loads", path.name());
        // So the count can tell: the first path does have them.
        assert_eq!(unaligned != 0, number == 0, "{}: {unaligned} unaligned loads", path.name());
    }
    println!("{copies} copies");
    // SAFETY: the action that was there.
    unsafe { libc::sigaction(libc::SIGSEGV, &raw const former, ptr::null_mut()) };
}
