// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages that go away after a chosen instruction: each one of each call, by the trap flag.
//!
//! A call runs on a stack of its own and stops at its first access to user memory, whose pages are all away. From
//! there on it is stepped. What it is at a step - registers, stack, target - is taken down. Then pages go away and
//! the call runs to its end from there, once for each set of pages and each way in which they come back; each time it
//! is put back to the step. Where pages make no difference any more, nothing is left to step through.

use std::{
    arch::global_asm,
    cell::{Cell, UnsafeCell},
    ffi::c_void,
    mem::{MaybeUninit, transmute},
    ptr,
    sync::atomic::{
        AtomicU8, AtomicUsize,
        Ordering::{Relaxed, SeqCst},
    },
    time::Instant,
};

use axptr::extable::Table;
use libc::{REG_EFL, REG_RIP, REG_RSP, c_int, siginfo_t, ucontext_t};

use crate::{
    Numbers, is_long,
    model::{ALL, Case, Findings, Pages, Scene, lengths},
    one_test,
    operations::{self, Call, Operation, Stop},
};

// races_start(rdi function, rsi argument, rdx stack): calls it there.
// races_resume(): goes on with what was taken down.
// Both return when the function has, or when the handler leads to races_leave.
global_asm!(
    ".pushsection .text.races, \"ax\", @progbits",
    ".macro races_leave_room",
    "push rbx",
    "push rbp",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "mov [rip + {stack}], rsp",
    ".endm",
    "races_start:",
    "races_leave_room",
    "mov rsp, rdx",
    "mov rax, rdi",
    "mov rdi, rsi",
    "call rax",
    "races_leave:",
    "mov rsp, [rip + {stack}]",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbp",
    "pop rbx",
    "ret",
    "races_resume:",
    "races_leave_room",
    "int3",                             // the handler puts other registers in the place of these
    "ud2",
    ".purgem races_leave_room",
    ".popsection",
    stack = sym CALLER,
);

unsafe extern "C" {
    fn races_start(function: extern "C" fn(*const c_void), argument: *const c_void, stack: usize);
    fn races_resume();
    safe static races_leave: u8;
}

/// Where the stack of who called `races_start` or `races_resume` is.
static CALLER: AtomicUsize = AtomicUsize::new(0);

/// A call, and how it ended.
struct Job {
    run: fn(Call) -> Result<(), Stop>,
    call: Call,
    result: Cell<Option<Result<(), Stop>>>,
}

extern "C" fn work(job: *const c_void) {
    // SAFETY: `Stepper::start` passes one, which outlives the call.
    let job = unsafe { &*job.cast::<Job>() };
    job.result.set(Some((job.run)(job.call)));
}

const STACK: usize = 256 << 10;
/// Below the stack pointer (System V ABI).
const RED_ZONE: usize = 128;
/// Room for the widest vector registers.
const VECTORS: usize = 16 << 10;

/// What the call is at a step.
struct Snapshot {
    registers: [i64; 23],
    vectors: Box<[u8]>,
    stack: Box<[u8]>,
    stack_len: usize,
}

struct Shared(UnsafeCell<Option<Snapshot>>, UnsafeCell<Option<Scene>>);

// SAFETY: one thread has them, that of `THREAD`, which its own handlers interrupt only where it waits for them.
unsafe impl Sync for Shared {}

static SHARED: Shared = Shared(UnsafeCell::new(None), UnsafeCell::new(None));
static STACK_END: AtomicUsize = AtomicUsize::new(0);
/// The one whose signals are ours.
static THREAD: AtomicUsize = AtomicUsize::new(0);
/// What the next signal means.
static MODE: AtomicU8 = AtomicU8::new(IDLE);
/// What it means after a resumption.
static NEXT: AtomicU8 = AtomicU8::new(IDLE);
static FORMER: AtomicUsize = AtomicUsize::new(0);

/// Nothing.
const IDLE: u8 = 0;
/// The first access: to be taken down.
const FIRST: u8 = 1;
/// An instruction has been done: to be taken down.
const STEP: u8 = 2;
/// A fault, for the handler that was there.
const RUN: u8 = 3;
/// What was taken down is to be gone on with.
const RESUME: u8 = 4;

/// When pages come back: the low byte of a way.
const NEVER: u8 = 0;
/// At the fault. A number above 1 takes them away again, so many instructions less one after it.
const AT_THE_FAULT: u8 = 1;

static WAY: AtomicU8 = AtomicU8::new(NEVER);
/// The pages that go away, and those that are.
static AWAY: AtomicU8 = AtomicU8::new(0);
static AWAY_NOW: AtomicU8 = AtomicU8::new(0);

const TRAP_FLAG: i64 = 1 << 8;

