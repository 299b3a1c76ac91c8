// SPDX-License-Identifier: MIT OR Apache-2.0
//! An aligned value of 2, 4 or 8 bytes is one access in every function, mode and path, on x86_64: another CPU writes, or
//! looks, between any two instructions of the call. (The other machines: `midcall`.)
//!
//! The call is single-stepped by the trap flag. What is read changes at each step, so that a value put together from two
//! accesses has bytes of both; what is written is looked at in each step, and is never half the one and half the other.
//! In the same way a string is read once, and an atomic ends that is interfered with at each step.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::{
    arch::asm,
    ffi::{c_int, c_void},
    mem, ptr,
    sync::{
        Mutex, PoisonError,
        atomic::{
            AtomicBool, AtomicU8, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
};

use axptr::{UserConstPtr, UserPtr, atomic::AtomicError, nofault, raw, scope, unpredictable};

/// The user's value, and how many bytes it has.
static ADDR: AtomicUsize = AtomicUsize::new(0);
static LEN: AtomicUsize = AtomicUsize::new(0);
/// What happens to it at each step.
static MODE: AtomicU8 = AtomicU8::new(LOOKED_AT);
static STEPS: AtomicUsize = AtomicUsize::new(0);
static TORN: AtomicBool = AtomicBool::new(false);

/// It is looked at.
const LOOKED_AT: u8 = 0;
/// Each of its bytes gets the next value: in 256 steps it is never the same.
const CHANGES: u8 = 1;
/// It is a string, which ends elsewhere.
const ENDS_ELSEWHERE: u8 = 2;

/// A string's bytes, and how many there are at most.
const LETTER: u8 = b'a';
const LONGEST: usize = 40;

extern "C" fn on_step(_: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
    let step = STEPS.fetch_add(1, Relaxed);
    let (addr, len) = (ADDR.load(Relaxed), LEN.load(Relaxed));
    if MODE.load(Relaxed) == ENDS_ELSEWHERE {
        write(addr, &[LETTER; LONGEST]);
        write(addr + step * 7 % LONGEST, &[0]);
        return;
    }
    let mut bytes = read(addr, len);
    if MODE.load(Relaxed) == CHANGES {
        bytes.iter_mut().for_each(|byte| *byte = byte.wrapping_add(1));
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

/// The steps are the process's own: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn an_aligned_value_is_one_access_wherever_another_cpu_is() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let page = page();
    for path in axptr::internal::cpu_paths() {
        path.force();
        for len in [2, 4, 8] {
            for (at, kernel) in [(page + 8, 0), (page + 256 + 7 * len, 1), (page + 4096 - 64 - len, 3)] {
                ADDR.store(at, SeqCst);
                LEN.store(len, SeqCst);
                let mut buf = [0; 16];
                MODE.store(CHANGES, SeqCst);
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
                MODE.store(LOOKED_AT, SeqCst);
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

/// A string that was looked at twice would hold a 0 in its middle, or none at its end.
#[test]
fn a_string_is_read_once_wherever_another_cpu_is() {
    type Call = fn(usize, &mut [u8]) -> Option<usize>;
    const CALLS: &[(&str, Call)] = &[
        ("read", |addr, to| Some(UserConstPtr::<u8>::from(addr).as_cstr().read(to).unwrap().count_bytes())),
        ("nofault().read", |addr, to| {
            Some(UserConstPtr::<u8>::from(addr).as_cstr().nofault().read(to).unwrap().count_bytes())
        }),
        ("read_truncated", |addr, to| {
            Some(UserConstPtr::<u8>::from(addr).as_cstr().read_truncated(to).unwrap().0.count_bytes())
        }),
        ("read_str", |addr, to| Some(UserConstPtr::<u8>::from(addr).as_cstr().read_str(to).unwrap().len())),
        ("to_cstring", |addr, to| {
            let text = UserConstPtr::<u8>::from(addr).as_cstr().to_cstring(to.len()).unwrap();
            let bytes = text.as_bytes_with_nul();
            to[..bytes.len()].copy_from_slice(bytes);
            Some(text.count_bytes())
        }),
        ("to_string", |addr, to| {
            let text = UserConstPtr::<u8>::from(addr).as_cstr().to_string(to.len()).unwrap();
            to[..text.len()].copy_from_slice(text.as_bytes());
            to[text.len()] = 0;
            Some(text.len())
        }),
        // Its answer is a length, and no byte is handed out.
        ("len", |addr, to| {
            assert!(UserConstPtr::<u8>::from(addr).as_cstr().len(to.len()).unwrap() <= LONGEST);
            None
        }),
    ];
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let page = page();
    LEN.store(0, SeqCst);
    for path in axptr::internal::cpu_paths() {
        path.force();
        for at in [page + 8, page + 301, page + 4096 - LONGEST - 1] {
            ADDR.store(at, SeqCst);
            for (name, call) in CALLS {
                write(at, &[LETTER; LONGEST]);
                // Where it ends at the latest.
                write(at + LONGEST, &[0]);
                let mut to = [0xee; LONGEST + 1];
                let mut len = None;
                MODE.store(ENDS_ELSEWHERE, SeqCst);
                stepped(|| len = call(at, &mut to));
                let Some(len) = len else { continue };
                assert!(
                    to[..len] == [LETTER; LONGEST][..len] && to[len] == 0,
                    "{name} at {at:#x}, {}: {len} bytes of {to:x?}",
                    path.name()
                );
            }
        }
    }
    axptr::internal::choose_by_cpu();
}

/// No user keeps the kernel in a loop: here the word is another one whenever it is looked at.
#[test]
fn an_atomic_that_is_always_interfered_with_ends() {
    type Call = fn(usize) -> Result<u32, AtomicError>;
    const CALLS: &[(&str, Call)] = &[
        ("fetch_or", |addr| UserPtr::<u32>::from(addr).atomic().fetch_or(1 << 31)),
        ("fetch_and", |addr| UserPtr::<u32>::from(addr).atomic().fetch_and(!1)),
        ("fetch_xor", |addr| UserPtr::<u32>::from(addr).atomic().fetch_xor(1)),
        ("nofault().fetch_xor", |addr| UserPtr::<u32>::from(addr).nofault().atomic().fetch_xor(1)),
    ];
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let page = page();
    ADDR.store(page + 8, SeqCst);
    LEN.store(4, SeqCst);
    MODE.store(CHANGES, SeqCst);
    for (name, call) in CALLS {
        let mut answer = Ok(0);
        stepped(|| answer = call(page + 8));
        assert_eq!(answer, Err(AtomicError::Retry), "{name}");
        // A hundred times and more, of six instructions each, is enough for whoever does not do it on purpose.
        let steps = STEPS.load(SeqCst);
        assert!((600..2_000).contains(&steps), "{name}: {steps} instructions");
    }
}
