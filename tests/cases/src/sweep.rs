// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every operation at every position: lengths x places of the page edge x alignments.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

use axptr::internal::cpu_paths;

use crate::{
    area::{Area, Content},
    bounds::Bounds,
    check::{CANARY, Source, Spot, Trial},
    op::{Api, Op},
    site::{PAGE, PageKind, Site},
};

/// What a sweep found.
#[derive(Debug, Default)]
pub struct Report {
    /// Operations that were checked.
    pub cases: u64,
    /// Those that did not do what they must.
    pub wrong: u64,
    /// The first of them.
    pub first_wrong: Vec<String>,
    /// Per layout and alignment of the failing side, the alignments of the other side as bits.
    met: [[u16; ALIGNMENTS]; LAYOUTS.len()],
}

impl Report {
    const DESCRIBED: u64 = 10;

    pub(crate) fn count(&mut self, outcome: Result<(), String>) {
        self.cases += 1;
        if let Err(reason) = outcome {
            self.reject(reason);
        }
    }

    fn meet(&mut self, layout: usize, [offset, other]: [usize; 2]) {
        self.met[layout][offset % ALIGNMENTS] |= 1 << (other % ALIGNMENTS);
    }

    /// How many pairs of alignments, of 256, occurred at a page's edge of each layout: good pages then bad ones, bad
    /// then good, bad then bad.
    pub fn alignment_pairs(&self) -> [u32; 3] {
        self.met.map(|pairs| pairs.iter().map(|others| others.count_ones()).sum())
    }

    fn reject(&mut self, reason: String) {
        if self.wrong < Self::DESCRIBED {
            self.first_wrong.push(reason);
        }
        self.wrong += 1;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cases, {} wrong", self.cases, self.wrong)?;
        self.first_wrong.iter().try_for_each(|reason| write!(f, "\n  {reason}"))
    }
}

/// Checks all that `bounds` asks for, on each set of paths that this CPU can take.
pub fn sweep(site: &mut dyn Site, bounds: &Bounds) -> Report {
    let mut ground = Ground::new(site);
    let mut report = Report::default();
    // The others are in the same text or come from it: a selection that hits every entry is enough.
    let few = &bounds.at_most(&Bounds::REDUCED);
    for (api, bounds) in [(Api::Typed, bounds), (Api::NoFault, few), (Api::Unpredictable, few)] {
        ground.api = api;
        for path in cpu_paths() {
            path.force();
            for (name, part) in PARTS {
                part(&mut ground, site, bounds, &mut report);
                if let Some(place) = ground.first_damage() {
                    report.reject(format!("after {name}, {api:?}, {}: {place}", path.name()));
                }
            }
        }
    }
    report
}

type Part = fn(&mut Ground, &mut dyn Site, &Bounds, &mut Report);

const PARTS: [(&str, Part); 4] = [
    ("copies over a page edge", over_an_edge),
    ("copies over a page edge at every pair of alignments", over_an_edge_aligned),
    ("copies over a page edge at every relative position", over_an_edge_aliased),
    ("copies without a fault", without_a_fault),
];

/// Alignments beyond this one make no difference to any routine.
const ALIGNMENTS: usize = 16;

/// Those of [`Bounds::free_alignments`].
const FREE_ALIGNMENTS: usize = 64;

/// Pages on each side of the edge: the longest range, its canaries, and a page to shift it by.
const HALF: usize = 4;
const EDGE: usize = HALF * PAGE;
const LAYOUTS: [[PageKind; 2]; 3] = [
    [PageKind::Good, PageKind::Unmapped],
    [PageKind::Unmapped, PageKind::Good],
    [PageKind::Unmapped, PageKind::Unmapped],
];

/// All memory of a sweep, mapped once, and the layer that is called. All areas have one size.
struct Ground {
    api: Api,
    kernel: Pair,
    good: Pair,
    /// One for each of [`LAYOUTS`].
    edges: Vec<Pair>,
}