fn is_ours() -> bool {
    // SAFETY: asks for a number.
    let thread = unsafe { libc::gettid() };
    THREAD.load(Relaxed) == thread as usize
}

fn scene() -> Scene {
    // SAFETY: written before a handler can run.
    let scene = unsafe { *SHARED.1.get() };
    scene.unwrap_or_else(|| std::process::abort())
}

fn snapshot() -> &'static mut Snapshot {
    // SAFETY: made before a handler can run; the callers, all of one thread, let go of it before another asks.
    let snapshot = unsafe { &mut *SHARED.0.get() };
    match snapshot {
        Some(snapshot) => snapshot,
        None => std::process::abort(),
    }
}

/// The saved vector registers of a signal frame.
fn vectors(context: &ucontext_t) -> &'static mut [u8] {
    /// Where the area says how long it is (`struct _fpx_sw_bytes` of the kernel's interface).
    const LEN_AT: usize = 464 + 16;
    let start = context.uc_mcontext.fpregs.cast::<u8>();
    // SAFETY: the kernel has put the area there, and its length within.
    let len = unsafe { start.wrapping_add(LEN_AT).cast::<u32>().read_unaligned() };
    let len = (len as usize).clamp(512, VECTORS);
    // SAFETY: as above; the frame is nobody else's until the handler returns.
    unsafe { std::slice::from_raw_parts_mut(start, len) }
}

fn take_down(context: &mut ucontext_t) {
    let snapshot = snapshot();
    let registers = &mut context.uc_mcontext.gregs;
    registers[REG_EFL as usize] &= !TRAP_FLAG;
    snapshot.registers = *registers;
    let bottom = registers[REG_RSP as usize] as usize - RED_ZONE;
    snapshot.stack_len = STACK_END.load(Relaxed) - bottom;
    if snapshot.stack_len > STACK / 2 {
        std::process::abort();
    }
    let from = ptr::with_exposed_provenance::<u8>(bottom);
    // SAFETY: from there to its end the stack holds the call.
    unsafe { from.copy_to_nonoverlapping(snapshot.stack.as_mut_ptr(), snapshot.stack_len) };
    // Back to who waits for it.
    registers[REG_RIP as usize] = (&raw const races_leave).addr() as i64;
    let now = vectors(context);
    snapshot.vectors[..now.len()].copy_from_slice(now);
    MODE.store(IDLE, Relaxed);
}

extern "C" fn on_trap(_signal: c_int, _info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel hands a SA_SIGINFO handler a valid frame that is nobody else's.
    let context = unsafe { &mut *context.cast::<ucontext_t>() };
    match MODE.load(Relaxed) {
        STEP => take_down(context),
        RESUME => {
            let snapshot = snapshot();
            let now = vectors(context);
            now.copy_from_slice(&snapshot.vectors[..now.len()]);
            context.uc_mcontext.gregs = snapshot.registers;
            let next = NEXT.load(Relaxed);
            if next == STEP {
                context.uc_mcontext.gregs[REG_EFL as usize] |= TRAP_FLAG;
            }
            MODE.store(next, Relaxed);
        }
        RUN => {
            // After a fault: at the last of these instructions the pages go again.
            let left = WAY.load(Relaxed) - 1;
            WAY.store(left, Relaxed);
            if left <= AT_THE_FAULT {
                context.uc_mcontext.gregs[REG_EFL as usize] &= !TRAP_FLAG;
                WAY.store(NEVER, Relaxed);
                scene().take_away(AWAY.load(Relaxed), &AWAY_NOW);
            }
        }
        // The call has ended before the pages could go again.
        _ => context.uc_mcontext.gregs[REG_EFL as usize] &= !TRAP_FLAG,
    }
}

extern "C" fn on_fault(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let former = FORMER.load(Relaxed);
    // SAFETY: the address of the function that was the handler; it takes three arguments.
    let former = unsafe { transmute::<usize, extern "C" fn(c_int, *mut siginfo_t, *mut c_void)>(former) };
    if !is_ours() {
        return former(signal, info, context);
    }
    // SAFETY: the kernel hands a SA_SIGINFO handler a valid one that is nobody else's.
    let info_ref = unsafe { &*info };
    // SAFETY: the kernel filled it for SIGSEGV.
    let addr = unsafe { info_ref.si_addr() }.addr();
    let is_user = scene().source.contains(addr) || scene().target.contains(addr);
    match MODE.load(Relaxed) {
        // SAFETY: the kernel hands a SA_SIGINFO handler a valid frame that is nobody else's.
        FIRST if is_user => take_down(unsafe { &mut *context.cast::<ucontext_t>() }),
        RUN if is_user => {
            former(signal, info, context);
            let way = WAY.load(Relaxed);
            if way >= AT_THE_FAULT {
                scene().take_away(0, &AWAY_NOW);
                if way > AT_THE_FAULT {
                    // SAFETY: as above; the former handler has returned.
                    let context = unsafe { &mut *context.cast::<ucontext_t>() };
                    context.uc_mcontext.gregs[REG_EFL as usize] |= TRAP_FLAG;
                }
            }
        }
        _ => former(signal, info, context),
    }
}

