// SPDX-License-Identifier: MIT OR Apache-2.0
//! Addresses and lengths that no honest program passes.

use alloc::string::String;

use axptr::{Access, FaultKind};

use crate::{
    area::{Area, Content},
    ensure::ensure,
    machine::{KERNEL_HALF, UNTRANSLATABLE},
    op::{Answer, Api, Call, Op, Stop},
    site::{PAGE, PageKind, Site},
};

/// A good page and kernel memory, to stand on the other side of a bad address.
struct Ground {
    good: Area,
    kernel: Area,
}

impl Ground {
    fn new(site: &mut dyn Site) -> Self {
        let good = Area::user(site, &[PageKind::Good; 2], Content::Background);
        Self { good, kernel: Area::kernel(site, 2, Content::Background) }
    }

    /// The calls that have `addr` on a user side.
    fn calls(&self, api: Api, addr: usize, len: usize, other: usize) -> [(Access, Call); 5] {
        let (good, kernel) = (self.good.at(other), self.kernel.at(other));
        let call = |op, dst, src| Call { op, api, dst, src, byte: 0x5a, len };
        [
            (Access::Read, call(Op::FromUser, kernel, addr)),
            (Access::Write, call(Op::ToUser, addr, kernel)),
            (Access::Read, call(Op::InUser, good, addr)),
            (Access::Write, call(Op::InUser, addr, good)),
            (Access::Write, call(Op::Fill, addr, 0)),
        ]
    }

    /// Makes a call and demands this answer, this number of traps, and no changed byte.
    fn demand(
        &self,
        site: &mut dyn Site,
        call: Call,
        expected: Answer,
        expected_traps: usize,
    ) -> Result<(), String> {
        let before = site.traps();
        // SAFETY: (1) the callers keep `len` inside of the kernel area, unless the address on the other side is
        // refused or faults at its first byte; (2) that one belongs to nobody.
        let answer = unsafe { call.run() };
        let traps = site.traps() - before;
        ensure!(answer == expected, "{answer:x?}, expected {expected:x?}: {call:x?}");
        ensure!(traps == expected_traps, "{traps} traps, expected {expected_traps}: {call:x?}");
        for area in [&self.good, &self.kernel] {
            ensure!(area.first_wrong(0..area.len()).is_none(), "memory was changed: {call:x?}");
        }
        Ok(())
    }
}

/// Nothing was done, at the first byte.
fn nothing(access: Access, kind: FaultKind, addr: Option<usize>) -> Answer {
    Answer { copied: 0, stop: Some(Stop { access: Some(access), kind, addr }) }
}

pub(crate) fn length_zero(site: &mut dyn Site) -> Result<(), String> {
    let ground = Ground::new(site);
    let bad = site.map(&[PageKind::Unmapped]);
    let limit = axptr::user_limit();
    let addresses = [0, 1, bad, bad + 5, limit - 1, limit, limit + 1, usize::MAX];
    for addr in addresses.into_iter().chain(UNTRANSLATABLE).chain(KERNEL_HALF) {
        for api in Api::ALL {
            for (_, call) in ground.calls(api, addr, 0, 0) {
                ground.demand(site, call, Answer { copied: 0, stop: None }, 0)?;
            }
        }
    }
    Ok(())
}

pub(crate) fn outside(site: &mut dyn Site) -> Result<(), String> {
    let ground = Ground::new(site);
    let limit = axptr::user_limit();
    for len in [1, 2, 8, 16, 64, 129, PAGE] {
        let addresses =
            [limit, limit + 1, limit - len + 1, usize::MAX, usize::MAX - len + 1, usize::MAX - len];
        for addr in addresses.into_iter().chain(UNTRANSLATABLE).chain(KERNEL_HALF) {
            for (access, call) in ground.calls(Api::Typed, addr, len, 0) {
                let expected = nothing(access, FaultKind::OutOfRange, Some(addr));
                ground.demand(site, call, expected, 0)?;
            }
        }
    }
    Ok(())
}

