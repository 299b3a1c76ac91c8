// SPDX-License-Identifier: MIT OR Apache-2.0
//! Why the vector cannot be installed.

use core::fmt;

/// The vector cannot be put in front of this CPU's handlers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallError {
    /// There is no former handler: the kernel must install its own first.
    NoHandler,
    /// This CPU's former handler differs from that of the CPUs before. The vector can pass on to one handler only.
    OtherHandler,
    /// riscv64, aarch64: no register is free when a trap enters, so the vector passes on by a jump whose target the linker has
    /// filled in: the trap entry of axcpu (aarch64: of either line; riscv64: by the linker fragment `axptr.ld`, or with
    /// `--defsym=__axptr_former_vector=ENTRY`). This CPU's entry is another one, or the fragment is missing. Call
    /// [`recover`](crate::trap::recover) in the kernel's entry.
    UnknownHandler,
    /// riscv64: axcpu's trap entry is more than 1 MiB away from the vector, and no jump without a register reaches it. With
    /// ax-cpu 0.10, use the feature `ax-cpu`, which needs no vector. Else put `.text.axptr_vector` beside the entry, in the
    /// kernel's linker script.
    TooFar,
    /// aarch64: the kernel runs at an exception level that is not the kernel of user mode, or whose registers the vector
    /// does not use: EL2 without HCR_EL2.E2H and TGE, or EL3. There, unprivileged accesses have the kernel's rights, too.
    /// Call [`recover`](crate::trap::recover) in the kernel's own trap handler.
    WrongLevel,
    /// aarch64: PSTATE.UAO is set. It gives the kernel's rights to unprivileged accesses, so user memory would not be told
    /// from the kernel's own pages. Clear it, and keep it clear while axptr accesses user memory.
    AccessOverride,
    /// x86_64: the gate of #GP or #PF changes to a stack of the interrupt stack table (IST). A pager that sleeps would
    /// leave its frame there, and the next fault would overwrite it. Set the IST of both gates to 0.
    SeparateStack,
    /// x86_64: the kernel has turned on FRED (CR4.FRED). Then no event goes through the IDT, whose gates the vector takes.
    /// Call [`recover`](crate::trap::recover) in the kernel's own event handler.
    Fred,
    /// x86_64: kernel code has a shadow stack (IA32_S_CET.SH_STK_EN). A return to a landing is not the one that this stack
    /// holds. Call [`recover`](crate::trap::recover) in the kernel's own handler, which changes the return there, too.
    ShadowStack,
    /// The kernel is compiled for a target with vector registers that the vector does not save: SSE on x86_64 (even with
    /// the feature `vector-registers`, which saves what the routines use, and not what the compiler does), SVE on
    /// aarch64, V on riscv64, LSX on loongarch64. Compile it without them, or call [`recover`](crate::trap::recover) in a
    /// trap handler that saves them. The NEON registers of aarch64 are saved.
    VectorRegisters,
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHandler => "the kernel has no fault handler to put the vector in front of",
            Self::OtherHandler => "this CPU's fault handler is not the one of the CPUs before",
            Self::UnknownHandler => {
                "the vector cannot pass on to this kernel's trap entry: call `axptr::trap::recover` there instead (riscv64: or \
                 link with axptr.ld)"
            }
            Self::TooFar => {
                "the kernel's trap entry is more than 1 MiB away: use the feature `ax-cpu` instead, or put \
                 `.text.axptr_vector` beside it in the linker script"
            }
            Self::WrongLevel => {
                "the vector does not work at this exception level: call `axptr::trap::recover` in the trap handler instead"
            }
            Self::AccessOverride => "PSTATE.UAO is set: user memory is not told from the kernel's own pages",
            Self::SeparateStack => "the gate of #GP or #PF has a stack of its own (IST), on which no pager can sleep",
            Self::Fred => {
                "FRED is on, which has no gates: call `axptr::trap::recover` in the kernel's event handler instead"
            }
            Self::ShadowStack => {
                "the shadow stack of the kernel refuses landings: call `axptr::trap::recover` in a handler that changes it, too"
            }
            Self::VectorRegisters => {
                "the kernel is compiled with vector registers that the vector does not save: compile it without them"
            }
        })
    }
}

impl core::error::Error for InstallError {}
