// SPDX-License-Identifier: MIT OR Apache-2.0
//! The decoders of all machines' fault codes, from any code; and the image's own table with what they say.
#![no_main]

use arbitrary::Arbitrary;
use axptr::{
    Access, FaultKind,
    extable::Table,
    trap::{self, Operands, Recovery, Report, TrapFrame},
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    code: u64,
    addr: u64,
    bits: u32,
    machine: u8,
    entry: u16,
    beside: i8,
    operands: Option<(u64, u64)>,
    closed: bool,
    repairs: bool,
}

struct Frame {
    pc: usize,
    cause: Option<usize>,
    operands: Option<Operands>,
}

// SAFETY: (1) to (4) nothing ever resumes.
unsafe impl TrapFrame for Frame {
    fn pc(&self) -> usize {
        self.pc
    }
    fn set_pc(&mut self, pc: usize) {
        self.pc = pc;
    }
    fn set_cause(&mut self, value: usize) {
        self.cause = Some(value);
    }
    fn operands(&self) -> Option<Operands> {
        self.operands
    }
}

fuzz_target!(|input: Input| {
    let (code, addr) = (input.code as usize, input.addr as usize);
    let report = match input.machine % 7 {
        0 => {
            let report = Report::x86_64_page_fault(code, addr);
            // SDM vol. 3, figure 4-12: bit 4 is the fetch of an instruction, bit 1 a write.
            assert_eq!(report.is_none(), code & 0x10 != 0);
            if let Some(report) = report {
                assert_eq!(report.access, Some(if code & 2 != 0 { Access::Write } else { Access::Read }));
                assert_eq!(report.kind == FaultKind::NotPresent, code & 0x29 == 0);
            }
            report
        }
        1 => Report::aarch64(code, addr),
        2 => {
            let report = Report::aarch64_with_bits(code, addr, input.bits);
            // Arm ARM, D24.2.40: EC 0x25 is a data abort without a change of level, the only one of a kernel's own.
            assert!(report.is_none() || code >> 26 & 0x3f == 0x25);
            report
        }
        3 => {
            let report = Report::riscv64(code, addr);
            // Privileged ISA, table of scause: 4 to 7, 13 and 15 are loads and stores; bit 63 an interrupt.
            let data = matches!(code, 4..=7 | 13 | 15 | 18 | 19);
            assert!(report.is_none() || data, "{code:#x}");
            report
        }
        4 => Report::riscv64_with_bits(code, addr, input.bits),
        5 => {
            let report = Report::loongarch64(code, addr);
            // Vol. 1, 7.4.5: ESTAT.Ecode is bits 16 to 21; 0 is an interrupt.
            assert!(report.is_none() || code >> 16 & 0x3f != 0);
            report
        }
        _ => Some(Report::x86_64_protection_fault()),
    };
    let Some(mut report) = report else { return };
    if let Some(told) = report.addr {
        assert_eq!(told, addr);
    }
    assert!(u32::from(report.addr_lsb) < usize::BITS);
    report.window_closed = input.closed;

    let table = Table::image();
    let entries = table.entries();
    let entry = &entries[usize::from(input.entry) % entries.len()];
    let pc = entry.insn().wrapping_add_signed(input.beside.into());
    let operands =
        input.operands.map(|(read, write)| Operands { read: read as usize, write: write as usize });
    let mut frame = Frame { pc, cause: None, operands };
    let mut asked = 0;
    let recovery = trap::recover(&mut frame, report, |given, _| {
        asked += 1;
        assert_eq!(Some(given), report.addr);
        input.repairs
    });
    let own: Vec<_> = entries.iter().filter(|entry| entry.insn() == pc).collect();
    if own.is_empty() {
        assert_eq!(recovery, Recovery::NotOurs);
    }
    match recovery {
        Recovery::Landed => assert!(own.iter().any(|entry| entry.landing() == frame.pc)),
        Recovery::Repaired => assert_eq!((frame.pc, frame.cause, asked), (pc, None, 1)),
        Recovery::NotOurs => assert_eq!((frame.pc, frame.cause, asked), (pc, None, 0)),
    }
});
