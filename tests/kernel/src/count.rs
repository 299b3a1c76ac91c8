// SPDX-License-Identifier: MIT OR Apache-2.0
//! Operations between two calls of a marker, for `cargo xtask count`: it has the emulator write down every
//! instruction from here on, and finds the marker among them.
//!
//! Each operation is announced by a line, then done a few times. The first time asks for what is asked for lazily,
//! and fills the TLB; the others must all cost the same.

use alloc::boxed::Box;
use core::{arch::asm, hint::black_box};

use axptr::{AnyBitPattern, UserConstPtr, UserPtr, probe, scope};

use crate::{
    arch::{Features, window},
    byte_loop, say,
    space::{self, PAGE},
};

/// How often each is done; `xtask/src/count/trace.rs` knows it too.
const ROUNDS: usize = 3;

/// The bytes of the long operations.
const SIZES: &[usize] = &[8, 64, 512, 4096];

/// Those of values, which an aligned user side makes one access.
const VALUES: &[usize] = &[2, 4, 8];

/// What all memory holds: no byte of it ends a string.
const BYTE: u8 = b'a';

/// Where the two sides of an operation begin in their pages.
#[derive(Debug)]
struct Layout {
    name: &'static str,
    user: usize,
    kernel: usize,
}

/// No page aliasing (a distance of almost a multiple of a page), which has a path of its own on x86_64.
const MISALIGNED: Layout = Layout { name: "misaligned", user: 3, kernel: 512 + 5 };
const ALIGNED: Layout = Layout { name: "aligned", user: 0, kernel: 0 };
/// The user's side is aligned, to eight bytes and not to more; the kernel's is not.
const KERNEL_ODD: Layout = Layout { name: "kernel_odd", user: 8, kernel: 512 + 1 };

/// The two sides of an operation.
#[derive(Debug)]
struct Place<'a> {
    user: usize,
    kernel: &'a mut [u8],
    /// A user range that lies in its pages as `kernel` does, and is as long.
    other: usize,
}

/// One operation. It says whether it has succeeded.
#[derive(Debug)]
struct Operation {
    name: &'static str,
    sizes: &'static [usize],
    layouts: &'static [Layout],
    run: fn(&mut Place<'_>) -> bool,
}

/// Bytes of any number, in both layouts.
const fn bytes(name: &'static str, run: fn(&mut Place<'_>) -> bool) -> Operation {
    Operation { name, sizes: SIZES, layouts: &[ALIGNED, MISALIGNED], run }
}

