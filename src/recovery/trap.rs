// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a kernel's trap handler calls for a fault.
//!
//! [`recover`] decides in a fixed order. If the program counter is not in the exception table, the fault is the
//! kernel's own. If the pager repairs the fault, execution resumes at the same instruction. Otherwise it goes on at the
//! landing.
//!
//! A trap handler makes a [`Report`] from the machine's fault code, by the constructor of its machine, and hands it to
//! [`recover`] with its trap frame, for which it has implemented [`TrapFrame`]. [`selftest`] then checks the handler by
//! real faults.
//!
//! # What a trap entry has to save
//!
//! All general registers, and what is in this table. It restores both from the frame when it returns, also what the handler
//! has not changed: the pager may have slept, and other faults may have used the machine's registers meanwhile.
//!
//! | | x86_64 | aarch64 | riscv64 | loongarch64 |
//! |---|---|---|---|---|
//! | the pc: `pc`, `set_pc` | rip | ELR_EL1 | sepc | CSR.ERA |
//! | the cause's register: `set_cause` | rdx | x1 | a1 | $a1 |
//! | the state of the interrupted code, window included | rflags | SPSR_EL1 | sstatus | CSR.PRMD |
//! | the address | CR2; #GP and #SS have none | FAR_EL1 | stval | CSR.BADV |
//! | access and kind | #PF: the error code | ESR_EL1 | scause | CSR.ESTAT |
//! | `operands` | rsi, rdi | | | |
//! | faults of data in kernel mode | #PF, #GP, #SS (#AC) | EC 0x25 | 4 to 7, 13, 15, 19 | PIL, PIS, PME, PNR, PPI, ADEM, ALE |
//! | the report | [`x86_64_page_fault`](Report::x86_64_page_fault), [`x86_64_protection_fault`](Report::x86_64_protection_fault) | [`aarch64`](Report::aarch64) | [`riscv64`](Report::riscv64) | [`loongarch64`](Report::loongarch64) |
//!
//! A handler that cannot set registers, such as one of the type `x86-interrupt`, sets the pc only: counts stay exact, and each
//! kind is [`Unknown`](FaultKind::Unknown).

use core::fmt;

use crate::{
    arch::{self, width::is_sign_extension},
    extable::cause::{Access, FaultKind},
    extable::{Entry, Landing, Table},
    recovery::{limit::user_limit, repeats},
};

pub use super::{
    handler_error::HandlerError,
    rehearsal::{OwnFault, Told, selftest},
};

/// The part of a trap frame that recovery needs: a kernel implements it for its own frame.
///
/// # Examples
///
/// ```
/// use axptr::trap::TrapFrame;
///
/// /// The part of this kernel's trap frame that matters here. The trap entry saves all registers in it.
/// struct KernelFrame {
///     pc: usize,
///     /// The register `Landing::REGISTER`: rdx on x86_64, x1 on aarch64, a1 on riscv64 and loongarch64.
///     cause: usize,
/// }
///
/// // SAFETY: (1) The trap entry saves the address of the instruction that faulted. (2), (3) It restores both
/// // registers from the frame. (4) There are no operands.
/// unsafe impl TrapFrame for KernelFrame {
///     fn pc(&self) -> usize {
///         self.pc
///     }
///
///     fn set_pc(&mut self, pc: usize) {
///         self.pc = pc;
///     }
///
///     fn set_cause(&mut self, value: usize) {
///         self.cause = value;
///     }
/// }
///
/// let mut frame = KernelFrame { pc: 0x1000, cause: 0 };
/// frame.set_pc(0x2000);
/// assert_eq!(frame.pc(), 0x2000);
/// assert_eq!(frame.operands(), None);
/// ```
///
/// On x86_64, also implement [`operands`](Self::operands): the exception #GP reports no address.
///
/// # Safety
///
/// The code at a landing relies on the registers of the instruction that faulted. Safe code relies on the count that
/// the landing makes of them. So:
///
/// 1. [`pc`](Self::pc) returns the address of the instruction that faulted, not of the next one.
/// 2. [`set_pc`](Self::set_pc) makes the interrupted code resume at that address. It changes nothing else that this
///    code can see.
/// 3. [`set_cause`](Self::set_cause) puts the value into the register [`Landing::REGISTER`] of the interrupted code, or
///    does nothing. It changes no other register.
/// 4. [`operands`](Self::operands) returns what the registers held at the fault, or `None`.
pub unsafe trait TrapFrame {
    /// The address of the instruction that faulted.
    fn pc(&self) -> usize;

