// SPDX-License-Identifier: MIT OR Apache-2.0
//! An aligned value of 2, 4 or 8 bytes is one access in every function, mode and path, on x86_64: another CPU writes, or
//! looks, between any two instructions of the call. (The other machines: `midcall`.)
//!
//! The call is single-stepped by the trap flag. What is read changes at each step, so that a value put together from two
//! accesses has bytes of both; what is written is looked at in each step, and is never half the one and half the other.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::{
    arch::asm,
    ffi::{c_int, c_void},
    mem, ptr,
    sync::atomic::{
        AtomicBool, AtomicUsize,
        Ordering::{Relaxed, SeqCst},
    },
};

use axptr::{UserConstPtr, UserPtr, nofault, raw, scope, unpredictable};

/// The user's value, and how many bytes it has.
static ADDR: AtomicUsize = AtomicUsize::new(0);
static LEN: AtomicUsize = AtomicUsize::new(0);
/// Whether it changes at each step, or is looked at.
static CHANGES: AtomicBool = AtomicBool::new(false);
static STEPS: AtomicUsize = AtomicUsize::new(0);
static TORN: AtomicBool = AtomicBool::new(false);

extern "C" fn on_step(_: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
    STEPS.fetch_add(1, Relaxed);
    let (addr, len) = (ADDR.load(Relaxed), LEN.load(Relaxed));
    let mut bytes = read(addr, len);
    if CHANGES.load(Relaxed) {
        bytes.iter_mut().for_each(|byte| *byte = !*byte);
        write(addr, &bytes[..len]);
    } else if bytes[..len].iter().any(|&byte| byte != bytes[0]) {
        TORN.store(true, Relaxed);
    }
}

fn read(addr: usize, len: usize) -> [u8; 8] {
    let mut bytes = [0; 8];
    // SAFETY: the bytes are the test's page's, and nobody else runs now.
    unsafe { ptr::with_exposed_provenance::<u8>(addr).copy_to_nonoverlapping(bytes.as_mut_ptr(), len) };
    bytes
}

fn write(addr: usize, bytes: &[u8]) {
    // SAFETY: as above.
    unsafe {
        ptr::with_exposed_provenance_mut::<u8>(addr).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
    };
}

fn at<T>(addr: usize) -> *mut T {
    ptr::with_exposed_provenance_mut(addr)
}