/// A value in a layout.
const fn value(name: &'static str, layouts: &'static [Layout], run: fn(&mut Place<'_>) -> bool) -> Operation {
    Operation { name, sizes: VALUES, layouts, run }
}

/// What is done with one size.
const fn one(name: &'static str, sizes: &'static [usize], run: fn(&mut Place<'_>) -> bool) -> Operation {
    Operation { name, sizes, layouts: &[ALIGNED], run }
}

const OPERATIONS: &[Operation] = &[
    // What the others are compared with. Opaque, or it would be another function of the same text.
    one("nothing", &[0], |_| black_box(true)),
    bytes("byte_loop", |place| {
        // SAFETY: the slice is valid for writes of its length.
        let left = unsafe { byte_loop::copy(place.kernel.as_mut_ptr(), place.user, place.kernel.len()) };
        left == 0
    }),
    bytes("copy_from_user", copy_from_user),
    bytes("copy_to_user", copy_to_user),
    bytes("copy_in_user", copy_in_user),
    bytes("fill_user", fill_user),
    value("value_from_user", &[ALIGNED, KERNEL_ODD], copy_from_user),
    value("value_to_user", &[ALIGNED, KERNEL_ODD], copy_to_user),
    value("value_in_user", &[ALIGNED], copy_in_user),
    value("value_fill", &[ALIGNED], fill_user),
    bytes("nofault_copy_from_user", |place| axptr::nofault::copy_from_user(place.kernel, place.user).is_ok()),
    bytes("string_read", |place| UserConstPtr::<u8>::from(place.user).as_cstr().read(place.kernel).is_ok()),
    one("read", &[8], read::<u64>),
    one("write", &[4], |place| UserPtr::<u32>::from(place.user).write(7).is_ok()),
    one("read_array", &[12], read::<[u8; 12]>),
    one("read_array", &[16], read::<[u64; 2]>),
    one("read_array", &[24], read::<[u64; 3]>),
    one("read_array", &[32], read::<[u64; 4]>),
    one("read_array", &[48], read::<[u64; 6]>),
    one("read_array", &[64], read::<[u64; 8]>),
    one("read_into", &[24], |place| {
        let mut bytes = [0; 24];
        kept(UserConstPtr::<[u8; 24]>::from(place.user).read_into(&mut bytes).map(|()| bytes))
    }),
    one("scope", &[32], |place| {
        let words = UserPtr::<u64>::from(place.user);
        let [second, third, fourth] = [1, 2, 3].map(|index| words.add(index));
        kept(scope::run((words.reading(), second.reading(), third.writing(7), fourth.writing(8))))
    }),
    one("atomic_add", &[4], |place| UserPtr::<u32>::from(place.user).atomic().fetch_add(1).is_ok()),
    one("atomic_compare_exchange", &[8], |place| {
        UserPtr::<u64>::from(place.user).atomic().compare_exchange(0, 1).is_ok()
    }),
    one("probe", &[8], |place| {
        // SAFETY: (1) memory.
        kept(unsafe { probe::read::<u64>(place.kernel.as_ptr().addr()) })
    }),
];

fn copy_from_user(place: &mut Place<'_>) -> bool {
    axptr::copy_from_user(place.kernel, place.user).is_ok()
}

fn copy_to_user(place: &mut Place<'_>) -> bool {
    axptr::copy_to_user(place.user, place.kernel).is_ok()
}

fn copy_in_user(place: &mut Place<'_>) -> bool {
    axptr::copy_in_user(place.user, place.other, place.kernel.len()).is_ok()
}

fn fill_user(place: &mut Place<'_>) -> bool {
    axptr::fill_user(place.user, BYTE, place.kernel.len()).is_ok()
}

fn read<T: AnyBitPattern>(place: &mut Place<'_>) -> bool {
    kept(UserConstPtr::<T>::from(place.user).read())
}

/// Whether it is a value. That is wanted, or the compiler would drop it.
#[inline(always)]
fn kept<T, E>(value: Result<T, E>) -> bool {
    value.is_ok_and(|value| {
        black_box(&value);
        true
    })
}

/// Two pages of the kernel's.
#[repr(C, align(4096))]
struct Pages([u8; 2 * PAGE]);

/// Says that it is time, and waits for a key.
fn wait_to_be_traced() {
    say!("ready to be traced");
    while axplat::console::read_bytes(&mut [0]) == 0 {
        core::hint::spin_loop();
    }
}

/// Does all operations, with the window enforced where the CPU can.
pub fn run(features: Features) {
    // An interrupt's instructions are none of an operation's.
    crate::line::asm::disable_irqs();
    if features.window {
        // SAFETY: the line above asks for it.
        unsafe { window::enforce() };
    }
    wait_to_be_traced();
    let mut pages = Box::new(Pages([BYTE; 2 * PAGE]));
    let all = [BYTE; PAGE];
    let mut count = 0;
    for Operation { name, sizes, layouts, run } in OPERATIONS {
        for layout in *layouts {
            for &size in *sizes {
                let (user, other) = (space::RW.start() + layout.user, space::RW.page(4) + layout.kernel);
                let kernel = &mut pages.0[layout.kernel..][..size];
                kernel.fill(BYTE);
                // A string of `size` bytes, its end included.
                space::poke(user, &all);
                space::poke(user + size.saturating_sub(1), &[0]);
                say!("count: {name},{},{size}", layout.name);
                let mut place = Place { user, kernel, other };
                for _ in 0..ROUNDS {
                    // The loop opens no window itself.
                    let loops = *name == "byte_loop";
                    if loops {
                        window::open();
                    }
                    let done = between_markers(*run, &mut place);
                    if loops {
                        window::close();
                    }
                    assert!(done, "{name} of {size} bytes, {}, has failed", layout.name);
                }
                count += 1;
            }
        }
    }
    say!("axptr-kernel: {count} counted");
}

/// The same instructions around each operation.
#[inline(never)]
fn between_markers(run: fn(&mut Place<'_>) -> bool, place: &mut Place<'_>) -> bool {
    kernel_marker();
    let done = run(place);
    kernel_marker();
    done
}

/// `xtask/src/count/code.rs` finds it by its symbol.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn kernel_marker() {
    // SAFETY: does nothing; it keeps the call.
    unsafe { asm!("") };
}