    /// Sets the address at which execution resumes.
    fn set_pc(&mut self, pc: usize);

    /// Sets the register [`Landing::REGISTER`].
    ///
    /// If the frame does not hold that register, do nothing. The count stays exact, and the fault reports
    /// [`FaultKind::Unknown`].
    fn set_cause(&mut self, value: usize);

    /// The addresses of an instruction that both reads and writes memory (x86_64 `movs`: `rsi` and `rdi`), if the frame
    /// holds them.
    ///
    /// They decide which side faulted if the machine does not report it.
    fn operands(&self) -> Option<Operands> {
        None
    }
}

/// The two addresses of an instruction that both reads and writes memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Operands {
    /// The address that it reads.
    pub read: usize,
    /// The address that it writes.
    pub write: usize,
}

/// What the machine reported about a fault.
///
/// Make it from the machine's fault code: [`x86_64_page_fault`](Self::x86_64_page_fault),
/// [`x86_64_protection_fault`](Self::x86_64_protection_fault), [`aarch64`](Self::aarch64), [`riscv64`](Self::riscv64),
/// [`loongarch64`](Self::loongarch64). Or fill in what is known, and leave out the rest: `..Report::default()`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The access, if the machine reported it.
    pub access: Option<Access>,
    /// The kind of the fault.
    pub kind: FaultKind,
    /// The address, if the machine reported one (#GP of x86_64 does not).
    pub addr: Option<usize>,
    /// How many low bits of `addr` have no meaning. It is 0 for an exact address, as page faults have. It is 12 if only
    /// the page is known, as for damaged memory (`MCi_MISC` of a machine check, `si_addr_lsb` of Linux).
    pub addr_lsb: u8,
    /// Whether the window was closed although this instruction needs it: on x86_64 SMAP was on and `RFLAGS.AC` clear, on
    /// riscv64 `sstatus.SUM` was clear, on aarch64 `PSTATE.PAN` was set and the instruction is not unprivileged.
    ///
    /// This crate's accesses open it. So it is the bug of an access of the kernel's own that has an entry
    /// ([`ex_entry!`](crate::ex_entry)). If the machine then refuses a page that is there, [`recover`] leaves the fault to
    /// the kernel's own handler: the page permits the access, and a pager would let it try again forever. Such a fault
    /// is a [`Permission`](FaultKind::Permission); on riscv64, which does not tell an absent page, each page fault counts.
    /// A kernel without accesses of its own in the table need not fill it in.
    pub window_closed: bool,
}

impl Report {
    /// A report of this access and address, of which more is to be said.
    pub(super) const fn at(access: Option<Access>, addr: Option<usize>) -> Self {
        Self { access, kind: FaultKind::Unknown, addr, addr_lsb: 0, window_closed: false }
    }
}

impl fmt::Debug for Operands {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operands")
            .field("read", &format_args!("{:#x}", self.read))
            .field("write", &format_args!("{:#x}", self.write))
            .finish()
    }
}

impl fmt::Debug for Report {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut report = f.debug_struct("Report");
        report.field("access", &self.access).field("kind", &self.kind);
        match self.addr {
            Some(addr) => report.field("addr", &format_args!("{addr:#x}")),
            None => report.field("addr", &self.addr),
        };
        report.field("addr_lsb", &self.addr_lsb).field("window_closed", &self.window_closed).finish()
    }
}

impl Default for Report {
    fn default() -> Self {
        Self::at(None, None)
    }
}

/// What [`recover`] did with a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a fault that is not ours must go on to the kernel's own handler"]
pub enum Recovery {
    /// The fault is not an access of this crate to user memory. The kernel's own handler decides, as for any other
    /// fault.
    NotOurs,
    /// The pager repaired the fault: resume at the same instruction.
    Repaired,
    /// The frame now resumes at the landing.
    Landed,
}