/// Puts a handler in the place of another, and returns what was there.
fn handle(signal: c_int, handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void)) -> libc::sigaction {
    let mut former = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: only asks; `former` has room for the answer.
    assert_eq!(unsafe { libc::sigaction(signal, ptr::null(), former.as_mut_ptr()) }, 0);
    // SAFETY: all of it is numbers, and the call has filled it.
    let former = unsafe { former.assume_init() };
    let mut action = former;
    action.sa_sigaction = handler as libc::sighandler_t;
    action.sa_flags |= libc::SA_SIGINFO;
    // SAFETY: the handlers keep to what a handler may do.
    assert_eq!(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) }, 0);
    former
}

/// The handlers and the stack, until dropped.
struct Stepper {
    stack: usize,
    former: [(c_int, libc::sigaction); 2],
}

impl Stepper {
    fn new(scene: &Scene) -> Self {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a fresh mapping touches no memory of others.
        let start = unsafe { libc::mmap(ptr::null_mut(), STACK, protection, flags, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED);
        let stack = start.expose_provenance() + STACK;
        STACK_END.store(stack, Relaxed);
        // SAFETY: no handler runs yet.
        unsafe { *SHARED.1.get() = Some(*scene) };
        let vectors = vec![0; VECTORS].into_boxed_slice();
        let room = vec![0; STACK / 2].into_boxed_slice();
        let snapshot = Snapshot { registers: [0; 23], vectors, stack: room, stack_len: 0 };
        // SAFETY: as above.
        unsafe { *SHARED.0.get() = Some(snapshot) };
        // SAFETY: asks for a number.
        THREAD.store(unsafe { libc::gettid() } as usize, SeqCst);
        // The address first: a fault of another thread may be the next thing that happens.
        let mut now = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: only asks; `now` has room for the answer.
        assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, ptr::null(), now.as_mut_ptr()) }, 0);
        // SAFETY: all of it is numbers, and the call has filled it.
        FORMER.store(unsafe { now.assume_init() }.sa_sigaction, SeqCst);
        let former = [(libc::SIGSEGV, on_fault as _), (libc::SIGTRAP, on_trap as _)];
        Self { stack, former: former.map(|(signal, handler)| (signal, handle(signal, handler))) }
    }

    /// Starts a call and stops it at its first access to user memory. Returns whether there was one.
    fn start(&self, job: &Job) -> bool {
        scene().take_away(ALL, &AWAY_NOW);
        MODE.store(FIRST, SeqCst);
        // SAFETY: the stack is there, and nobody else has it; the function does not unwind.
        unsafe { races_start(work, ptr::from_ref(job).cast(), self.stack) };
        job.result.get().is_none()
    }

    /// Does the next instruction. Returns whether the call has not ended with it.
    fn step(&self, job: &Job) -> bool {
        self.resume(STEP);
        job.result.get().is_none()
    }

    /// Goes on from the step.
    fn resume(&self, next: u8) {
        let snapshot = snapshot();
        let bottom = ptr::with_exposed_provenance_mut::<u8>(self.stack - snapshot.stack_len);
        // SAFETY: it was taken from there.
        unsafe { bottom.copy_from_nonoverlapping(snapshot.stack.as_ptr(), snapshot.stack_len) };
        NEXT.store(next, SeqCst);
        MODE.store(RESUME, SeqCst);
        // SAFETY: a call has been taken down; its stack is as it was.
        unsafe { races_resume() };
        MODE.store(IDLE, SeqCst);
    }
}

impl Drop for Stepper {
    fn drop(&mut self) {
        for (signal, action) in &self.former {
            // SAFETY: the action that was there.
            unsafe { libc::sigaction(*signal, action, ptr::null_mut()) };
        }
        scene().take_away(0, &AWAY_NOW);
        THREAD.store(0, SeqCst);
        // SAFETY: nothing runs on it.
        unsafe { libc::munmap(ptr::with_exposed_provenance_mut(self.stack - STACK), STACK) };
    }
}

