// SPDX-License-Identifier: MIT OR Apache-2.0
//! `trap::selftest` against a handler of the program's own, which asks `trap::recover` as a kernel's does: a right one
//! passes, on several threads at once; one that fails at any single fault is named, whichever of the faults it is.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::{
    ptr,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use axptr::{
    Access, FaultKind,
    trap::{HandlerError, Operands, OwnFault, Recovery, Report, Told, TrapFrame, recover, selftest},
};
use libc::{c_int, c_void, siginfo_t, ucontext_t};

/// Never mapped (vm.mmap_min_addr).
const UNMAPPED: usize = 0x40;
const PAGE: usize = 4096;

/// What the handler does wrong.
#[derive(Clone, Copy, Debug)]
enum Defect {
    /// A register comes back with another value: its place in the frame, and the value.
    Loses(c_int, i64),
    /// The cause goes into r12.
    WrongRegister,
    /// The cause goes nowhere.
    NoCause,
    /// The upper half of the cause is lost, or rather found.
    CauseAndMore,
    Kind(FaultKind),
    /// A read is taken for a write. Where that says whose memory it was, it is not.
    OtherAccess,
    /// The address is that of another page.
    Address(usize),
    /// The page is made, after all.
    Maps,
}

/// At which faults: all, or the one with this number.
#[derive(Clone, Copy, Debug)]
enum When {
    Always,
    At(usize),
}

static DEFECT: Mutex<Option<(Defect, When)>> = Mutex::new(None);
/// Faults since [`with`] has begun.
static FAULTS: AtomicUsize = AtomicUsize::new(0);

/// The faults that the test takes: 5 with known registers, one whose landing gets no cause, one whose landing gets the
/// address, 5 of routines, 4 of inlined accesses, and its own.
const QUIET: usize = 5;
const ECHO: usize = 6;
const ROUTINES: usize = 7;
const INLINED: usize = ROUTINES + 5;
const OWN: usize = INLINED + 4;

struct Frame<'a>(&'a mut [i64; 23], Option<Defect>);

impl Frame<'_> {
    fn register(&self, number: c_int) -> usize {
        self.0[number as usize] as usize
    }
}

// SAFETY: (1) to (4) the kernel restores these registers when the handler returns. With a defect they do not hold.
unsafe impl TrapFrame for Frame<'_> {
    fn pc(&self) -> usize {
        self.register(libc::REG_RIP)
    }

    fn set_pc(&mut self, pc: usize) {
        self.0[libc::REG_RIP as usize] = pc as i64;
    }

    fn set_cause(&mut self, value: usize) {
        let (register, value) = match self.1 {
            Some(Defect::NoCause) => return,
            Some(Defect::WrongRegister) => (libc::REG_R12, value),
            Some(Defect::CauseAndMore) => (libc::REG_RDX, value | 1 << 40),
            _ => (libc::REG_RDX, value),
        };
        self.0[register as usize] = value as i64;
    }

    fn operands(&self) -> Option<Operands> {
        Some(Operands { read: self.register(libc::REG_RSI), write: self.register(libc::REG_RDI) })
    }
}

extern "C" fn handler(_: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let number = FAULTS.fetch_add(1, Ordering::Relaxed);
    // No fault is taken while it is locked.
    let defect = DEFECT.lock().unwrap().and_then(|(defect, when)| match when {
        When::At(at) if at != number => None,
        _ => Some(defect),
    });
    // SAFETY: the kernel has made it for this call.
    let info = unsafe { &*info };
    // SAFETY: as above.
    let context = unsafe { &mut *context.cast::<ucontext_t>() };
    // SAFETY: SIGSEGV of an access has an address.
    let addr = unsafe { info.si_addr() }.addr();
    if let Some(Defect::Maps) = defect {
        map(addr & !(PAGE - 1), libc::MAP_FIXED);
        return;
    }
    let mut frame = Frame(&mut context.uc_mcontext.gregs, defect);
    let mut report = Report::x86_64_page_fault(frame.register(libc::REG_ERR), addr).unwrap_or_default();
    if let Some(Defect::Kind(kind)) = defect {
        report.kind = kind;
    }
    if let Some(Defect::Address(addr)) = defect {
        report.addr = Some(addr);
    }
    let right = report;
    if let Some(Defect::OtherAccess) = defect {
        report.access = report.access.map(other);
    }
    let recovers = |frame: &mut Frame<'_>, report| recover(frame, report, |_, _| false) != Recovery::NotOurs;
    if !recovers(&mut frame, report) && !recovers(&mut frame, right) && !OwnFault::step_over(&mut frame) {
        // SAFETY: ends the program.
        unsafe { libc::abort() };
    }
    if let Some(Defect::Loses(register, value)) = defect {
        frame.0[register as usize] = value;
    }
}