impl Landing {
    /// Makes `frame` resume at the landing, with the cause in its register.
    pub fn apply(&self, frame: &mut impl TrapFrame) {
        frame.set_pc(self.pc());
        frame.set_cause(self.cause());
    }
}

impl OwnFault {
    /// For the kernel's own handler, where [`recover`] has said [`NotOurs`](Recovery::NotOurs): if the fault is that of
    /// [`raise`](Self::raise), makes `frame` resume behind the access, and returns true. For any other fault it does
    /// nothing.
    #[inline]
    pub fn step_over(frame: &mut impl TrapFrame) -> bool {
        let behind = Self::step(frame.pc());
        behind.inspect(|&pc| frame.set_pc(pc)).is_some()
    }
}

/// Decides where a fault in kernel mode goes on: at the same instruction, at its landing, or in the kernel's own
/// handler.
///
/// Call it for every fault in kernel mode that a data access can raise. It asks `pager` first, and goes to the landing
/// if the pager says no. It does not ask the pager if the access was made in a no-fault form.
///
/// `pager` gets the address and the access, and returns whether the instruction may be tried again. `recover` calls it
/// only for page faults ([`NotPresent`](FaultKind::NotPresent), [`Permission`](FaultKind::Permission)) of this crate's
/// accesses to user memory, with a known address and access. The window is closed while the pager runs, and afterwards as
/// it was: the trap handler need not know of it. The pager must check under its lock whether the access is
/// allowed by now: two CPUs may fault on the same page.
///
/// `report` is what the machine reported about this fault. Leave out what it did not report, and do not guess. With a
/// wrong access, a fault in kernel memory may be hidden, or a fault in user memory may reach the kernel's own handler.
/// With a wrong kind, the count may be wrong.
///
/// # Examples
///
/// ```
/// use axptr::{
///     Access, FaultKind,
///     extable::Table,
///     trap::{self, Recovery, Report, TrapFrame},
/// };
///
/// /// The registers that this kernel's trap entry saves, as far as they matter here.
/// struct Frame {
///     pc: usize,
///     cause: usize,
/// }
///
/// // SAFETY: (1) to (3) the trap entry saves both registers, and restores them. (4) There are no operands.
/// unsafe impl TrapFrame for Frame {
///     fn pc(&self) -> usize {
///         self.pc
///     }
///
///     fn set_pc(&mut self, pc: usize) {
///         self.pc = pc;
///     }
///
///     fn set_cause(&mut self, value: usize) {
///         self.cause = value;
///     }
/// }
///
/// // A load of user memory has faulted. For this example, any instruction of the table that may read will do.
/// let table = Table::image();
/// let reads = Some(Access::Read);
/// let entry = table.entries().iter().find(|entry| entry.accepts(reads) && !entry.is_nofault()).unwrap();
/// let mut frame = Frame { pc: entry.insn(), cause: 0 };
/// let report =
///     Report { access: reads, kind: FaultKind::NotPresent, addr: Some(0x1000), ..Report::default() };
///
/// // If the pager maps the page, the same instruction runs again.
/// let maps_it = |_addr, _access| true;
/// assert_eq!(trap::recover(&mut frame, report, maps_it), Recovery::Repaired);
/// assert_eq!(frame.pc, entry.insn());
///
/// // If the pager says no, the frame resumes at the landing, with the cause in its register.
/// let says_no = |_addr, _access| false;
/// assert_eq!(trap::recover(&mut frame, report, says_no), Recovery::Landed);
/// assert_eq!(frame.pc, entry.landing());
/// assert_ne!(frame.cause, 0);
///
/// // A program counter outside the table: the fault is a bug of the kernel, and the frame stays unchanged.
/// let mut other = Frame { pc: 0x2000, cause: 0 };
/// assert_eq!(trap::recover(&mut other, report, says_no), Recovery::NotOurs);
/// assert_eq!((other.pc, other.cause), (0x2000, 0));
/// ```
pub fn recover<F: TrapFrame>(
    frame: &mut F,
    report: Report,
    pager: impl FnOnce(usize, Access) -> bool,
) -> Recovery {
    recover_in(&Table::image(), frame, report, pager)
}

