// SPDX-License-Identifier: MIT OR Apache-2.0
//! What interrupts the program, or the kernel: faults and system calls.

use core::arch::{naked_asm, x86_64::__cpuid_count};

use axptr::trap::{self, Operands, Recovery, Report, TrapFrame};
use x86_64::VirtAddr;
use x86_64::registers::control::{Cr2, Cr4, Cr4Flags};
use x86_64::registers::model_specific::{LStar, SFMask, Star};
use x86_64::registers::rflags::RFlags;
use x86_64::structures::gdt::SegmentSelector;
use x86_64::structures::idt::{InterruptDescriptorTable, InterruptStackFrameValue};

use crate::{memory, syscalls};

/// The registers of what was interrupted, as `save` pushes them.
#[repr(C)]
pub struct Frame {
    others: [usize; 8],
    pub rax: usize,
    pub rdi: usize,
    pub rsi: usize,
    pub rdx: usize,
    pub r10: usize,
    pub r8: usize,
    pub r9: usize,
    vector: usize,
    error: usize,
    rip: usize,
    cs: usize,
}

// SAFETY: (1) to (4) `save` has pushed the registers of the instruction that faulted, and pops them again.
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
    let report = match frame.vector {
        PAGE_FAULT => Report::x86_64_page_fault(frame.error, Cr2::read_raw() as usize),
        PROTECTION_FAULT => Some(Report::x86_64_protection_fault()),
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

/// Pushes what a fault would have pushed.
#[unsafe(naked)]
extern "C" fn system_call() {
    naked_asm!(
        "mov [rip + boot_stack], rsp", // nobody uses the bottom of that stack
        "lea rsp, [rip + trap_stack + 0x8000]",
        "push 0x1b",
        "push [rip + boot_stack]",
        "push r11",
        "push 0x23",
        "push rcx",
        "push 0",
        "push {}",
        "jmp {}",
        const SYSTEM_CALL,
        sym save,
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

/// Tells the CPU of the above, and runs the program.
pub fn run(program: usize) -> ! {
    let at = |stub: extern "C" fn()| VirtAddr::new(stub as usize as u64);
    let mut idt = InterruptDescriptorTable::new();
    // SAFETY: the stub of this fault.
    unsafe { idt.page_fault.set_handler_addr(at(stub::<PAGE_FAULT>)) };
    // SAFETY: as before.
    unsafe { idt.general_protection_fault.set_handler_addr(at(stub::<PROTECTION_FAULT>)) };
    // SAFETY: it stays, because this function never returns.
    unsafe { idt.load_unsafe() };
    LStar::write(at(system_call));
    // SAFETY: the segments of `boot.S`.
    unsafe { Star::write_raw(0x10, 0x08) };
    SFMask::write(
        RFlags::DIRECTION_FLAG | RFlags::ALIGNMENT_CHECK | RFlags::INTERRUPT_FLAG | RFlags::TRAP_FLAG,
    );
    let features = __cpuid_count(7, 0).ebx;
    let mut cr4 = Cr4::read();
    cr4.set(Cr4Flags::SUPERVISOR_MODE_EXECUTION_PROTECTION, features >> 7 & 1 == 1);
    cr4.set(Cr4Flags::SUPERVISOR_MODE_ACCESS_PREVENTION, features >> 20 & 1 == 1);
    // SAFETY: the CPU has both, and only axptr accesses the program's memory.
    unsafe { Cr4::write(cr4) };
    let (code, data) = (SegmentSelector(0x23), SegmentSelector(0x1b));
    let start = VirtAddr::new(program as u64);
    // SAFETY: the program's first instruction.
    unsafe { InterruptStackFrameValue::new(start, code, RFlags::empty(), VirtAddr::zero(), data).iretq() }
}
