// SPDX-License-Identifier: MIT OR Apache-2.0
//! The operations that the kernel announces, each with what it came to.

use std::fmt;

use anyhow::{Context, Result, bail, ensure};

use super::trace::Counts;

/// What an operation's line begins with, and what stands around their number at the end.
const ANNOUNCED: &str = "count: ";
const SUM: (&str, &str) = ("axptr-kernel: ", " counted");

/// The first operation, which does nothing.
const NOTHING: &str = "nothing";

/// What an operation is done with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub name: String,
    /// How its two sides are aligned.
    pub layout: String,
    /// Bytes.
    pub size: u64,
}

/// An operation, and what it came to.
#[derive(Clone, Debug)]
pub struct Figure {
    pub operation: Operation,
    pub counts: Counts,
}

impl Operation {
    /// Reads `name,layout,size`.
    pub fn parse(text: &str) -> Result<Self> {
        let [name, layout, size] = text.split(',').collect::<Vec<_>>()[..] else {
            bail!("want name,layout,size: {text:?}");
        };
        let size = size.parse().with_context(|| format!("no size: {text:?}"))?;
        Ok(Self { name: name.to_owned(), layout: layout.to_owned(), size })
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, self.layout, self.size)
    }
}

/// Those that a console has announced, in their order.
pub fn announced(console: &[String]) -> Result<Vec<Operation>> {
    let lines = console.iter().filter_map(|line| line.strip_prefix(ANNOUNCED));
    let operations = lines.map(Operation::parse).collect::<Result<Vec<_>>>()?;
    let (begins, ends) = SUM;
    let sum = console.iter().find_map(|line| line.strip_prefix(begins)?.strip_suffix(ends));
    let sum: usize = sum.context("the kernel did not reach its end")?.parse().context("no sum")?;
    ensure!(sum == operations.len(), "{} operations were announced, {sum} done", operations.len());
    Ok(operations)
}

/// Puts both together, without what is done around each operation.
pub fn figures(operations: Vec<Operation>, counts: &[Counts]) -> Result<Vec<Figure>> {
    let mut figures = operations.into_iter().zip(counts.iter().copied());
    let (first, nothing) = figures.next().context("there is no operation")?;
    ensure!(first.name == NOTHING, "the first operation is {first}");
    figures
        .map(|(operation, counts)| {
            let counts = counts.without(nothing).with_context(|| operation.to_string())?;
            Ok(Figure { operation, counts })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{announced, figures};
    use crate::count::trace::Counts;

    fn console(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    const WHOLE: &str = "boot\ncount: nothing,aligned,0\ncount: a,aligned,8\naxptr-kernel: 2 counted";

    #[test]
    fn what_is_announced_is_read_in_its_order() {
        let operations = announced(&console(WHOLE)).unwrap();
        assert_eq!(operations[0].to_string(), "nothing aligned 0");
        assert_eq!(operations[1].to_string(), "a aligned 8");
    }

    #[test]
    fn a_boot_that_stops_or_miscounts_is_an_error() {
        for broken in [
            "count: nothing,aligned,0",
            "count: nothing,aligned,0\naxptr-kernel: 2 counted",
            "count: nothing,aligned,x\naxptr-kernel: 1 counted",
            "count: nothing,aligned\naxptr-kernel: 1 counted",
            "count: nothing,aligned,0\naxptr-kernel: PANIC: x",
        ] {
            assert!(announced(&console(broken)).is_err(), "{broken:?} passed");
        }
    }

    #[test]
    fn what_is_done_around_an_operation_is_none_of_it() {
        let operations = announced(&console(WHOLE)).unwrap();
        let nothing = Counts { instructions: 4, ..Counts::default() };
        let whole = Counts { instructions: 13, accesses: 2, opened: 1, closed: 1 };
        let told = figures(operations.clone(), &[nothing, whole]).unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].counts, Counts { instructions: 9, ..whole });
        // Something that accesses user memory, or is longer than an operation, is not nothing.
        assert!(figures(operations.clone(), &[whole, whole]).is_err());
        assert!(figures(operations.clone(), &[whole, nothing]).is_err());
        let other = operations.into_iter().rev().collect();
        assert!(figures(other, &[nothing, whole]).is_err());
    }
}
