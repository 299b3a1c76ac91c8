// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bulk operations over pages of all kinds.

use alloc::string::String;

use axptr::Access;

use crate::{
    area::{Area, Content},
    check::{Source, Spot, Trial},
    ensure::ensure,
    op::{Api, Op},
    site::{PAGE, PageKind, Site},
};

use PageKind::{Good, Lazy, ReadOnly, Unmapped};

/// Areas of one layout to copy from and to copy to, and their good partners.
struct Ground {
    src: Area,
    dst: Area,
    good_src: Area,
    good_dst: Area,
    kernel_src: Area,
    kernel_dst: Area,
}

impl Ground {
    fn new(site: &mut dyn Site, kinds: &[PageKind]) -> Self {
        Self {
            src: Area::user(site, kinds, Content::Source),
            dst: Area::user(site, kinds, Content::Background),
            good_src: Area::user(site, &[Good; 4], Content::Source),
            good_dst: Area::user(site, &[Good; 4], Content::Background),
            kernel_src: Area::kernel(site, 4, Content::Source),
            kernel_dst: Area::kernel(site, 4, Content::Background),
        }
    }

    /// Every operation on `len` bytes at `offset` of the layout; the other side is good, at `other`.
    fn all_operations(
        &mut self,
        site: &mut dyn Site,
        api: Api,
        [offset, other]: [usize; 2],
        len: usize,
    ) -> Result<(), String> {
        for op in Op::ALL {
            if op.reads_user() {
                let dst = if op.writes_user() { &mut self.good_dst } else { &mut self.kernel_dst };
                let src = Source::Area(Spot::new(&mut self.src, offset));
                Trial { op, api, dst: Spot::new(dst, other), src, len }.run(site)?;
            }
            if op.writes_user() {
                let src = match op {
                    Op::Fill => Source::Byte(0x5a),
                    Op::InUser => Source::Area(Spot::new(&mut self.good_src, other)),
                    _ => Source::Area(Spot::new(&mut self.kernel_src, other)),
                };
                Trial { op, api, dst: Spot::new(&mut self.dst, offset), src, len }.run(site)?;
            }
        }
        Ok(())
    }
}

pub(crate) fn every_alignment(site: &mut dyn Site) -> Result<(), String> {
    let mut ground = Ground::new(site, &[Good; 4]);
    for len in [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 127, 128, 129, 160, 161, 1000] {
        for offset in PAGE..PAGE + 16 {
            for other in PAGE..PAGE + 16 {
                ground.all_operations(site, Api::Typed, [offset, other], len)?;
            }
        }
    }
    Ok(())
}

pub(crate) fn ends_at_an_unmapped_page(site: &mut dyn Site) -> Result<(), String> {
    let mut ground = Ground::new(site, &[Good, Unmapped]);
    for len in 1..=140 {
        for good in [0, 1, 2, 3, 5, 8, 13, 21, 34, 54, 55, 89, 127, 128, 139, 140] {
            if good <= len {
                ground.all_operations(site, Api::Typed, [PAGE - good, 10], len)?;
            }
        }
    }
    for api in Api::ALL {
        ground.all_operations(site, api, [PAGE - 54, 10], 64)?;
        ground.all_operations(site, api, [1, 10], PAGE)?;
    }
    Ok(())
}

pub(crate) fn begins_at_an_unmapped_page(site: &mut dyn Site) -> Result<(), String> {
    let mut ground = Ground::new(site, &[Unmapped, Good, Good]);
    for len in [1, 2, 3, 4, 5, 8, 9, 16, 17, 33, 65, 128, 129, 1000, PAGE + 1] {
        for bad in [1, 2, 3, 4, 7, 8, 9, 15, 16, 31, 32, 63, 64, 127, 128, 129, PAGE] {
            ground.all_operations(site, Api::Typed, [PAGE - bad, 3], len)?;
        }
    }
    Ok(())
}

