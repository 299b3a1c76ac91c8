// SPDX-License-Identifier: MIT OR Apache-2.0
//! Both kernels side by side.

use super::score::Score;

/// Where a column begins.
const NAME: usize = 44;
const COLUMN: usize = 34;

/// Prints the sums, and each check that is not right in both.
pub fn print(title: &str, base: &Score, axptr: &Score) {
    println!("\n{:NAME$} {:COLUMN$} axptr", title, "base");
    for name in axptr.sums().filter(|name| base.sums().all(|it| it != *name)).chain(base.sums()) {
        let of = |score: &Score| {
            let (right, all) = score.of(name);
            format!("{right} of {all}")
        };
        println!("{name:NAME$} {:COLUMN$} {}", of(base), of(axptr));
    }
    let end = |score: &Score| score.came_to_its_end().err().unwrap_or_else(|| "no panic".to_owned());
    println!("{:NAME$} {:COLUMN$} {}", "its end", end(base), end(axptr));
    let only_base = base.names().filter(|name| axptr.verdict(name).is_none());
    for name in axptr.names().chain(only_base) {
        let of = |score: &Score| score.verdict(name).unwrap_or("not reached").to_owned();
        let both = [of(base), of(axptr)];
        if both != ["ok", "ok"] {
            println!("{name:NAME$} {:COLUMN$} {}", both[0], both[1]);
        }
    }
    for (which, score) in [("base", base), ("axptr", axptr)] {
        for line in &score.partial {
            println!("{which}: partial {line}");
        }
    }
}

/// Prints the instructions per call.
pub fn print_counts(title: &str, base: &Score, axptr: &Score) {
    println!("\n{:NAME$} {:>12} {:>12}  axptr / base", title, "base", "axptr");
    for (name, size, count) in &axptr.counts {
        let same = |it: &&(String, u64, Result<u64, String>)| it.0 == *name && it.1 == *size;
        let of_base = base.counts.iter().find(same).map(|(.., count)| count.clone());
        let text = |count: &Result<u64, String>| count.as_ref().map_or_else(Clone::clone, u64::to_string);
        let ratio = match (&of_base, count) {
            (Some(Ok(base)), Ok(axptr)) if *base > 0 => format!("{:.2}", *axptr as f64 / *base as f64),
            _ => String::new(),
        };
        let of_base = of_base.as_ref().map_or_else(String::new, text);
        println!("{:NAME$} {of_base:>12} {:>12}  {ratio}", format!("{name}, {size} bytes"), text(count));
    }
}
