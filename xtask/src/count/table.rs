// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is printed.

use std::fmt::Write as _;

use super::operation::Figure;

/// A line per operation: how many, and how many per byte.
pub fn text(name: &str, figures: &[Figure]) -> String {
    let mut text = format!(
        "{name}\n{:<24} {:<10} {:>5} {:>12} {:>8} {:>9} {:>8} {:>7}\n",
        "operation", "layout", "bytes", "instructions", "per byte", "accesses", "per byte", "windows",
    );
    for Figure { operation, counts } in figures {
        let per_byte = |count: u64| count as f64 / operation.size as f64;
        let _ = writeln!(
            text,
            "{:<24} {:<10} {:>5} {:>12} {:>8.2} {:>9} {:>8.3} {:>7}",
            operation.name,
            operation.layout,
            operation.size,
            counts.instructions,
            per_byte(counts.instructions),
            counts.accesses,
            per_byte(counts.accesses),
            format!("{}/{}", counts.opened, counts.closed),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::count::{
        operation::{Figure, Operation},
        trace::Counts,
    };

    #[test]
    fn the_table_says_how_many_and_how_many_per_byte() {
        let operation = Operation::parse("fill_user,aligned,64").unwrap();
        let counts = Counts { instructions: 32, accesses: 8, opened: 1, closed: 1 };
        let table = text("riscv64 rv64", &[Figure { operation, counts }]);
        let line: Vec<_> = table.lines().nth(2).unwrap().split_whitespace().collect();
        assert_eq!(line, ["fill_user", "aligned", "64", "32", "0.50", "8", "0.125", "1/1"]);
    }
}
