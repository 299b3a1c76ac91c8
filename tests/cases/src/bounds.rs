// SPDX-License-Identifier: MIT OR Apache-2.0
//! How much of the sweep is done.

use alloc::vec::Vec;

use crate::site::PAGE;

/// Where the routines change their way of working, and lengths around a page.
const BOUNDARIES: [usize; 14] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 264, 512, 1024, PAGE, 2 * PAGE];

/// Ranges of up to this many bytes pass through every class that is not a single string instruction.
const ALL_CLASSES: usize = 514;
/// Those of up to this many pass through all but the last of them.
const SMALL_CLASSES: usize = 130;

/// What to enumerate. Every field counts bytes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Every length up to this one.
    all_lengths: usize,
    /// Every length this near to a boundary.
    near_boundary: usize,
    /// Every number of accessible bytes this near to none and to all.
    near_ends: usize,
    /// Every number of accessible bytes this near to a page's edge inside the range.
    near_page_edge: usize,
    /// In between, one number of accessible bytes in so many: up to [`SMALL_CLASSES`], and from there to
    /// [`ALL_CLASSES`].
    strides: [usize; 2],
    /// The other side's alignments: of 0..16, one in so many.
    alignment_step: usize,
    /// Distances of the destination from the source modulo a page: all this near to 0.
    near_alias: usize,
    /// Both sides' alignments without a fault: of 0..64, one in so many.
    free_alignment_step: usize,
}

impl Bounds {
    /// Everything: minutes on hardware.
    pub const FULL: Self = Self {
        all_lengths: 320,
        near_boundary: 24,
        near_ends: 80,
        near_page_edge: 16,
        strides: [1, 1],
        alignment_step: 1,
        near_alias: 32,
        free_alignment_step: 1,
    };

    /// Still hits every entry of the table: seconds on hardware.
    pub const REDUCED: Self = Self {
        all_lengths: 40,
        near_boundary: 2,
        near_ends: 9,
        near_page_edge: 2,
        strides: [4, 37],
        alignment_step: 5,
        near_alias: 16,
        free_alignment_step: 7,
    };

    /// Still hits every entry of the table: for emulated machines.
    pub const TINY: Self = Self {
        all_lengths: 10,
        near_boundary: 1,
        near_ends: 2,
        near_page_edge: 1,
        strides: [4, 31],
        alignment_step: 9,
        near_alias: 1,
        free_alignment_step: 21,
    };

    /// The smaller of the two.
    pub(crate) fn at_most(&self, other: &Self) -> Self {
        if self.all_lengths < other.all_lengths { *self } else { *other }
    }

    /// The lengths of the copies.
    pub(crate) fn lengths(&self) -> Vec<usize> {
        let near = |len: usize| nearest(len, BOUNDARIES) <= self.near_boundary;
        (0..=self.longest()).filter(|&len| len <= self.all_lengths || near(len)).collect()
    }

    /// The lengths for which all relative positions are tried: each boundary and its neighbours.
    pub(crate) fn boundary_lengths(&self) -> Vec<usize> {
        (0..=self.longest()).filter(|&len| nearest(len, BOUNDARIES) <= 1).collect()
    }

    /// How many bytes of a range of `len` may lie before the edge.
    pub(crate) fn bytes_before_edge(&self, len: usize) -> Vec<usize> {
        let near_ends = |count: usize| count.min(len - count) <= self.near_ends;
        let near_page = |count: usize| {
            let into_page = count % PAGE;
            count > PAGE / 2 && into_page.min(PAGE - into_page) <= self.near_page_edge
        };
        let [small, large] = self.strides;
        let stride = if len <= SMALL_CLASSES { small } else { large };
        let on_stride = |count: usize| len <= ALL_CLASSES && count.is_multiple_of(stride);
        (0..=len).filter(|&count| near_ends(count) || near_page(count) || on_stride(count)).collect()
    }

    /// The alignments of the side that does not fail.
    pub(crate) fn alignments(&self) -> impl Iterator<Item = usize> + Clone + use<> {
        (0..16).step_by(self.alignment_step)
    }

    /// The distances of the destination from the source, modulo a page.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = usize> + Clone + use<> {
        (0..=self.near_alias).chain(PAGE - self.near_alias..PAGE)
    }

    /// The alignments of both sides of a copy that does not fail.
    pub(crate) fn free_alignments(&self) -> impl Iterator<Item = usize> + Clone + use<> {
        (0..64).step_by(self.free_alignment_step)
    }

    /// The longest range that is tried.
    pub(crate) fn longest(&self) -> usize {
        2 * PAGE + self.near_boundary
    }
}

fn nearest(len: usize, boundaries: impl IntoIterator<Item = usize>) -> usize {
    boundaries.into_iter().map(|boundary| boundary.abs_diff(len)).min().unwrap_or(usize::MAX)
}