fn other(access: Access) -> Access {
    if access == Access::Read { Access::Write } else { Access::Read }
}

fn map(at: usize, flags: c_int) -> usize {
    let (both, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | flags);
    // SAFETY: takes nobody's memory: a new page, or one that was unmapped.
    let page = unsafe { libc::mmap(ptr::without_provenance_mut(at), PAGE, both, kind, -1, 0) };
    assert_ne!(page, libc::MAP_FAILED);
    page.addr()
}

fn unmap(page: usize) {
    // SAFETY: made by `map`, and nobody refers to it.
    assert_eq!(unsafe { libc::munmap(ptr::without_provenance_mut(page), PAGE) }, 0);
}

fn install() {
    // SAFETY: (1) the tests make no access but to page 0 and pages of their own.
    unsafe { axptr::set_user_limit(axptr::DEFAULT_USER_LIMIT) };
    // SAFETY: all zero is a value.
    let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: the handler only changes the frame.
    assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, &action, ptr::null_mut()) }, 0);
}

fn run(addr: usize) -> Result<Told, HandlerError> {
    selftest(addr, OwnFault::raise, |pc| pc)
}

/// What is said of a handler with this defect.
fn with(defect: Defect, when: When, addr: usize) -> Result<Told, HandlerError> {
    *DEFECT.lock().unwrap() = Some((defect, when));
    FAULTS.store(0, Ordering::Relaxed);
    let told = run(addr);
    *DEFECT.lock().unwrap() = None;
    told
}

/// One test: a process has one handler.
#[test]
fn a_handler_of_the_programs_own_is_judged() {
    // Without a limit even the lowest address is none.
    assert_eq!(run(0), Err(HandlerError::NotUserMemory { addr: 0, limit: 0 }));
    install();
    for addr in [0, 1, 0x40, 0xfc0, 0xfff, axptr::DEFAULT_USER_LIMIT - 64] {
        assert_eq!(run(addr), Ok(Told::Kinds), "{addr:#x}");
    }
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| (0..3000).for_each(|_| assert_eq!(run(UNMAPPED), Ok(Told::Kinds))));
        }
    });
    // Meanwhile others access the same bad address.
    let beside = |own: OwnFault| {
        (0..20_000).for_each(|_| assert!(axptr::UserConstPtr::<u8>::from(UNMAPPED).read().is_err()));
        own.raise()
    };
    assert_eq!(selftest(UNMAPPED, beside, |pc| pc), Ok(Told::Kinds));

    let mut registers = [0x1234; 23];
    assert!(!OwnFault::step_over(&mut Frame(&mut registers, None)), "any fault is its own");
    assert_eq!(registers, [0x1234; 23]);

    each_register_counts();
    each_fault_counts();
    the_access_counts();
    the_address_counts();
    a_cause_that_is_not_restored_is_noticed();
    a_count_of_lost_registers_is_noticed();
    a_page_that_comes_is_noticed();
}

