// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the kernel is entered: by faults and system calls. What it takes to recover from a fault is all in this file.

use core::{arch::naked_asm, sync::atomic::AtomicUsize};

use axptr::trap::{self, OwnFault, Recovery, Report, TrapFrame};
use machine::program;
use x86_64::registers::model_specific::{LStar, SFMask};
use x86_64::registers::{control::Cr2, rflags::RFlags};
use x86_64::structures::idt::{InterruptDescriptorTable, InterruptStackFrame, PageFaultErrorCode};
use x86_64::{PrivilegeLevel::Ring0, VirtAddr};

use crate::{pager::pager, syscalls};

/// What the CPU has pushed. The compiler saves the other registers where nobody else finds them.
struct Frame<'a>(&'a mut InterruptStackFrame);

// SAFETY: (1) the CPU has pushed the address of the instruction that faulted. (2) It returns to what stands there then.
// (3) Nothing else is changed, and (4) nothing else is known.
unsafe impl TrapFrame for Frame<'_> {
    fn pc(&self) -> usize {
        self.0.instruction_pointer.as_u64() as usize
    }
    fn set_pc(&mut self, pc: usize) {
        let pc = VirtAddr::new(pc as u64);
        // SAFETY: it is a landing, or where the code was interrupted.
        unsafe { self.0.as_mut().update(|frame| frame.instruction_pointer = pc) };
    }
    fn set_cause(&mut self, _: usize) {}
}

// The frame must be changed where it is: a handler that passes it on by value changes a copy.
extern "x86-interrupt" fn page_fault(mut frame: InterruptStackFrame, error: PageFaultErrorCode) {
    let address = Cr2::read_raw() as usize;
    fault(&mut frame, Report::x86_64_page_fault(error.bits() as usize, address));
}

extern "x86-interrupt" fn protection_fault(mut frame: InterruptStackFrame, _: u64) {
    fault(&mut frame, Some(Report::x86_64_protection_fault()));
}

fn fault(frame: &mut InterruptStackFrame, report: Option<Report>) {
    // The program may have set AC, and an exception does not clear it. Returning restores it.
    let _closed = axptr::window::suspend();
    let from_program = frame.code_segment.rpl() != Ring0;
    let resumes = match report {
        None => false,
        Some(report) if from_program => {
            report.addr.zip(report.access).is_some_and(|(addr, access)| pager(addr, access))
        }
        Some(report) => {
            let frame = &mut Frame(frame);
            trap::recover(frame, report, pager) != Recovery::NotOurs || OwnFault::step_over(frame)
        }
    };
    if from_program && !resumes {
        program::end(report.and_then(|report| report.addr));
    }
    assert!(resumes, "{report:?} in the kernel at {:#x}", frame.instruction_pointer);
}

/// The program's stack pointer, while the entry of a system call changes stacks.
static PROGRAM_STACK: AtomicUsize = AtomicUsize::new(0);

/// What `syscall` enters: calls [`serve`] with what the program has in its registers.
#[unsafe(naked)]
extern "C" fn system_call() {
    naked_asm!(
        "mov [rip + {stack}], rsp",
        "lea rsp, [rip + trap_stack]",
        "push [rip + {stack}]",
        "push r11", // the program's flags
        "push rcx", // the program's pc
        "push rax",
        "mov rcx, r10",
        "call {serve}",
        ".irp reg, edi, esi, edx, r8d, r9d, r10d", // they hold what is the kernel's
        "xor \\reg, \\reg",
        ".endr",
        "add rsp, 8",
        "pop rcx",
        "pop r11",
        "pop rsp",
        "sysretq",
        stack = sym PROGRAM_STACK,
        serve = sym serve,
    )
}

extern "C" fn serve(a: usize, b: usize, c: usize, d: usize, e: usize, f: usize, number: usize) -> usize {
    syscalls::serve(number, [a, b, c, d, e, f])
}

/// What the CPU has to know of the above.
pub fn table() -> InterruptDescriptorTable {
    LStar::write(VirtAddr::from_ptr(system_call as *const ()));
    // AC opens the window, and DF lets string instructions run backwards: the program must not pass them on.
    SFMask::write(
        RFlags::ALIGNMENT_CHECK | RFlags::DIRECTION_FLAG | RFlags::INTERRUPT_FLAG | RFlags::TRAP_FLAG,
    );
    let mut idt = InterruptDescriptorTable::new();
    idt.general_protection_fault.set_handler_fn(protection_fault);
    idt.page_fault.set_handler_fn(page_fault);
    idt
}
