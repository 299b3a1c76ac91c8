// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the line leaves to a runtime: to tell the platform of the drivers that are linked in, and what those ask axklib
//! for. Drivers of interrupt controllers ask for their registers' memory and for the time. No device does anything here,
//! so all else is refused.

use core::{
    ptr::{NonNull, slice_from_raw_parts},
    time::Duration,
};

use axhal::mem::virt_to_phys;
use axklib::{
    BoxedIrqHandler, ConcurrentBoxedIrqHandler, DmaCoherentMappingOutcome, IrqCpuMask, IrqHandle, IrqId,
    KlibError, KlibResult, PhysAddr, VirtAddr, klib::impl_trait,
};
use rdrive::register::DriverRegisterSlice;

unsafe extern "C" {
    static __sdriver_register: u8;
    static __edriver_register: u8;
}

/// Tells the platform of those that `image/build.rs` has collected. Without them there is no interrupt controller where
/// the platform has none built in.
pub fn register() {
    let (start, end) = (&raw const __sdriver_register, &raw const __edriver_register);
    let linked = slice_from_raw_parts(start, end.addr() - start.addr());
    // SAFETY: the linker has put the two around what drivers registered, which is constant.
    let linked = unsafe { &*linked };
    rdrive::register_append(&DriverRegisterSlice::from_raw(linked));
}

struct Drivers;

impl_trait! {
    impl Klib for Drivers {
        fn mem_iomap(addr: PhysAddr, size: usize) -> KlibResult<VirtAddr> {
            axmm::iomap(addr, size).map_err(|_| KlibError::BadAddress)
        }

        fn mem_virt_to_phys(addr: VirtAddr) -> PhysAddr {
            virt_to_phys(addr)
        }

        fn mem_map_dma_coherent_uncached(_: NonNull<u8>, _: usize) -> DmaCoherentMappingOutcome {
            DmaCoherentMappingOutcome::NotStarted(KlibError::Unsupported)
        }

        fn mem_unmap_dma_coherent(_: NonNull<u8>, _: usize) -> KlibResult {
            Err(KlibError::Unsupported)
        }

        fn dma_alloc_pages(_: u64, _: usize, _: usize) -> KlibResult<NonNull<u8>> {
            Err(KlibError::Unsupported)
        }

        fn dma_dealloc_pages(_: NonNull<u8>, _: usize) {}

        fn time_busy_wait(duration: Duration) {
            axhal::time::busy_wait(duration);
        }

        fn time_monotonic_nanos() -> u64 {
            axhal::time::monotonic_time_nanos()
        }

        fn time_try_init_epoch_offset(_: u64) -> bool {
            false
        }

        fn irq_set_enable(_: IrqId, _: bool) -> KlibResult {
            Err(KlibError::Unsupported)
        }

        fn irq_request_shared(_: IrqId, _: BoxedIrqHandler) -> KlibResult<IrqHandle> {
            Err(KlibError::Unsupported)
        }

        fn irq_request_shared_disabled(_: IrqId, _: BoxedIrqHandler) -> KlibResult<IrqHandle> {
            Err(KlibError::Unsupported)
        }

        fn irq_request_percpu(
            _: IrqId,
            _: IrqCpuMask,
            _: ConcurrentBoxedIrqHandler,
        ) -> KlibResult<IrqHandle> {
            Err(KlibError::Unsupported)
        }

        fn irq_free(_: IrqHandle) -> KlibResult {
            Err(KlibError::Unsupported)
        }

        fn irq_enable(_: IrqHandle) -> KlibResult {
            Err(KlibError::Unsupported)
        }

        fn irq_disable(_: IrqHandle) -> KlibResult {
            Err(KlibError::Unsupported)
        }
    }
}
