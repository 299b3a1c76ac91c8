// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the kernel is entered: by faults and system calls. What it takes to recover from a fault is all in this file.

use core::arch::{asm, naked_asm, x86_64::__cpuid_count};

use core::sync::atomic::AtomicUsize;

use axptr::trap::{self, Operands, Recovery, Report, TrapFrame};
use axptr_example_x86_64_machine::segments::{KERNEL_CODE, KERNEL_DATA, USER_CODE, USER_DATA};
use axptr_example_x86_64_machine::{memory::USER, println};
use x86_64::registers::control::{Cr2, Cr4, Cr4Flags};
use x86_64::registers::model_specific::{LStar, SFMask, Star};
use x86_64::{VirtAddr, registers::rflags::RFlags, structures::idt::InterruptDescriptorTable};

use crate::{memory, syscalls};

/// The program's stack pointer, while the entry of a system call changes stacks.
static PROGRAM_STACK: AtomicUsize = AtomicUsize::new(0);

/// The registers of what was interrupted, as `save` pushes them.
#[repr(C)]
pub struct Frame {
    others: [usize; 8],
    pub rax: usize,
    /// rdi, rsi, rdx, r10, r8, r9
    pub args: [usize; 6],
    vector: usize,
    error: usize,
    rip: usize,
    cs: usize,
}

// SAFETY: (1) to (4) `save` has saved the registers of the instruction that faulted, and restores them.
unsafe impl TrapFrame for Frame {
    fn pc(&self) -> usize {
        self.rip
    }
    fn set_pc(&mut self, pc: usize) {
        self.rip = pc;
    }
    fn set_cause(&mut self, value: usize) {
        self.args[2] = value;
    }
    fn operands(&self) -> Option<Operands> {
        Some(Operands { read: self.args[1], write: self.args[0] })
    }
}

extern "C" fn trap(frame: &mut Frame) {
    let report = match frame.vector {
        PROTECTION_FAULT => Some(Report::x86_64_protection_fault()),
        PAGE_FAULT => Report::x86_64_page_fault(frame.error, Cr2::read_raw() as usize),
        _ => return syscalls::serve(frame),
    };
    let from_program = frame.cs & 3 != 0;
    let goes_on = match report {
        Some(report) if !from_program => trap::recover(frame, report, memory::pager) != Recovery::NotOurs,
        Some(Report { addr: Some(addr), access: Some(access), .. }) => memory::pager(addr, access),
        _ => false,
    };
    match goes_on {
        true => {}
        false if from_program => syscalls::end_program(),
        false => panic!("a fault at {:#x}: {report:?}", frame.rip),
    }
}

const SYSTEM_CALL: usize = 0;
const PROTECTION_FAULT: usize = 13;
const PAGE_FAULT: usize = 14;

/// What the CPU enters for an exception that has an error code.
#[unsafe(naked)]
extern "C" fn stub<const VECTOR: usize>() {
    naked_asm!("push {}", "jmp {}", const VECTOR, sym save)
}

/// What `syscall` enters: pushes what an exception would have pushed.
#[unsafe(naked)]
extern "C" fn system_call() {
    naked_asm!(
        "mov [rip + {stack}], rsp",
        "lea rsp, [rip + trap_stack]",
        "push {user_data}",
        "push [rip + {stack}]",
        "push r11", // the program's flags
        "push {user_code}",
        "push rcx", // the program's pc
        "push 0",
        "push {vector}",
        "jmp {save}",
        stack = sym PROGRAM_STACK,
        user_data = const USER_DATA.0,
        user_code = const USER_CODE.0,
        vector = const SYSTEM_CALL,
        save = sym save,
    )
}

#[unsafe(naked)]
extern "C" fn save() {
    naked_asm!(
        "cld",
        ".irp reg, r9, r8, r10, rdx, rsi, rdi, rax, rbx, rbp, rcx, r11, r12, r13, r14, r15",
        "push \\reg",
        ".endr",
        "mov rdi, rsp",
        "call {}",
        ".irp reg, r15, r14, r13, r12, r11, rcx, rbp, rbx, rax, rdi, rsi, rdx, r10, r8, r9",
        "pop \\reg",
        ".endr",
        "add rsp, 16",
        "iretq",
        sym trap,
    )
}

/// The table of the entries above.
pub fn table() -> InterruptDescriptorTable {
    let mut idt = InterruptDescriptorTable::new();
    // SAFETY: it is made for exceptions with an error code.
    unsafe { idt.general_protection_fault.set_handler_addr(address(stub::<PROTECTION_FAULT>)) };
    // SAFETY: as before.
    unsafe { idt.page_fault.set_handler_addr(address(stub::<PAGE_FAULT>)) };
    idt
}

/// Where `syscall` enters. The flags that the program must not pass on are cleared there: above all the one that opens
/// the window (AC), and the one that lets string instructions run backwards (DF).
pub fn allow_system_calls() {
    LStar::write(address(system_call));
    Star::write(USER_CODE, USER_DATA, KERNEL_CODE, KERNEL_DATA).expect("they are in the right order");
    SFMask::write(
        RFlags::ALIGNMENT_CHECK | RFlags::DIRECTION_FLAG | RFlags::INTERRUPT_FLAG | RFlags::TRAP_FLAG,
    );
}

fn address(entry: extern "C" fn()) -> VirtAddr {
    VirtAddr::from_ptr(entry as *const ())
}

/// SMEP and SMAP, where the CPU has them.
pub fn keep_out_of_user_memory() {
    let features = __cpuid_count(7, 0).ebx;
    let (smep, smap) = (features >> 7 & 1 == 1, features >> 20 & 1 == 1);
    println!("cpu:{}", if smap { " smap" } else { "" });
    let mut cr4 = Cr4::read();
    cr4.set(Cr4Flags::SUPERVISOR_MODE_EXECUTION_PROTECTION, smep);
    cr4.set(Cr4Flags::SUPERVISOR_MODE_ACCESS_PREVENTION, smap);
    // SAFETY: only axptr accesses the program's memory.
    unsafe { Cr4::write(cr4) };
}

pub fn run_program() -> ! {
    // SAFETY: the program begins there. It needs no registers.
    unsafe { asm!("sysretq", in("rcx") USER, in("r11") 2, options(noreturn)) }
}
