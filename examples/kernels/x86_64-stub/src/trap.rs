// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the kernel is entered: by faults and system calls. What it takes to recover from a fault is all in this file.

use core::{arch::naked_asm, sync::atomic::AtomicUsize};

use axptr::trap::{Operands, OwnFault, Recovery, Report, TrapFrame, recover};
use machine::{
    program,
    segments::{USER_CODE, USER_DATA},
};
use x86_64::registers::{control::Cr2, model_specific::LStar, model_specific::SFMask, rflags::RFlags};
use x86_64::{VirtAddr, structures::idt::InterruptDescriptorTable};

use crate::{pager::pager, syscalls};

/// The program's stack pointer, while the entry of a system call changes stacks.
static PROGRAM_STACK: AtomicUsize = AtomicUsize::new(0);

/// The registers of what was interrupted, as `save` pushes them, `stub`, and the CPU.
#[repr(C)]
struct Frame {
    others: [usize; 8], // rbx, rbp, rcx, r11 to r15
    rax: usize,
    rdi: usize,
    rsi: usize,
    rdx: usize,
    r10: usize,
    r8: usize,
    r9: usize,
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
        self.rdx = value;
    }
    fn operands(&self) -> Option<Operands> {
        Some(Operands { read: self.rsi, write: self.rdi })
    }
}

extern "C" fn trap(frame: &mut Frame) {
    // The program may have set AC, and an exception does not clear it. Returning restores it.
    let _closed = axptr::window::suspend();
    let report = match frame.vector {
        PROTECTION_FAULT => Some(Report::x86_64_protection_fault()),
        PAGE_FAULT => Report::x86_64_page_fault(frame.error, Cr2::read_raw() as usize),
        _ => {
            let args = [frame.rdi, frame.rsi, frame.rdx, frame.r10, frame.r8, frame.r9];
            return frame.rax = syscalls::serve(frame.rax, args);
        }
    };
    let from_program = frame.cs & 3 != 0;
    let resumes = match report {
        None => false,
        Some(report) if from_program => {
            report.addr.zip(report.access).is_some_and(|(addr, access)| pager(addr, access))
        }
        Some(report) => recover(frame, report, pager) != Recovery::NotOurs || OwnFault::step_over(frame),
    };
    if from_program && !resumes {
        program::end(report.and_then(|report| report.addr));
    }
    assert!(resumes, "{report:?} in the kernel at {:#x}", frame.rip);
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

/// What the CPU has to know of the above.
pub fn table() -> InterruptDescriptorTable {
    let address = |entry: extern "C" fn()| VirtAddr::from_ptr(entry as *const ());
    LStar::write(address(system_call));
    // AC opens the window, and DF lets string instructions run backwards: the program must not pass them on.
    SFMask::write(
        RFlags::ALIGNMENT_CHECK | RFlags::DIRECTION_FLAG | RFlags::INTERRUPT_FLAG | RFlags::TRAP_FLAG,
    );
    let mut idt = InterruptDescriptorTable::new();
    // SAFETY: it is made for exceptions with an error code.
    unsafe { idt.general_protection_fault.set_handler_addr(address(stub::<PROTECTION_FAULT>)) };
    // SAFETY: as before.
    unsafe { idt.page_fault.set_handler_addr(address(stub::<PAGE_FAULT>)) };
    idt
}