/// Two areas alike, to copy from and to copy to.
struct Pair {
    src: Area,
    dst: Area,
}

impl Pair {
    fn user(site: &mut dyn Site, [before, behind]: [PageKind; 2]) -> Self {
        let mut kinds = [before; 2 * HALF];
        kinds[HALF..].fill(behind);
        let src = Area::user(site, &kinds, Content::Source);
        Self { src, dst: Area::user(site, &kinds, Content::Background) }
    }

    fn first_damage(&self) -> Option<&'static str> {
        let damaged = |area: &Area| area.first_wrong(0..area.len()).is_some();
        if damaged(&self.src) {
            Some("a source was written")
        } else if damaged(&self.dst) {
            Some("a byte far from a destination was written")
        } else {
            None
        }
    }
}

impl Ground {
    fn new(site: &mut dyn Site) -> Self {
        let kernel = Pair {
            src: Area::kernel(site, 2 * HALF, Content::Source),
            dst: Area::kernel(site, 2 * HALF, Content::Background),
        };
        let good = Pair::user(site, [PageKind::Good; 2]);
        let api = Api::Typed;
        Self { api, kernel, good, edges: LAYOUTS.into_iter().map(|kinds| Pair::user(site, kinds)).collect() }
    }

    fn first_damage(&self) -> Option<&'static str> {
        let pairs = [&self.kernel, &self.good].into_iter().chain(&self.edges);
        pairs.into_iter().find_map(Pair::first_damage)
    }
}

/// The side of an operation that meets the edge.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failing {
    Src,
    Dst,
    Both,
}

const SIDES: [(Op, Failing); 6] = [
    (Op::FromUser, Failing::Src),
    (Op::ToUser, Failing::Dst),
    (Op::InUser, Failing::Src),
    (Op::InUser, Failing::Dst),
    (Op::InUser, Failing::Both),
    (Op::Fill, Failing::Dst),
];

/// Each operation, `before` of `len` bytes in front of the edge, the other side aligned in every way.
fn over_an_edge(ground: &mut Ground, site: &mut dyn Site, bounds: &Bounds, report: &mut Report) {
    for len in bounds.lengths() {
        for before in bounds.bytes_before_edge(len) {
            let offset = EDGE - before;
            for ((op, failing), layout) in product(SIDES, 0..LAYOUTS.len()) {
                if !ground.api.has(op) {
                    continue;
                }
                for alignment in bounds.alignments() {
                    let other = match failing {
                        // The other edge comes from 8 bytes before to 7 bytes behind this one.
                        Failing::Both => offset + alignment - 8,
                        // The first of them ends at the fence; another begins there, of some lengths.
                        _ => ground.kernel.src.place(alignment.wrapping_sub(len), ALIGNMENTS, len),
                    };
                    report.meet(layout, [offset, other]);
                    report.count(ground.run(site, op, failing, layout, [offset, other], len));
                    if op == Op::Fill {
                        break;
                    }
                }
            }
        }
    }
}

/// Each operation where the edge falls into the head, the middle and the tail, both sides aligned in every way.
fn over_an_edge_aligned(ground: &mut Ground, site: &mut dyn Site, _: &Bounds, report: &mut Report) {
    for (before, len) in [(1, 20), (17, 40), (80, 170)] {
        for ((op, failing), layout) in product(SIDES, 0..LAYOUTS.len()) {
            if !ground.api.has(op) {
                continue;
            }
            for (at_edge, at_other) in product(0..ALIGNMENTS, 0..ALIGNMENTS) {
                if op == Op::Fill && at_other > 0 {
                    // It has no other side.
                    continue;
                }
                let offset = EDGE - before - at_edge;
                let other = match failing {
                    Failing::Both => offset + at_other - ALIGNMENTS / 2,
                    _ => ground.kernel.src.place(at_other, ALIGNMENTS, len),
                };
                report.meet(layout, [offset, other]);
                report.count(ground.run(site, op, failing, layout, [offset, other], len));
            }
        }
    }
}

