// SPDX-License-Identifier: MIT OR Apache-2.0
//! Strings, the table's lookup, and faults.

use std::{ffi::c_int, hint::black_box, mem, ptr};

use axptr::{
    Access, AddressSpace, UserConstPtr, UserRange,
    extable::{Entry, Table},
};

use super::{
    measure::{Candidate, Effort, Numbers, compare},
    space::{AREAS, Space},
    yardstick,
};

/// How much further apart the strings' copies are than they would be.
const APART: usize = 1024;

/// Strings of these many bytes, the terminator included.
pub(super) fn strings(effort: Effort) {
    for size in [32, 256, 4096] {
        let mut text = vec![b'x'; size];
        text[size - 1] = 0;
        let addr = text.as_ptr().expose_provenance();
        let string = || UserConstPtr::<u8>::from(black_box(addr)).as_cstr();
        let mut bufs = [const { Vec::new() }; 3];
        // An allocation of 4 KiB lies 16 bytes behind the one before, modulo 4 KiB: there loads wait for stores that
        // have nothing to do with them.
        bufs.fill(vec![0_u8; APART + size]);
        let [ours, bytes, libcs] = bufs.each_mut().map(|buf| &mut buf[APART..]);
        assert_eq!(string().read(ours).expect("it is there").count_bytes(), size - 1);
        assert_eq!(yardstick::copy_string(bytes, addr), size);
        let candidates: Vec<Candidate<'_>> = vec![
            (
                "axptr",
                Box::new(|times| {
                    (0..times).for_each(|_| {
                        black_box(string().read(ours).is_ok());
                    });
                }),
            ),
            (
                "byte loop",
                Box::new(|times| {
                    (0..times).for_each(|_| {
                        black_box(yardstick::copy_string(bytes, black_box(addr)));
                    });
                }),
            ),
            (
                "libc",
                Box::new(|times| {
                    for _ in 0..times {
                        let src = ptr::with_exposed_provenance(black_box(addr));
                        // SAFETY: the buffer is as large as the string.
                        black_box(unsafe { libc::memccpy(libcs.as_mut_ptr().cast(), src, 0, size) });
                    }
                }),
            ),
        ];
        compare(effort, "string copy", size, 1, candidates);
        assert_eq!((string().len(size), yardstick::scan_string(addr, size)), (Ok(size - 1), size - 1));
        let candidates: Vec<Candidate<'_>> = vec![
            (
                "axptr",
                Box::new(|times| {
                    (0..times).for_each(|_| {
                        black_box(string().len(size).is_ok());
                    });
                }),
            ),
            (
                "byte loop",
                Box::new(|times| {
                    (0..times).for_each(|_| {
                        black_box(yardstick::scan_string(black_box(addr), size));
                    });
                }),
            ),
            (
                "libc",
                Box::new(|times| {
                    for _ in 0..times {
                        // SAFETY: it ends with its terminator.
                        black_box(unsafe { libc::strlen(ptr::with_exposed_provenance(black_box(addr))) });
                    }
                }),
            ),
        ];
        compare(effort, "string length", size, 1, candidates);
    }
}

/// A read of 8 bytes in the last of so many areas; what the earlier axptr does is to ask the areas, and then to populate
/// the page, before each access.
pub(super) fn checks(effort: Effort) {
    for count in AREAS {
        let (mut region, mut walked) = (Space::new(count), Space::new(count));
        let (in_range, in_region, behind_walk) =
            (Space::new(count).last().addr(), region.last().addr(), walked.last().addr());
        let candidates: Vec<Candidate<'_>> = vec![
            (
                "axptr",
                Box::new(move |times| {
                    for _ in 0..times {
                        let ptr = UserConstPtr::<u64>::from(black_box(in_range));
                        black_box(ptr.read().expect("it is there"));
                    }
                }),
            ),
            (
                "axptr region",
                Box::new(move |times| {
                    for _ in 0..times {
                        let ptr = UserConstPtr::<u64>::from(black_box(in_region));
                        black_box(ptr.read_in(&mut region).expect("it is there"));
                    }
                }),
            ),
            (
                "walk and populate",
                Box::new(move |times| {
                    for _ in 0..times {
                        let addr = black_box(behind_walk);
                        let range =
                            UserRange::new(addr, size_of::<u64>()).expect("the bench knows its memory");
                        let permitted = walked.check_region_access(range, Access::Read);
                        assert!(
                            permitted && walked.handle_fault(addr, Access::Read),
                            "it is in the last area"
                        );
                        // SAFETY: it is the bench's page.
                        black_box(unsafe { ptr::with_exposed_provenance::<u64>(addr).read_volatile() });
                    }
                }),
            ),
        ];
        compare(effort, "check", count, 1, candidates);
    }
}

