// SPDX-License-Identifier: MIT OR Apache-2.0
//! The test kernel: boots on the ArceOS crates, does what its mode asks, powers off.

#![no_std]

extern crate alloc;

mod access;
mod arch;
mod asm;
mod broken;
mod byte_loop;
mod campaign;
mod cases;
mod count;
mod early;
mod fault;
mod frame;
mod line;
mod mode;
mod module;
mod op;
mod own;
mod panics;
mod pte;
mod report;
mod site;
mod smp;
mod space;
mod task;
mod traps;

use axhal::mem::{MemRegionFlags, memory_regions, phys_to_virt};

use crate::{
    arch::Features,
    mode::{Mode, Run},
};

#[axplat::main]
fn main(cpu_id: usize, arg: usize) -> ! {
    let mode = boot(cpu_id, arg);
    match mode.run {
        Run::Cases => report::run(&cases::all(mode.decides, cpu())),
        Run::CasesOfMachine => report::run(&cases::of_machine(cpu())),
        Run::Campaign { seed, faults } => {
            cpu();
            report::run(&[cases::campaign(seed, faults)]);
        }
        Run::Panic(how) => how(),
        Run::Count => count::run(cpu()),
    }
    line::power_off()
}

/// Says what `cargo xtask` compares, and returns what the CPU has.
fn cpu() -> Features {
    let features = Features::of_this_cpu();
    say!("{features}");
    say!("cpus: {}", smp::count());
    features
}

/// Brings up heap, kernel paging, interrupts, the user address space and the fault handlers.
fn boot(cpu_id: usize, arg: usize) -> Mode {
    // Nothing is there yet, `.bss` included.
    let table = axptr::extable::selftest();
    // SAFETY: what the line above left in `.bss` may be forgotten; the stack lies outside it.
    unsafe { line::clear_bss() };
    #[cfg(feature = "vector-registers")]
    arch::vectors::enable();
    early::refuse_before_the_limit_is_set();
    // SAFETY: (1) ArceOS links its kernels, and maps all that is theirs, into the upper half.
    unsafe { axptr::set_user_limit(axptr::DEFAULT_USER_LIMIT) };
    line::init_early(cpu_id, arg);
    let mode = Mode::of_this_boot();
    // Ends the line that a boot loader, or the console's own start, may have begun.
    say!("");

    let heap = memory_regions()
        .filter(|region| region.flags.contains(MemRegionFlags::FREE))
        .max_by_key(|region| region.size)
        .expect("the machine has free memory");
    line::init_heap(phys_to_virt(heap.paddr).as_usize(), heap.size);

    axmm::init_memory_management();
    line::init_later(cpu_id, arg);
    line::take_faults_and_interrupts();
    space::init();
    early::record(table);
    smp::timer::init();
    fault::install(mode.decides);
    smp::start(mode.cpus, mode.decides);
    crate::line::asm::enable_irqs();
    mode
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    report::panicked(info);
    line::power_off()
}
