// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages that go away between any two accesses of one call, and how many accesses a value takes.
//!
//! User pages permit nothing here, so each access to them is a signal, and the handler does it by hand: it can
//! refuse from the one on that it is told. So what a second thread meets once in a million calls is tried at each
//! access. On x86_64 that takes single steps instead, because an instruction may touch many bytes there.

#![cfg(all(target_os = "linux", not(target_arch = "x86_64")))]

#[expect(dead_code, reason = "the sweep needs more of it")]
mod support;

use std::{
    ffi::c_void,
    ptr,
    sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed},
};

use axptr::{Access, FaultKind, raw};
use axptr_cases::{Handler, PAGE, PageKind, Site};
use libc::{c_int, siginfo_t};
use support::{
    front::{Front, replace_handler},
    registers::Registers,
    site::HostedSite,
};

/// Two pages of user memory: where they are, and where their memory can be had.
struct Pages {
    start: AtomicUsize,
    memory: AtomicUsize,
}

static SRC: Pages = Pages { start: AtomicUsize::new(0), memory: AtomicUsize::new(0) };
static DST: Pages = Pages { start: AtomicUsize::new(0), memory: AtomicUsize::new(0) };

/// Accesses to user memory so far, and the first one that is refused.
static ACCESSES: AtomicUsize = AtomicUsize::new(0);
static REFUSED_FROM: AtomicUsize = AtomicUsize::new(usize::MAX);
/// How many bytes the last refused one was of.
static REFUSED: AtomicUsize = AtomicUsize::new(0);
static HOW: AtomicU8 = AtomicU8::new(0);

/// What happens at the chosen access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum How {
    /// All pages go, for good.
    Gone,
    /// Every second page of two goes.
    SecondGone,
    /// All pages go, and are back at the next access.
    Away,
    /// As above, and the cause may end inside a page.
    Struck,
    /// As the first, and the cause may end inside a page.
    Damaged,
}

const HOWS: [How; 5] = [How::Gone, How::SecondGone, How::Away, How::Struck, How::Damaged];

impl Pages {
    fn new(&self, site: &mut HostedSite) {
        let start = site.map(&[PageKind::Unmapped; 2]);
        let memory = site.window(start).expect("it has memory");
        self.start.store(start, Relaxed);
        self.memory.store(memory.as_ptr().expose_provenance(), Relaxed);
    }

    fn start(&self) -> usize {
        self.start.load(Relaxed)
    }

    /// Where the byte at `offset` of the pages is.
    fn memory(&self, offset: usize) -> *mut u8 {
        ptr::with_exposed_provenance_mut(self.memory.load(Relaxed) + offset)
    }

    fn bytes(&self, offset: usize, len: usize) -> Vec<u8> {
        assert!(offset + len <= 2 * PAGE);
        let mut bytes = vec![0; len];
        // SAFETY: inside of the pages' memory, which nobody else uses now.
        unsafe { self.memory(offset).copy_to_nonoverlapping(bytes.as_mut_ptr(), len) };
        bytes
    }