fn each_register_counts() {
    const ALL: [(c_int, &str); 14] = [
        (libc::REG_RAX, "rax"),
        (libc::REG_RCX, "rcx"),
        (libc::REG_RBX, "rbx"),
        (libc::REG_RBP, "rbp"),
        (libc::REG_RSI, "rsi"),
        (libc::REG_RDI, "rdi"),
        (libc::REG_R8, "r8"),
        (libc::REG_R9, "r9"),
        (libc::REG_R10, "r10"),
        (libc::REG_R11, "r11"),
        (libc::REG_R12, "r12"),
        (libc::REG_R13, "r13"),
        (libc::REG_R14, "r14"),
        (libc::REG_R15, "r15"),
    ];
    for (place, register) in ALL {
        for value in [0, 1, -1] {
            for at in 0..ROUTINES {
                let told = with(Defect::Loses(place, value), When::At(at), UNMAPPED);
                assert_eq!(told, Err(HandlerError::Clobbered { register }), "{value} at fault {at}");
            }
        }
    }
    let told = with(Defect::WrongRegister, When::Always, UNMAPPED);
    assert_eq!(told, Err(HandlerError::WrongRegister { register: "r12" }));
}

fn each_fault_counts() {
    for at in (0..OWN).filter(|at| ![QUIET, ECHO].contains(at)) {
        let what = |defect| with(defect, When::At(at), UNMAPPED);
        let told = FaultKind::Permission;
        assert_eq!(what(Defect::Kind(told)), Err(HandlerError::WrongKind { told }), "fault {at}");
        assert_eq!(what(Defect::Kind(FaultKind::Unknown)), Ok(Told::Nothing), "fault {at}");
        assert_eq!(what(Defect::NoCause), Ok(Told::Nothing), "fault {at}");
        let told = what(Defect::CauseAndMore);
        assert_eq!(told, Err(HandlerError::Clobbered { register: "rdx" }), "fault {at}");
    }
}

fn the_access_counts() {
    // Not where an instruction has two sides, nor of an atomic.
    for (at, made) in [
        (0, Access::Read),
        (1, Access::Read),
        (3, Access::Write),
        (INLINED, Access::Read),
        (INLINED + 1, Access::Read),
        (INLINED + 2, Access::Write),
    ] {
        let told = with(Defect::OtherAccess, When::At(at), UNMAPPED);
        assert_eq!(told, Err(HandlerError::WrongAccess { made }), "fault {at}");
    }
}

fn the_address_counts() {
    for told in [PAGE, PAGE + UNMAPPED, usize::MAX] {
        let wrong = with(Defect::Address(told), When::At(ECHO), UNMAPPED);
        assert_eq!(wrong, Err(HandlerError::WrongAddress { told, made: UNMAPPED }), "{told:#x}");
    }
    // Another byte of the page is the same to a pager.
    assert_eq!(with(Defect::Address(8), When::At(ECHO), UNMAPPED), Ok(Told::Kinds));
}

/// Where a cause is told, it hides what the register holds.
fn a_cause_that_is_not_restored_is_noticed() {
    for value in [0, 1, -1, 0x1_0102] {
        let told = with(Defect::Loses(libc::REG_RDX, value), When::At(QUIET), UNMAPPED);
        assert_eq!(told, Err(HandlerError::Clobbered { register: "rdx" }), "{value:#x}");
    }
}

fn a_count_of_lost_registers_is_noticed() {
    for at in ROUTINES..INLINED {
        let told = with(Defect::Loses(libc::REG_RCX, 1), When::At(at), UNMAPPED);
        assert!(
            matches!(told, Err(HandlerError::WrongCount { left: 1, of: 64, .. })),
            "fault {at}: {told:?}"
        );
    }
}

fn a_page_that_comes_is_noticed() {
    let page = map(0, 0);
    unmap(page);
    for at in 0..=OWN {
        let told = with(Defect::Maps, When::At(at), page);
        let right = match told {
            Err(HandlerError::Accessible { addr }) => at < OWN && addr == page,
            // A string ends at its first byte.
            Err(HandlerError::WrongCount { left, of, .. }) => left < of && (ROUTINES..INLINED).contains(&at),
            Err(HandlerError::OwnFaultLost) => at == OWN,
            _ => false,
        };
        assert!(right, "fault {at}: {told:?}");
        unmap(page);
    }
}
