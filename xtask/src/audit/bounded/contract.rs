// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a routine owes its caller, from the contract above its label alone.

use super::{
    case::{Case, Layout, NONE},
    memory::{DESTINATION, SOURCE},
};
use crate::audit::linked::assembly::{Kind, Role};

/// What a routine is, as far as its answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    Copy,
    /// Ends behind a 0.
    CopyString,
    /// Counts the bytes in front of a 0.
    Length,
    Fill,
}

/// A task, and which of its sides are user memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contract {
    pub task: Task,
    pub user: [bool; 2],
}

impl Contract {
    pub fn of(name: &str, kind: Kind) -> Option<Self> {
        let Kind::Routine(roles) = kind else { return None };
        let user = [Role::UserSource, Role::UserDestination].map(|role| roles.contains(&role));
        let task = if name.contains("string_length") {
            Task::Length
        } else if name.contains("string") {
            Task::CopyString
        } else if name.contains("fill") {
            Task::Fill
        } else {
            Task::Copy
        };
        Some(Self { task, user })
    }

    pub fn has(self, side: usize) -> bool {
        match self.task {
            Task::Copy | Task::CopyString => true,
            Task::Length => side == SOURCE,
            Task::Fill => side == DESTINATION,
        }
    }

    pub fn is_string(self) -> bool {
        matches!(self.task, Task::CopyString | Task::Length)
    }

    /// How many bytes must be accessed if memory has no end.
    pub fn needs(self, case: &Case) -> u64 {
        match self.task {
            Task::CopyString | Task::Length if case.zero != NONE => {
                case.length().min(u64::from(case.zero) + 1)
            }
            _ => case.length(),
        }
    }

    /// How many bytes from the start on are there; nothing if that depends on when they are asked for.
    pub fn there(self, case: &Case) -> Option<u64> {
        let at = |side: usize, at: u32| if self.user[side] { u64::from(at) } else { u64::MAX };
        match case.layout {
            Layout::Whole => Some(u64::MAX),
            Layout::Edge(ends) => {
                let ends = ends.into_iter().enumerate().filter(|(_, end)| *end != NONE);
                Some(ends.map(|(side, end)| at(side, end)).min().unwrap_or(u64::MAX))
            }
            Layout::Behind { side, .. } => Some(at(side, 0)),
            Layout::Inside { side, at: end } => Some(at(side, end)),
            Layout::Going { .. } => None,
        }
    }

    /// What the answer is if so many bytes were accessed. Of a length the 0 does not count.
    pub fn left(self, case: &Case, done: u64) -> u64 {
        let ended = self.task == Task::Length && case.zero != NONE && done > u64::from(case.zero);
        case.length() - if ended { u64::from(case.zero) } else { done }
    }

    /// How often memory may refuse an access (design, C16): once where the cause is a page's, and twice where both sides end,
    /// where a routine must find the side out by itself, and where the cause may end anywhere. `is_behind` says that the
    /// page of the first byte is bad and ends below what the refused access reached: behind it there may be more.
    pub fn most_traps(self, case: &Case, is_behind: bool) -> u32 {
        let unknown = self.user == [true, true] && !case.told;
        match case.layout {
            Layout::Whole => 0,
            Layout::Edge(ends) if ends.iter().all(|end| *end != NONE) => 2,
            Layout::Edge(_) => 1 + u32::from(unknown),
            Layout::Behind { .. } => 1 + u32::from(unknown || is_behind),
            Layout::Inside { .. } | Layout::Going { .. } => 2,
        }
    }
}