/// Each copy between two places, every distance near 0 modulo a page: strings of bytes are slow there, so the
/// routines take other ways.
fn over_an_edge_aliased(ground: &mut Ground, site: &mut dyn Site, bounds: &Bounds, report: &mut Report) {
    for len in bounds.boundary_lengths() {
        for before in bounds.bytes_before_edge(len) {
            let offset = EDGE - before;
            for ((op, failing), layout) in product(SIDES, 0..LAYOUTS.len()) {
                if failing == Failing::Both || op == Op::Fill || !ground.api.has(op) {
                    continue;
                }
                for distance in bounds.aliases() {
                    let other = match failing {
                        Failing::Src => offset + distance,
                        _ => offset + PAGE - distance,
                    };
                    let other = PAGE + other % PAGE;
                    report.count(ground.run(site, op, failing, layout, [offset, other], len));
                }
            }
        }
    }
}

/// Each operation where everything is allowed, both sides aligned in every way.
fn without_a_fault(ground: &mut Ground, site: &mut dyn Site, bounds: &Bounds, report: &mut Report) {
    for len in bounds.lengths() {
        for (op, at_dst) in product(Op::ALL, bounds.free_alignments()) {
            if !ground.api.has(op) {
                continue;
            }
            for at_src in bounds.free_alignments() {
                let Ground { api, kernel, good, .. } = ground;
                let [dst, src] =
                    [at_dst, at_src].map(|at| kernel.src.place(at.wrapping_sub(len), FREE_ALIGNMENTS, len));
                let (dst, src) = match op {
                    Op::FromUser => ((&mut kernel.dst, dst), (&mut good.src, src)),
                    Op::ToUser => ((&mut good.dst, dst), (&mut kernel.src, src)),
                    Op::InUser | Op::Fill => ((&mut good.dst, dst), (&mut good.src, src)),
                };
                report.count(trial(*api, op, dst, src, len).run(site));
                if op == Op::Fill {
                    break;
                }
            }
        }
    }
}

impl Ground {
    /// Runs `op` with the failing side at the first offset, the other one at the second.
    fn run(
        &mut self,
        site: &mut dyn Site,
        op: Op,
        failing: Failing,
        layout: usize,
        [offset, other]: [usize; 2],
        len: usize,
    ) -> Result<(), String> {
        let Self { api, kernel, good, edges } = self;
        let Pair { src, dst } = &mut edges[layout];
        let partner = if op == Op::InUser { good } else { kernel };
        let (dst, src) = match failing {
            Failing::Src => ((&mut partner.dst, other), (src, offset)),
            Failing::Dst => ((dst, offset), (&mut partner.src, other)),
            Failing::Both => ((dst, other), (src, offset)),
        };
        trial(*api, op, dst, src, len).run(site)
    }
}

fn trial<'a>(
    api: Api,
    op: Op,
    dst: (&'a mut Area, usize),
    src: (&'a mut Area, usize),
    len: usize,
) -> Trial<'a> {
    let dst = Spot::new(dst.0, dst.1);
    let src = match op {
        // Any byte will do; this one differs from case to case.
        Op::Fill => Source::Byte(src.0.expected(0..src.0.len())[src.1 % src.0.len()]),
        _ => Source::Area(Spot::new(src.0, src.1)),
    };
    Trial { op, api, dst, src, len }
}

fn product<A: Copy, B>(
    outer: impl IntoIterator<Item = A>,
    inner: impl IntoIterator<Item = B> + Clone,
) -> impl Iterator<Item = (A, B)> {
    outer.into_iter().flat_map(move |a| inner.clone().into_iter().map(move |b| (a, b)))
}

const _: () = assert!(EDGE >= 2 * PAGE + 2 * PAGE && CANARY < PAGE);
