// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which steps an execution has taken.

/// What is written down of an execution.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The steps behind the first fault, each once; those in front of it, if they are asked for.
    pub behind_fault: Vec<u32>,
    /// The steps whose accesses were refused, in order.
    pub faults: Vec<u32>,
    pub before: Option<Vec<bool>>,
    marks: Vec<u32>,
    number: u32,
}

impl Trace {
    pub fn begin(&mut self, steps: usize) {
        self.behind_fault.clear();
        self.faults.clear();
        self.marks.resize(steps, 0);
        self.number += 1;
    }

    pub fn pass(&mut self, step: u32) {
        if self.faults.is_empty() {
            if let Some(before) = &mut self.before {
                before[step as usize] = true;
            }
        } else if self.marks[step as usize] != self.number {
            self.marks[step as usize] = self.number;
            self.behind_fault.push(step);
        }
    }
}