/// [`recover`] with another table, such as that of a loaded module.
///
/// A kernel with modules asks [`recover`] first. On [`Recovery::NotOurs`] nothing has been changed and the pager has not
/// been called, so it asks again with the table of each module. Keep the tables where the trap handler reads them without
/// a lock.
///
/// # Examples
///
/// ```
/// use axptr::{
///     Access, FaultKind,
///     extable::Table,
///     trap::{self, Recovery, Report, TrapFrame},
/// };
///
/// /// Decides a fault in kernel mode, with the tables of the modules that are loaded.
/// fn decide<F: TrapFrame>(
///     frame: &mut F,
///     report: Report,
///     modules: &[Table<'_>],
///     pager: fn(usize, Access) -> bool,
/// ) -> Recovery {
///     let mut recovery = trap::recover(frame, report, pager);
///     for module in modules {
///         if recovery != Recovery::NotOurs {
///             break;
///         }
///         recovery = trap::recover_in(module, frame, report, pager);
///     }
///     recovery
/// }
/// ```
pub fn recover_in<F: TrapFrame>(
    table: &Table<'_>,
    frame: &mut F,
    report: Report,
    pager: impl FnOnce(usize, Access) -> bool,
) -> Recovery {
    let Some(entry) = table.find(frame.pc()) else {
        return Recovery::NotOurs;
    };
    if entry.is_rehearsed() {
        repeats::count();
        arch::rehearse::scramble();
    }
    let access = report.access.or_else(|| side_by_operands(frame.operands()?, &report, arch::address_bits()));
    if !entry.accepts(access) || window_refused(&report) {
        return Recovery::NotOurs;
    }
    let access = access.or(entry.only_access());
    if let (Some(addr), Some(access)) = (report.addr, access)
        && !entry.is_nofault()
        && matches!(report.kind, FaultKind::NotPresent | FaultKind::Permission)
        && with_window_closed(|| pager(addr, access))
    {
        return Recovery::Repaired;
    }
    match table.lookup(frame.pc(), access, report.kind) {
        Some(landing) => {
            if entry.is_rehearsed() && (entry.is_quiet() || entry.is_echo()) {
                return answer_rehearsal(frame, entry, &landing, &report);
            }
            landing.apply(frame);
            Recovery::Landed
        }
        None => Recovery::NotOurs,
    }
}

/// What the self test gets where it asks for something else than the cause.
#[cold]
#[inline]
fn answer_rehearsal<F: TrapFrame>(
    frame: &mut F,
    entry: &Entry,
    landing: &Landing,
    report: &Report,
) -> Recovery {
    frame.set_pc(landing.pc());
    if entry.is_echo() {
        frame.set_cause(report.addr.unwrap_or(usize::MAX));
    }
    Recovery::Landed
}

/// Whether the machine refused an access to user memory because the window was closed, and not because of the page.
#[inline]
fn window_refused(report: &Report) -> bool {
    let of_a_present_page = match report.kind {
        FaultKind::Permission => true,
        FaultKind::NotPresent => !arch::TELLS_ABSENT_PAGES,
        _ => false,
    };
    report.window_closed && of_a_present_page && report.addr.is_some_and(|addr| addr < user_limit())
}

/// Calls `pager` with the window closed, and leaves the window as it was. The pager may sleep: then another task runs,
/// and must not find user memory open.
fn with_window_closed(pager: impl FnOnce() -> bool) -> bool {
    let was_open = arch::window::close();
    let repaired = pager();
    if was_open {
        arch::window::reopen();
    }
    repaired
}