    fn put(&self, offset: usize, bytes: &[u8]) {
        assert!(offset + bytes.len() <= 2 * PAGE);
        // SAFETY: as above.
        unsafe { self.memory(offset).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }
}

/// Does the load or the store, or refuses it. What it does not know ends the process.
extern "C" fn by_hand(_signal: c_int, _info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: (1) the kernel hands a SA_SIGINFO handler a valid frame that is nobody else's.
    let mut registers = unsafe { Registers::of(context) };
    let at = registers.pc();
    let Some(insn) = registers.insn() else { std::process::abort() };
    let side = if insn.is_store { &DST } else { &SRC };
    let offset = insn.addr.wrapping_sub(side.start());
    if offset > 2 * PAGE - insn.size {
        std::process::abort();
    }
    let now = ACCESSES.fetch_add(1, Relaxed);
    let is_due = now >= REFUSED_FROM.load(Relaxed);
    let is_first = now == REFUSED_FROM.load(Relaxed);
    let touches_second = offset + insn.size > PAGE;
    let how = HOWS[usize::from(HOW.load(Relaxed))];
    let refused = match how {
        How::Gone | How::Damaged => is_due,
        How::SecondGone => is_due && touches_second,
        How::Away | How::Struck => is_first,
    };
    if refused {
        REFUSED.store(insn.size, Relaxed);
        let access = if insn.is_store { Access::Write } else { Access::Read };
        let ends_anywhere = matches!(how, How::Struck | How::Damaged);
        let kind = if ends_anywhere { FaultKind::Misaligned } else { FaultKind::NotPresent };
        let Some(landing) = axptr::extable::lookup(at, Some(access), kind) else { std::process::abort() };
        registers.set_pc(landing.pc());
        registers.set_cause(landing.cause());
        return;
    }
    // SAFETY: (1) inside of the pages' memory.
    unsafe { registers.carry_out(insn, side.memory(offset).addr()) };
}

const FILL: u8 = 0x5a;
const CANARY: u8 = 0xee;
const ROUTINES: [&str; 4] = ["copy_from_user", "copy_to_user", "copy_in_user", "fill_user"];

#[repr(align(64))]
struct Kernel([u8; 1024]);

/// One call: the offset of the user's sides in their pages, and of the kernel's.
#[derive(Clone, Copy, Debug)]
struct Call {
    routine: usize,
    len: usize,
    src: usize,
    dst: usize,
}

impl Call {
    /// What is left, with every byte of the destination checked against it.
    fn run(self, kernel: &mut Kernel, refused_from: usize, how: How) -> usize {
        const MARGIN: usize = 16;
        let Self { routine, len, src, dst } = self;
        let number = HOWS.iter().position(|known| *known == how).expect("one of them");
        HOW.store(number as u8, Relaxed);
        REFUSED_FROM.store(refused_from, Relaxed);
        ACCESSES.store(0, Relaxed);
        let source: Vec<u8> = (0..len).map(|index| 1 + ((src + index) % 101) as u8).collect();
        match routine {
            0 | 2 => SRC.put(src, &source),
            1 => kernel.0[src..src + len].copy_from_slice(&source),
            _ => {}
        }
        if routine == 0 {
            kernel.0.fill(CANARY);
        } else {
            DST.put(dst - MARGIN, &vec![CANARY; len + 2 * MARGIN]);
        }
        let (user_src, user_dst) = (SRC.start() + src, DST.start() + dst);
        let outcome = match routine {
            // SAFETY: (1) a part of `kernel`; (2) pages of the test's.
            0 => unsafe { raw::copy_from_user(kernel.0[dst..].as_mut_ptr(), user_src, len) },
            // SAFETY: as above.
            1 => unsafe { raw::copy_to_user(user_dst, kernel.0[src..].as_ptr(), len) },
            // SAFETY: as above.
            2 => unsafe { raw::copy_in_user(user_dst, user_src, len) },
            // SAFETY: as above.
            _ => unsafe { raw::fill_user(user_dst, FILL, len) },
        };
        let done = len - outcome.left();
        let found = match routine {
            0 => kernel.0[dst - MARGIN..dst + len + MARGIN].to_vec(),
            _ => DST.bytes(dst - MARGIN, len + 2 * MARGIN),
        };
        let mut expected = vec![CANARY; len + 2 * MARGIN];
        let fill = vec![FILL; len];
        let all = if routine == 3 { &fill } else { &source };
        expected[MARGIN..MARGIN + done].copy_from_slice(&all[..done]);
        let wrong = found.iter().zip(&expected).position(|(found, expected)| found != expected);
        let name = ROUTINES[routine];
        assert!(
            wrong.is_none(),
            "{name} {self:?}, {how:?} at access {refused_from}: {done} done, byte {} is wrong",
            wrong.unwrap_or_default() as isize - MARGIN as isize
        );
        let first_in_second = |at: usize| PAGE.saturating_sub(at);
        let edge = match routine {
            0 => first_in_second(src),
            2 => first_in_second(src).min(first_in_second(dst)),
            _ => first_in_second(dst),
        };
        match how {
            // The bytes are there, one by one.
            How::Struck if REFUSED.load(Relaxed) > 1 => {
                assert_eq!(done, len, "{name} {self:?}, struck at access {refused_from}")
            }
            How::SecondGone if refused_from == 0 => {
                assert_eq!(done, len.min(edge), "{name} {self:?}, without the second page");
            }
            How::Gone | How::Damaged if refused_from == 0 => assert_eq!(done, 0, "{name} {self:?}"),
            _ => {}
        }
        outcome.left()
    }
}

/// Runs `f` with user pages whose accesses the handler does.
fn with_pages(f: impl FnOnce(&mut Kernel)) {
    let _front = Front::new(Handler::Full);
    let mut site = HostedSite::new(Handler::Full);
    SRC.new(&mut site);
    DST.new(&mut site);
    let former = replace_handler(libc::SIGSEGV, by_hand);
    f(&mut Kernel([0; 1024]));
    // SAFETY: the action that was there.
    unsafe { libc::sigaction(libc::SIGSEGV, &raw const former, ptr::null_mut()) };
}

#[test]
fn every_count_is_exact_whichever_access_the_pages_go_at() {
    let lens = (1..=20).chain([24, 31, 33, 40, 47, 63, 64, 65, 71, 79, 80, 81, 95, 112, 128, 130, 145, 200]);
    let lens: Vec<_> = lens.collect();
    with_pages(|kernel| {
        let mut calls = 0;
        for (number, path) in axptr::internal::cpu_paths().enumerate() {
            path.force();
            for (&len, routine) in lens.iter().flat_map(|len| (0..4).map(move |routine| (len, routine))) {
                for (index, (src, dst)) in
                    [(0, 0), (0, 5), (3, 0), (1, 6), (7, 7), (4, 2)].into_iter().enumerate()
                {
                    // User sides begin before an edge, in front of which lie few bytes or many.
                    let before = [8, 24, 72][(index + len + number) % 3];
                    let user = PAGE - before;
                    let (src, dst) = match routine {
                        0 => (user + src, 64 + dst),
                        1 => (64 + src, user + dst),
                        _ => (user + src, user + dst),
                    };
                    let call = Call { routine, len, src, dst };
                    assert_eq!(call.run(kernel, usize::MAX, How::Gone), 0, "{call:?}");
                    let accesses = ACCESSES.load(Relaxed);
                    // What `races/each_access` has not: ends inside a page, and of one page of two.
                    for how in [How::SecondGone, How::Struck, How::Damaged] {
                        for access in 0..accesses {
                            call.run(kernel, access, how);
                            calls += 1;
                        }
                    }
                }
            }
        }
        println!("{calls} calls");
    });
}

/// The user's side decides, and in user space both; the kernel's may lie anywhere.
#[test]
fn an_aligned_value_is_one_access_in_every_routine() {
    with_pages(|kernel| {
        for path in axptr::internal::cpu_paths() {
            path.force();
            for (routine, len) in (0..4).flat_map(|routine| [1, 2, 4, 8].map(|len| (routine, len))) {
                for user in (0..8).step_by(len) {
                    for other in 0..8 {
                        let (src, dst) = match routine {
                            0 => (64 + user, 64 + other),
                            1 => (64 + other, 64 + user),
                            2 if other % len != 0 => continue,
                            _ => (64 + other, 64 + user),
                        };
                        let call = Call { routine, len, src, dst };
                        assert_eq!(call.run(kernel, usize::MAX, How::Gone), 0, "{call:?}");
                        let expected = if routine == 2 { 2 } else { 1 };
                        let accesses = ACCESSES.load(Relaxed);
                        assert_eq!(accesses, expected, "{} {call:?}, {}", ROUTINES[routine], path.name());
                    }
                }
            }
        }
    });
}

/// In the value's own width, wherever the address is; the bits are the ones that are there.
#[test]
fn an_aligned_value_by_raw_pointer_is_one_access() {
    fn of<T: Copy + PartialEq + std::fmt::Debug>(values: [T; 2]) {
        let size = size_of::<T>();
        for at in (0..64).step_by(size) {
            // SAFETY: as many bytes, and no padding.
            let bytes = unsafe { std::slice::from_raw_parts(ptr::from_ref(&values[0]).cast(), size) };
            SRC.put(64 + at, bytes);
            DST.put(64 + at, &[CANARY; 8]);
            let from = ptr::with_exposed_provenance::<T>(SRC.start() + 64 + at);
            let to = ptr::with_exposed_provenance_mut::<T>(DST.start() + 64 + at);
            for nofault in [false, true] {
                ACCESSES.store(0, Relaxed);
                // SAFETY: (1) pages of the test's; the handler does each access; (2) an integer.
                let loaded = unsafe { if nofault { raw::nofault::load(from) } else { raw::load(from) } };
                assert_eq!(loaded.map_err(|_| ()), Ok(values[0]), "{size} bytes");
                assert_eq!(ACCESSES.swap(0, Relaxed), 1, "a load of {size} bytes");
                let value = values[usize::from(nofault)];
                // SAFETY: as above.
                let stored =
                    unsafe { if nofault { raw::nofault::store(to, value) } else { raw::store(to, value) } };
                assert!(stored.is_ok());
                assert_eq!(ACCESSES.load(Relaxed), 1, "a store of {size} bytes");
                // SAFETY: as many bytes, and no padding.
                let bytes = unsafe { std::slice::from_raw_parts(ptr::from_ref(&value).cast(), size) };
                assert_eq!(DST.bytes(64 + at, 8)[..size], *bytes);
                assert_eq!(DST.bytes(64 + at, 8)[size..], [CANARY; 8][size..]);
            }
        }
    }
    with_pages(|_| {
        of([0x5a_u8, 0xa6]);
        of([0x1234_u16, 0xfedc]);
        of([0x1234_5678_u32, 0xfedc_ba98]);
        of([0x1234_5678_9abc_def0_u64, 0xfedc_ba98_7654_3210]);
    });
}
