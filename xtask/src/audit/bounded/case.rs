// SPDX-License-Identifier: MIT OR Apache-2.0
//! One execution: what a routine is called with, and where memory ends.

use std::fmt;

use super::{bulk::Copier, memory::SOURCE};

/// No such place.
pub const NONE: u32 = u32::MAX;

/// How a routine works: what the CPU has, and in what state it finds the window.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    pub name: &'static str,
    /// The CPU feature byte beforehand; what a CPU that is asked says.
    pub cpu: u8,
    pub features: u8,
    pub configuration: u64,
    pub open: bool,
    pub copier: Copier,
    /// Its landings try again where a bad page ends within this distance, whatever the refused access reached.
    pub reach: u32,
    /// It differs from another way in how it begins only: a part of the lengths is enough.
    pub is_brief: bool,
}

impl Way {
    pub const fn new(name: &'static str, cpu: u8) -> Self {
        let copier = Copier { is_b: false, block: 16, partial: false };
        Self { name, cpu, features: cpu, configuration: 0, open: false, copier, reach: 0, is_brief: false }
    }
}

/// Where memory ends. Distances are those from the start of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Nowhere.
    Whole,
    /// At an edge of pages, on the source's side, the destination's, or both.
    Edge([u32; 2]),
    /// It begins there, at an edge of pages.
    Behind { side: usize, at: u32 },
    /// Inside a page.
    Inside { side: usize, at: u32 },
    /// All of it goes, in front of an access; for one access only, perhaps. The handler says that the cause is the page's, or
    /// one that may end inside.
    Going { at: u32, comes_back: bool, inside: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    pub way: u8,
    /// Which entry point.
    pub entry: u8,
    /// The lower half of the length. The upper one is 0, but for those that are far longer than what is there.
    pub len: u32,
    pub high: u32,
    /// Of a string: where its 0 is.
    pub zero: u32,
    /// Where the sides begin, from a multiple of a page, if they do not begin at a distance of an edge.
    pub offsets: [u16; 2],
    pub layout: Layout,
    /// The trap handler tells the cause.
    pub told: bool,
}

impl Case {
    pub fn length(&self) -> u64 {
        u64::from(self.high) << 32 | u64::from(self.len)
    }

    /// A number that differs between cases that are near each other: what it chooses is spread over them.
    pub fn variant(&self) -> u32 {
        let place = match self.layout {
            Layout::Whole => 0,
            Layout::Edge([source, destination]) => source.min(destination),
            Layout::Behind { at, .. } | Layout::Inside { at, .. } | Layout::Going { at, .. } => at,
        };
        let [source, destination] = self.offsets.map(u32::from);
        [place, source, destination].into_iter().fold(self.len, u32::wrapping_add)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.length())?;
        if self.zero != NONE {
            write!(f, ", 0 at {}", self.zero)?;
        }
        let [source, destination] = self.offsets;
        write!(f, ", alignments {source} and {destination}")?;
        let name = |side: usize| if side == SOURCE { "source" } else { "destination" };
        match self.layout {
            Layout::Whole => write!(f, ", no edge")?,
            Layout::Edge(ends) => {
                for (side, end) in ends.into_iter().enumerate().filter(|(_, end)| *end != NONE) {
                    write!(f, ", the {}'s page ends at {end}", name(side))?;
                }
            }
            Layout::Behind { side, at } => write!(f, ", the {}'s page begins at {at}", name(side))?,
            Layout::Inside { side, at } => write!(f, ", the {} ends inside a page at {at}", name(side))?,
            Layout::Going { at, comes_back, inside } => {
                let back = if comes_back { " for once" } else { "" };
                let inside = if inside { " by a cause inside a page" } else { "" };
                write!(f, ", memory goes at access {at}{back}{inside}")?;
            }
        }
        if !self.told { write!(f, ", no cause told") } else { Ok(()) }
    }
}