pub(crate) fn inside_an_unmapped_page(site: &mut dyn Site) -> Result<(), String> {
    let mut ground = Ground::new(site, &[Unmapped; 2]);
    for power in [16, 64, 512, 1024, PAGE / 2, PAGE] {
        for before in [0, 1, 3, 8, 20, 100, 128] {
            for len in [1, 2, 3, 4, 7, 8, 9, 16, 17, 33, 65, 128, 129, 300] {
                let offset = PAGE + power - before.min(power);
                let len = if power == PAGE { len.min(before) } else { len };
                ground.all_operations(site, Api::Typed, [offset, 7], len)?;
            }
        }
    }
    Ok(())
}

pub(crate) fn every_kind(site: &mut dyn Site) -> Result<(), String> {
    for kind in PageKind::ALL {
        let layout = [Good, kind, Good];
        let mut ground = Ground::new(site, &layout);
        for api in Api::ALL {
            for before in [0, 1, 8, 100] {
                for len in [1, 8, 9, 40, 101, 130, 1000, PAGE + 200] {
                    if kind == Lazy {
                        ground = Ground::new(site, &layout);
                    }
                    ground.all_operations(site, api, [PAGE - before, 5], len)?;
                }
            }
        }
    }
    Ok(())
}

pub(crate) fn demand_paging(site: &mut dyn Site) -> Result<(), String> {
    for layout in [[Good, Lazy, Good], [Lazy, Good, Lazy], [Lazy; 3]] {
        for (offset, len) in [(0, 3 * PAGE), (1, 3 * PAGE - 2), (PAGE - 8, PAGE + 16), (PAGE - 3, 7)] {
            for op in Op::ALL {
                let mut user_src = Area::user(site, &layout, Content::Source);
                let mut user_dst = Area::user(site, &layout, Content::Background);
                let mut kernel_src = Area::kernel(site, 3, Content::Source);
                let mut kernel_dst = Area::kernel(site, 3, Content::Background);
                let src = if op.reads_user() { &mut user_src } else { &mut kernel_src };
                let dst = if op.writes_user() { &mut user_dst } else { &mut kernel_dst };
                let src = match op {
                    Op::Fill => Source::Byte(0xff),
                    _ => Source::Area(Spot::new(src, offset)),
                };
                Trial { op, api: Api::Typed, dst: Spot::new(dst, offset), src, len }.run(site)?;
            }
        }
    }
    Ok(())
}

pub(crate) fn demand_paging_ends(site: &mut dyn Site) -> Result<(), String> {
    for (before, len) in [(PAGE, PAGE + 1), (PAGE + 54, PAGE + 64), (54, 64), (2 * PAGE, 3 * PAGE)] {
        for api in Api::ALL {
            let mut ground = Ground::new(site, &[Lazy, Lazy, Unmapped]);
            ground.all_operations(site, api, [2 * PAGE - before, 0], len)?;
        }
    }
    Ok(())
}

pub(crate) fn read_only(site: &mut dyn Site) -> Result<(), String> {
    let addr = site.map(&[Good, ReadOnly]) + PAGE;
    ensure!(axptr::copy_from_user(&mut [0; 16], addr - 8).is_ok(), "not readable");
    let before = site.traps();
    let Err(fault) = axptr::copy_to_user(addr - 8, &[1; 16]) else {
        return Err(String::from("writable"));
    };
    ensure!((fault.done, fault.addr) == (8, addr), "{fault}");
    let expected = site.refusal(ReadOnly, Access::Write);
    ensure!((fault.access, Some(fault.kind)) == (Access::Write, expected), "{fault}");
    ensure!(site.traps() - before == 1, "{} traps", site.traps() - before);
    Ok(())
}

pub(crate) fn many_faults(site: &mut dyn Site) -> Result<(), String> {
    let mut ground = Ground::new(site, &[Good, Unmapped]);
    for round in 0..1000 {
        let (good, len) = (round % 97, 97 + round % 61);
        ground.all_operations(site, Api::Typed, [PAGE - good, round % 13], len)?;
    }
    Ok(())
}