/// All ways in which pages may go away in one call, after each of its instructions.
fn each_step(stepper: &Stepper, case: &Case<'_>, again: u8, path: &str, findings: &mut Findings) {
    let job = Job { run: case.operation.run, call: case.call, result: Cell::new(None) };
    let mut sets = case.sets();
    if !is_long() && sets.len() > 2 {
        // All of them, and another one each time.
        let another = 1 + usize::from(again) % (sets.len() - 1);
        sets = vec![sets[0], sets[another]];
    }
    let mut bytes = Vec::new();
    case.prepare();
    let mut goes_on = stepper.start(&job);
    assert!(goes_on, "{case}: no access to user memory");
    let (mut step, mut repeated, mut former_pc, mut was_access) = (0_usize, 0_usize, 0, false);
    while goes_on {
        let pc = snapshot().registers[REG_RIP as usize];
        repeated = if pc == former_pc { repeated + 1 } else { 0 };
        former_pc = pc;
        bytes.clear();
        bytes.extend_from_slice(case.target());
        // What a page does matters to instructions that touch it only.
        let is_access = Table::image().find(pc as usize).is_some();
        let mut try_all = |ways: &[(Pages, u8)]| {
            let mut faults = 0;
            for &(pages, way) in ways {
                faults += usize::from(run(stepper, case, &job, &bytes, (pages, way)));
                let result = job.result.take().expect("the call has ended");
                findings.note(case, result, pages, || {
                    format!("{path}, pages {pages:#06b} away after {step} instructions, way {way}")
                });
            }
            faults
        };
        // Of a string instruction that goes on and on some turns are enough.
        if is_access && (repeated < 20 || repeated.is_multiple_of(37)) {
            let back = if step.is_multiple_of(2) { AT_THE_FAULT } else { again };
            let ways: Vec<_> = sets.iter().flat_map(|&pages| [(pages, NEVER), (pages, back)]).collect();
            try_all(&ways);
        } else if was_access && !is_access && try_all(&[(sets[0], NEVER)]) == 0 {
            // Nothing touches them any more.
            break;
        }
        was_access = is_access;
        scene().take_away(0, &AWAY_NOW);
        case.restore(&bytes);
        goes_on = stepper.step(&job);
        step += 1;
    }
    scene().take_away(0, &AWAY_NOW);
}

/// Takes pages away and lets the call go on to its end. Returns whether there was a fault.
fn run(stepper: &Stepper, case: &Case<'_>, job: &Job, target: &[u8], (away, way): (Pages, u8)) -> bool {
    case.restore(target);
    scene().take_away(away, &AWAY_NOW);
    AWAY.store(away, Relaxed);
    WAY.store(way, Relaxed);
    stepper.resume(RUN);
    matches!(job.result.get(), Some(Err(_)))
}

fn step_through(operations: &[Operation], most: usize, title: &str) {
    let _one_test = one_test();
    let scene = Scene::new();
    let stepper = Stepper::new(&scene);
    let mut findings = Findings::default();
    let mut numbers = Numbers::new(3);
    let start = Instant::now();
    for (number, path) in axptr::internal::cpu_paths().enumerate() {
        path.force();
        for operation in operations {
            // The last few reach the blocks of wide registers.
            let blocks =
                [200, 257, 300, 420].into_iter().filter(|len| operation.size.is_none() && *len > most);
            for len in lengths(operation, most).chain(blocks) {
                let places = match (operation.size, is_long()) {
                    (Some(_), false) => 2,
                    (Some(_), true) => 20,
                    (None, true) if len <= 160 => 3,
                    // Two of the four paths have this length, and the others the next.
                    (None, _) => (len + number) % 2,
                };
                for place in 0..places {
                    let case = Case::new(&scene, operation, len, &mut numbers);
                    let again = AT_THE_FAULT + 1 + ((len + place) % 12) as u8;
                    each_step(&stepper, &case, again, path.name(), &mut findings);
                }
            }
        }
    }
    drop(stepper);
    axptr::internal::choose_by_cpu();
    println!("{:.1} s", start.elapsed().as_secs_f64());
    findings.conclude(title);
}

#[test]
fn pages_that_go_away_after_any_instruction_of_a_routine_leave_what_the_answer_says() {
    step_through(&operations::routines(), if is_long() { 1024 } else { 160 }, "after each step of a routine");
}

#[test]
fn pages_that_go_away_after_any_instruction_of_a_value_leave_what_the_answer_says() {
    let mut operations = operations::all();
    operations.drain(..operations::routines().len());
    operations.retain(|operation| !operation.is_of_strings());
    step_through(&operations, if is_long() { 300 } else { 24 }, "after each step of a value");
}

#[test]
fn pages_that_go_away_after_any_instruction_of_a_string_leave_what_the_answer_says() {
    let mut operations = operations::all();
    operations.retain(Operation::is_of_strings);
    step_through(&operations, if is_long() { 700 } else { 200 }, "after each step of a string");
}