/// Which side of an instruction with two memory operands faulted, judged by the addresses of the operands.
///
/// With a fault address, it is the side whose current word touches that address, or the memory block that the address
/// stands for. Without one, it is the side whose address cannot be translated, if there is exactly one.
///
/// `bits` of an address say where it is.
#[inline]
fn side_by_operands(operands: Operands, report: &Report, bits: u32) -> Option<Access> {
    const WIDEST: usize = 8;
    /// A string instruction fetches ahead of its registers, by up to a cache line. Its page faults are exact. But a
    /// report with a block address is not a page fault.
    const LINE: usize = 64;
    let is_untranslatable = |addr| !is_sign_extension(addr, bits);
    let holds = |start: usize| match report.addr {
        Some(addr) => {
            let block = usize::MAX.checked_shl(report.addr_lsb.into()).unwrap_or(0);
            let reach = if report.addr_lsb == 0 { WIDEST } else { LINE };
            start & block == addr & block || (addr & block).wrapping_sub(start) < reach
        }
        None => is_untranslatable(start) || is_untranslatable(start.wrapping_add(WIDEST - 1)),
    };
    match (holds(operands.read), holds(operands.write)) {
        (true, false) => Some(Access::Read),
        (false, true) => Some(Access::Write),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The registers of a frame.
    struct Frame {
        pc: usize,
        cause: usize,
    }

    // SAFETY: (1) to (4) nobody resumes it.
    unsafe impl TrapFrame for Frame {
        fn pc(&self) -> usize {
            self.pc
        }

        fn set_pc(&mut self, pc: usize) {
            self.pc = pc;
        }

        fn set_cause(&mut self, value: usize) {
            self.cause = value;
        }
    }

    #[test]
    fn a_table_of_its_own_has_its_own_entries_only() {
        let all = Table::image().entries();
        let (module, others) = all.split_at(all.len() / 2);
        let range = module.as_ptr_range();
        // SAFETY: (1), (2) a part of the image's table.
        let table = unsafe { Table::from_raw(range.start, range.end) }.unwrap();
        let recovered = |entry: &Entry, repairs: bool| {
            let mut frame = Frame { pc: entry.insn(), cause: 0 };
            let access = if entry.accepts(Some(Access::Read)) { Access::Read } else { Access::Write };
            let report = Report { kind: FaultKind::NotPresent, ..Report::at(Some(access), Some(0x1000)) };
            let mut asked = false;
            let recovery = recover_in(&table, &mut frame, report, |_, _| {
                asked = true;
                repairs
            });
            assert_eq!(frame.pc == entry.landing(), recovery == Recovery::Landed);
            (recovery, asked)
        };
        for entry in module {
            let is_asked = !entry.is_nofault();
            assert_eq!(recovered(entry, false), (Recovery::Landed, is_asked));
            let repaired = if is_asked { Recovery::Repaired } else { Recovery::Landed };
            assert_eq!(recovered(entry, true), (repaired, is_asked));
        }
        // The pager of an entry of another table is not asked: the kernel goes on to ask that one.
        assert!(others.iter().all(|entry| recovered(entry, true) == (Recovery::NotOurs, false)));
    }

    #[test]
    fn an_access_outside_of_the_window_goes_to_the_kernels_own_handler() {
        const LIMIT: usize = 0x8000;
        // SAFETY: (1) these tests only compute with addresses.
        unsafe { crate::recovery::limit::set_user_limit(LIMIT) };
        let table = Table::image();
        let entry = table.entries().iter().find(|entry| entry.accepts(None) && !entry.is_nofault()).unwrap();
        let refused = |kind, addr, window_closed| {
            let mut frame = Frame { pc: entry.insn(), cause: 0 };
            let report = Report { kind, window_closed, ..Report::at(Some(Access::Read), Some(addr)) };
            let recovery = recover(&mut frame, report, |_, _| false);
            assert_eq!(frame.pc == entry.insn() && frame.cause == 0, recovery == Recovery::NotOurs);
            recovery == Recovery::NotOurs
        };
        let absent = !arch::TELLS_ABSENT_PAGES;
        for (kind, addr, window_closed, expected) in [
            (FaultKind::Permission, 0x1000, true, true),
            (FaultKind::Permission, 0x1000, false, false),
            (FaultKind::Permission, LIMIT, true, false),
            (FaultKind::NotPresent, 0x1000, true, absent),
            (FaultKind::NotPresent, 0x1000, false, false),
            (FaultKind::Poison, 0x1000, true, false),
        ] {
            assert_eq!(refused(kind, addr, window_closed), expected, "{kind:?} {addr:#x} {window_closed}");
        }
    }

    const GOOD: usize = 0x1000;
    /// For a report with an address the width is no matter.
    const ANY: u32 = 0;

    #[test]
    fn without_an_address_the_untranslatable_operand_is_the_faulting_side() {
        for bits in [39, 48, 53, 57] {
            let bad = 1 << (bits - 1);
            for (read, write, expected) in [
                (bad, GOOD, Some(Access::Read)),
                (GOOD, bad, Some(Access::Write)),
                (bad - 7, GOOD, Some(Access::Read)),
                (bad - 8, GOOD, None),
                (usize::MAX << (bits - 1), GOOD, None),
                ((usize::MAX << (bits - 1)) - 8, GOOD, Some(Access::Read)),
                (bad, bad, None),
                (GOOD, GOOD, None),
                (usize::MAX, GOOD, None),
            ] {
                let side = side_by_operands(Operands { read, write }, &Report::default(), bits);
                assert_eq!(side, expected, "{read:#x} to {write:#x} of {bits} bits");
            }
        }
    }

    /// With LA57, Linux and others map all memory where 48 bits have a hole.
    #[test]
    fn what_is_a_hole_of_48_bits_is_the_kernels_own_memory_of_57() {
        const OWN: usize = 0xff11_0000_0000_0000;
        for (bad, bits, expected) in [
            (1 << 56, 57, Some(Access::Read)),
            (1 << 56, 48, None),
            (0x1234_5678_9abc_def0, 57, Some(Access::Read)),
            (1 << 47, 57, None),
        ] {
            let to_own = Operands { read: bad, write: OWN };
            assert_eq!(
                side_by_operands(to_own, &Report::default(), bits),
                expected,
                "{bad:#x} of {bits} bits"
            );
        }
    }

    #[test]
    fn with_an_address_the_operand_that_holds_it_is_the_faulting_side() {
        let operands = Operands { read: 0x1ffe, write: 0x5000 };
        for (addr, expected) in [
            (0x1ffe, Some(Access::Read)),
            (0x2000, Some(Access::Read)),
            (0x5007, Some(Access::Write)),
            (0x5008, None),
            (0x9000, None),
        ] {
            assert_eq!(side_by_operands(operands, &at(addr, 0), ANY), expected, "{addr:#x}");
        }
        let same = Operands { read: 0x5000, write: 0x5001 };
        assert_eq!(side_by_operands(same, &at(0x5002, 0), ANY), None);
    }

    fn at(addr: usize, addr_lsb: u8) -> Report {
        Report { addr: Some(addr), addr_lsb, ..Report::default() }
    }

    #[test]
    fn a_coarse_address_stands_for_its_block() {
        for (read, write, addr, lsb, expected) in [
            // The address stands for the whole page, wherever the copy is in it and whatever the low bits are.
            (0x1000, 0x5000, 0x1000, 12, Some(Access::Read)),
            (0x1fff, 0x5000, 0x1000, 12, Some(Access::Read)),
            (0x1000, 0x5000, 0x1fff, 12, Some(Access::Read)),
            (0x1000, 0x5fff, 0x5000, 12, Some(Access::Write)),
            // The next page, as far as one cache line reaches.
            (0x1fc1, 0x5000, 0x2000, 12, Some(Access::Read)),
            (0x1fc0, 0x5000, 0x2000, 12, None),
            (0x3000, 0x5000, 0x2000, 12, None),
            // Both sides lie in one page, so the answer is unknown.
            (0x1000, 0x1800, 0x1000, 12, None),
            // A finer block: one cache line of a page in which both sides lie.
            (0x1000, 0x1800, 0x1000, 6, Some(Access::Read)),
            (0x1000, 0x1830, 0x1800, 6, Some(Access::Write)),
            // A huge page, and numbers that make no sense.
            (0x12_3456, 0x40_0000, 0, 21, Some(Access::Read)),
            (0x12_3456, usize::MAX, usize::MAX, 63, Some(Access::Write)),
            (0x1000, usize::MAX, 0x1000, 64, None),
            (0x1000, 0x5000, 0x1000, 255, None),
        ] {
            let side = side_by_operands(Operands { read, write }, &at(addr, lsb), ANY);
            assert_eq!(side, expected, "{read:#x} to {write:#x}, {addr:#x} of {lsb} bits");
        }
    }
}