/// Runs `call` step by step.
fn stepped(call: impl FnOnce()) {
    STEPS.store(0, SeqCst);
    // SAFETY: the handler of SIGTRAP changes nothing that the program counts on.
    unsafe { asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq") };
    call();
    // SAFETY: as above.
    unsafe { asm!("pushfq", "and qword ptr [rsp], ~0x100", "popfq") };
    assert!(STEPS.load(SeqCst) > 3, "it was not stepped");
}

fn page() -> usize {
    // SAFETY: (1) the test passes addresses of its own mappings only, in which no Rust object is.
    unsafe { axptr::hosted::install() }.unwrap();
    // SAFETY: all zeros is an action without flags.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_flags = libc::SA_SIGINFO;
    action.sa_sigaction = on_step as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize;
    // SAFETY: a valid action, whose handler keeps its contract.
    assert_eq!(unsafe { libc::sigaction(libc::SIGTRAP, &raw const action, ptr::null_mut()) }, 0);
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a fresh mapping touches no memory of others.
    let page = unsafe { libc::mmap(ptr::null_mut(), 4096, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
    assert_ne!(page, libc::MAP_FAILED);
    page.expose_provenance()
}

type Read = fn(usize, &mut [u8]);
type Write = fn(usize, &[u8]);

/// Every way to read so many bytes. `[u8; N]` is aligned to 1: the address alone is aligned.
const READS: &[(&str, Read)] = &[
    ("copy_from_user", |addr, to| axptr::copy_from_user(to, addr).unwrap()),
    ("copy_from_user_zeroing", |addr, to| axptr::copy_from_user_zeroing(to, addr).unwrap()),
    ("nofault::copy_from_user", |addr, to| nofault::copy_from_user(to, addr).unwrap()),
    ("unpredictable::copy_from_user", |addr, to| unpredictable::copy_from_user(to, addr).unwrap()),
    ("raw::copy_from_user", |addr, to| {
        // SAFETY: (1) the slice has as many bytes; (2) the test's page.
        let outcome = unsafe { raw::copy_from_user(to.as_mut_ptr(), addr, to.len()) };
        assert_eq!(outcome.left(), 0);
    }),
    ("raw::load", |addr, to| match to.len() {
        // SAFETY: (1) the test's page; (2) bytes.
        2 => to.copy_from_slice(&unsafe { raw::load::<[u8; 2]>(at(addr)) }.unwrap()),
        // SAFETY: as above.
        4 => to.copy_from_slice(&unsafe { raw::load::<[u8; 4]>(at(addr)) }.unwrap()),
        // SAFETY: as above.
        _ => to.copy_from_slice(&unsafe { raw::load::<[u8; 8]>(at(addr)) }.unwrap()),
    }),
    ("raw::nofault::load", |addr, to| match to.len() {
        // SAFETY: as above.
        2 => to.copy_from_slice(&unsafe { raw::nofault::load::<[u8; 2]>(at(addr)) }.unwrap()),
        // SAFETY: as above.
        4 => to.copy_from_slice(&unsafe { raw::nofault::load::<[u8; 4]>(at(addr)) }.unwrap()),
        // SAFETY: as above.
        _ => to.copy_from_slice(&unsafe { raw::nofault::load::<[u8; 8]>(at(addr)) }.unwrap()),
    }),
    ("read", |addr, to| match to.len() {
        2 => to.copy_from_slice(&UserConstPtr::<[u8; 2]>::from(addr).read().unwrap()),
        4 => to.copy_from_slice(&UserConstPtr::<[u8; 4]>::from(addr).read().unwrap()),
        _ => to.copy_from_slice(&UserConstPtr::<[u8; 8]>::from(addr).read().unwrap()),
    }),
    ("scope", |addr, to| match to.len() {
        2 => to.copy_from_slice(&scope::run(UserConstPtr::<[u8; 2]>::from(addr).reading()).unwrap()),
        4 => to.copy_from_slice(&scope::run(UserConstPtr::<[u8; 4]>::from(addr).reading()).unwrap()),
        _ => to.copy_from_slice(&scope::run(UserConstPtr::<[u8; 8]>::from(addr).reading()).unwrap()),
    }),
    ("slice", |addr, to| {
        let slice = UserConstPtr::<u8>::from(addr).slice(to.len()).unwrap();
        assert_eq!(slice.read_into(to), Ok(to.len()));
    }),
    // To where it is looked at behind the call.
    ("copy_in_user", |addr, to| {
        axptr::copy_in_user(addr + 64, addr, to.len()).unwrap();
        to.copy_from_slice(&read(addr + 64, to.len())[..to.len()]);
    }),
    ("nofault::copy_in_user", |addr, to| {
        nofault::copy_in_user(addr + 64, addr, to.len()).unwrap();
        to.copy_from_slice(&read(addr + 64, to.len())[..to.len()]);
    }),
];

/// Every way to write them.
const WRITES: &[(&str, Write)] = &[
    ("copy_to_user", |addr, from| axptr::copy_to_user(addr, from).unwrap()),
    ("nofault::copy_to_user", |addr, from| nofault::copy_to_user(addr, from).unwrap()),
    ("unpredictable::copy_to_user", |addr, from| unpredictable::copy_to_user(addr, from).unwrap()),
    ("fill_user", |addr, from| axptr::fill_user(addr, from[0], from.len()).unwrap()),
    ("nofault::fill_user", |addr, from| nofault::fill_user(addr, from[0], from.len()).unwrap()),
    ("raw::store", |addr, from| match *from {
        // SAFETY: (1) the test's page; (2) bytes.
        [a, _] => unsafe { raw::store(at(addr), [a; 2]) }.unwrap(),
        // SAFETY: as above.
        [a, _, _, _] => unsafe { raw::store(at(addr), [a; 4]) }.unwrap(),
        // SAFETY: as above.
        _ => unsafe { raw::store(at(addr), [from[0]; 8]) }.unwrap(),
    }),
    ("raw::nofault::store", |addr, from| match *from {
        // SAFETY: as above.
        [a, _] => unsafe { raw::nofault::store(at(addr), [a; 2]) }.unwrap(),
        // SAFETY: as above.
        [a, _, _, _] => unsafe { raw::nofault::store(at(addr), [a; 4]) }.unwrap(),
        // SAFETY: as above.
        _ => unsafe { raw::nofault::store(at(addr), [from[0]; 8]) }.unwrap(),
    }),
    ("write", |addr, from| match *from {
        [a, _] => UserPtr::from(addr).write([a; 2]).unwrap(),
        [a, _, _, _] => UserPtr::from(addr).write([a; 4]).unwrap(),
        _ => UserPtr::from(addr).write([from[0]; 8]).unwrap(),
    }),
    ("copy_in_user", |addr, from| {
        write(addr + 64, from);
        axptr::copy_in_user(addr, addr + 64, from.len()).unwrap();
    }),
    ("nofault::copy_in_user", |addr, from| {
        write(addr + 64, from);
        nofault::copy_in_user(addr, addr + 64, from.len()).unwrap();
    }),
];

#[test]
fn an_aligned_value_is_one_access_wherever_another_cpu_is() {
    let page = page();
    for path in axptr::internal::cpu_paths() {
        path.force();
        for len in [2, 4, 8] {
            for (at, kernel) in [(page + 8, 0), (page + 256 + 7 * len, 1), (page + 4096 - 64 - len, 3)] {
                ADDR.store(at, SeqCst);
                LEN.store(len, SeqCst);
                let mut buf = [0; 16];
                CHANGES.store(true, SeqCst);
                for (name, call) in READS {
                    if at + 64 + len > page + 4096 && name.ends_with("in_user") {
                        continue;
                    }
                    write(at, &[0; 8][..len]);
                    let to = &mut buf[kernel..][..len];
                    stepped(|| call(at, to));
                    assert!(
                        to.iter().all(|byte| *byte == to[0]),
                        "{name}, {len} bytes, {}: {to:x?}",
                        path.name()
                    );
                }
                CHANGES.store(false, SeqCst);
                for (round, (name, call)) in WRITES.iter().enumerate() {
                    if at + 64 + len > page + 4096 && name.ends_with("in_user") {
                        continue;
                    }
                    write(at, &[0; 8][..len]);
                    buf.fill(round as u8 + 1);
                    let from = &buf[kernel..][..len];
                    stepped(|| call(at, from));
                    assert!(!TORN.load(SeqCst), "{name}, {len} bytes, {}: written by parts", path.name());
                    assert_eq!(read(at, len)[..len], *from, "{name}");
                }
            }
        }
    }
    axptr::internal::choose_by_cpu();
}