pub(crate) fn huge_lengths(site: &mut dyn Site) -> Result<(), String> {
    let ground = Ground::new(site);
    let limit = axptr::user_limit();
    let (good, kind) = (ground.good.at(0), FaultKind::OutOfRange);
    for len in [limit + 1, 1 << 63, isize::MAX as usize, usize::MAX - 1, usize::MAX] {
        for start in [0, 1, good, limit - 1] {
            let [.., (_, fill)] = ground.calls(Api::Typed, start, len, 0);
            ground.demand(site, fill, nothing(Access::Write, kind, Some(start)), 0)?;
            // The source is checked first; both ranges are refused.
            let copy = Call { op: Op::InUser, src: start, ..fill };
            ground.demand(site, copy, nothing(Access::Read, kind, Some(start)), 0)?;
        }
    }
    for len in [1 << 20, (limit - good) / 2, limit - good] {
        let before = site.traps();
        let Err(fault) = axptr::fill_user(good, 0x5a, len) else {
            return Err(alloc::format!("{len:#x} bytes were filled"));
        };
        ensure!(site.traps() - before == 1, "{} traps", site.traps() - before);
        ensure!((fault.done, fault.addr) == (2 * PAGE, good + 2 * PAGE), "{fault}");
    }
    Ok(())
}

pub(crate) fn null(site: &mut dyn Site) -> Result<(), String> {
    let ground = Ground::new(site);
    for len in [1, 8, 64, 1000] {
        for (access, call) in ground.calls(Api::Typed, 0, len, 0) {
            ground.demand(site, call, nothing(access, FaultKind::NotPresent, Some(0)), 1)?;
        }
    }
    Ok(())
}

pub(crate) fn last_byte(site: &mut dyn Site) -> Result<(), String> {
    let ground = Ground::new(site);
    let last = axptr::user_limit() - 1;
    // Whether there is a page is not for us to say; nor may we write to it.
    if let Err(fault) = axptr::copy_from_user(&mut [0], last) {
        ensure!(fault.kind != FaultKind::OutOfRange && fault.addr == last, "{fault}");
    }
    for (access, call) in ground.calls(Api::Typed, last, 2, 0) {
        ground.demand(site, call, nothing(access, FaultKind::OutOfRange, Some(last)), 0)?;
    }
    Ok(())
}

pub(crate) fn another_limit(site: &mut dyn Site) -> Result<(), String> {
    let ground = Ground::new(site);
    let (before, limit) = (axptr::user_limit(), ground.good.at(PAGE));
    // SAFETY: (1) it is lower than the one before, which was right.
    unsafe { axptr::set_user_limit(limit) };
    let verdict = below(site, &ground, limit);
    // SAFETY: (1) it was right before.
    unsafe { axptr::set_user_limit(before) };
    verdict
}

fn below(site: &mut dyn Site, ground: &Ground, limit: usize) -> Result<(), String> {
    ensure!(axptr::user_limit() == limit, "the limit is {:#x}", axptr::user_limit());
    let traps = site.traps();
    let read = axptr::copy_from_user(&mut [0; 16], limit - 16);
    ensure!(read.is_ok() && site.traps() == traps, "{read:?} below the limit");
    for (start, len) in [(limit - 15, 16), (limit, 1), (limit + 1, 8)] {
        let [from, to, .., fill] = ground.calls(Api::Typed, start, len, 0);
        for (access, call) in [from, to, fill] {
            ground.demand(site, call, nothing(access, FaultKind::OutOfRange, Some(start)), 0)?;
        }
    }
    Ok(())
}

pub(crate) fn untranslatable(site: &mut dyn Site) -> Result<(), String> {
    let ground = Ground::new(site);
    for path in axptr::internal::cpu_paths() {
        path.force();
        for addr in UNTRANSLATABLE {
            for len in [1, 2, 4, 5, 8, 9, 16, 17, 64, 128, 129, 200, 1000] {
                for other in 0..16 {
                    for (access, call) in ground.calls(Api::Raw, addr, len, other) {
                        let expected = nothing(access, site.refusal_of_untranslatable(), None);
                        ground.demand(site, call, expected, 1)?;
                    }
                }
            }
        }
    }
    Ok(())
}