/// Tables of so many entries.
pub(super) fn lookups(effort: Effort) {
    for count in [16, 256, 4096, 65_536] {
        // As an assembler lays them out: an instruction every 16 bytes, relative to its entry; then landing and flags.
        let entries: Vec<[i32; 2]> = (0..count).map(|index| [(index * 8) as i32, 1 << 16 | 4]).collect();
        let bounds = entries.as_ptr_range();
        let (start, end) = (bounds.start.cast::<Entry>(), bounds.end.cast::<Entry>());
        // SAFETY: (1) it stays as it is for as long as the table; (2) laid out as macros do, and nobody jumps.
        let table = unsafe { Table::from_raw(start, end) }.expect("whole entries");
        assert_eq!(table.check(None), Ok(()));
        let mut numbers = Numbers(1);
        let pcs: Vec<usize> = (0..1024).map(|_| start.addr() + 16 * numbers.below(count)).collect();
        let linear = |pc| table.entries().iter().find(|entry| entry.insn() == pc);
        assert!(pcs.iter().all(|&pc| table.find(pc).map(Entry::insn) == linear(pc).map(Entry::insn)));
        let some = |search: &dyn Fn(usize) -> bool, times: usize| {
            for index in 0..times {
                black_box(search(black_box(pcs[index % pcs.len()])));
            }
        };
        let candidates: Vec<Candidate<'_>> = vec![
            ("axptr", Box::new(|times| some(&|pc| table.find(pc).is_some(), times))),
            ("linear", Box::new(|times| some(&|pc| linear(pc).is_some(), times))),
        ];
        compare(effort, "lookup", count, 1, candidates);
    }
}

std::arch::global_asm!(
    ".text",
    ".globl bench_fault, bench_fault_landing",
    // rdi: where nothing is mapped.
    "bench_fault:",
    "mov rax, qword ptr [rdi]",
    "bench_fault_landing:",
    "ret",
);

unsafe extern "C" {
    fn bench_fault(addr: usize);
    safe static bench_fault_landing: u8;
}

/// The least that a handler can do: it goes on behind the load.
extern "C" fn minimal(_: c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let context = context.cast::<libc::ucontext_t>();
    // SAFETY: the kernel passes the context of what it stopped.
    let context = unsafe { &mut *context };
    context.uc_mcontext.gregs[libc::REG_RIP as usize] = (&raw const bench_fault_landing).addr() as i64;
}

/// The action of SIGSEGV: sets it if there is a new one, and returns the former one.
fn handler_of_sigsegv(new: Option<&libc::sigaction>) -> libc::sigaction {
    // SAFETY: all zero is a `sigaction`.
    let mut old: libc::sigaction = unsafe { mem::zeroed() };
    let new = new.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: both are null or a `sigaction`; the handlers are ones for SA_SIGINFO.
    let done = unsafe { libc::sigaction(libc::SIGSEGV, new, &raw mut old) };
    assert_eq!(done, 0, "SIGSEGV has a handler");
    old
}

/// The action of [`minimal`].
fn least(flags: c_int) -> libc::sigaction {
    // SAFETY: all zero is a `sigaction`.
    let mut least: libc::sigaction = unsafe { mem::zeroed() };
    least.sa_sigaction = minimal as *const () as usize;
    least.sa_flags = flags;
    least
}

/// A fault that is not axptr's and has a handler of its own, which goes on behind the load: with axptr's in front of that
/// handler, and alone.
pub(super) fn foreign_traps(effort: Effort) {
    let addr = page_that_forbids();
    let before = handler_of_sigsegv(None);
    let alone = least(before.sa_flags);
    handler_of_sigsegv(Some(&alone));
    // SAFETY: (1) as at the start.
    unsafe { axptr::hosted::install() }.expect("a process can have signal handlers");
    let in_front = handler_of_sigsegv(Some(&before));
    let batch = |action: libc::sigaction| {
        move |times| {
            let before = handler_of_sigsegv(Some(&action));
            for _ in 0..times {
                // SAFETY: it faults, and the handler goes on behind the load.
                unsafe { bench_fault(black_box(addr)) };
            }
            handler_of_sigsegv(Some(&before));
        }
    };
    let candidates: Vec<Candidate<'_>> =
        vec![("axptr", Box::new(batch(in_front))), ("handler alone", Box::new(batch(alone)))];
    let slow = Effort { nanoseconds: effort.nanoseconds * 4.0, ..effort };
    compare(slow, "foreign trap", 8, 1, candidates);
}

/// The address of a page that nobody may read.
fn page_that_forbids() -> usize {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping, at an address of the kernel's choice.
    let page = unsafe { libc::mmap(ptr::null_mut(), 4096, libc::PROT_NONE, flags, -1, 0) };
    assert_ne!(page, libc::MAP_FAILED, "no memory");
    page.expose_provenance()
}

/// A read of 8 bytes that are not there.
pub(super) fn faults(effort: Effort) {
    let addr = page_that_forbids();
    let ours = handler_of_sigsegv(None);
    let least = least(ours.sa_flags);
    let candidates: Vec<Candidate<'_>> = vec![
        (
            "axptr",
            Box::new(move |times| {
                let ptr = UserConstPtr::<u64>::from(addr);
                (0..times).for_each(|_| assert!(black_box(ptr).read_slice(&mut [0]).is_err()));
            }),
        ),
        (
            "minimal handler",
            Box::new(move |times| {
                let ours = handler_of_sigsegv(Some(&least));
                for _ in 0..times {
                    // SAFETY: it faults, and the handler goes on behind the load.
                    unsafe { bench_fault(black_box(addr)) };
                }
                handler_of_sigsegv(Some(&ours));
            }),
        ),
    ];
    let slow = Effort { nanoseconds: effort.nanoseconds * 4.0, ..effort };
    compare(slow, "hosted fault", 8, 1, candidates);
}
