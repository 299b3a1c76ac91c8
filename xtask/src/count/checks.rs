// SPDX-License-Identifier: MIT OR Apache-2.0
//! What must be so on every machine.

use super::operation::Figure;
use crate::{
    machine::{Cpu, Machine},
    run::report::Tally,
};

/// The loop that the others are held against, and what it takes per byte: `tests/kernel/src/arch/*/byte_loop.rs`.
const BYTE_LOOP: &str = "byte_loop";
const PER_BYTE: u64 = 5;

/// What is done with bytes, and how many sides of it are user memory.
const BY_BYTES: &[(&str, u64)] = &[
    ("copy_from_user", 1),
    ("copy_to_user", 1),
    ("copy_in_user", 2),
    ("fill_user", 1),
    ("nofault_copy_from_user", 1),
];

/// What is done with values whose user side is aligned, how many accesses to user memory it is, and in how many ways it
/// is done: sizes times layouts.
const VALUES: &[(&str, u64, usize)] =
    &[("value_from_user", 1, 6), ("value_to_user", 1, 6), ("value_in_user", 2, 3), ("value_fill", 1, 3)];

/// From which size on words must be what an aligned range is accessed by.
const BY_WORDS: u64 = 64;
const WORD: u64 = 8;

/// How many words of a range's end may be accessed again, by a block that overlaps the one before.
const OVERLAP: u64 = 2;

/// What the kernel's own rights are used for.
const PRIVILEGED: &[&str] = &["atomic_add", "atomic_compare_exchange", "probe"];

/// All checks.
pub fn run(machine: &Machine, cpu: &Cpu, figures: &[Figure], tally: &mut Tally) {
    let name = format!("{} {}", machine.name, cpu.name);
    for (claim, outcome) in [
        ("the byte loop comes to what its text says", byte_loop(figures)),
        ("each call opens and closes the window once, where there is one", windows(machine, cpu, figures)),
        ("aligned bytes are accessed by words", words(figures)),
        ("an aligned value is one access, wherever the kernel's side lies", values(figures)),
    ] {
        tally.check(&format!("{name}: {claim}"), outcome);
    }
}

/// The counting itself, by code that can be counted by hand.
fn byte_loop(figures: &[Figure]) -> Result<(), String> {
    let loops: Vec<_> = figures.iter().filter(|figure| figure.operation.name == BYTE_LOOP).collect();
    let [first, others @ ..] = &loops[..] else { return Err("it is not counted".to_owned()) };
    if others.is_empty() {
        return Err("one size says nothing".to_owned());
    }
    let rest = |figure: &Figure| figure.counts.instructions.checked_sub(PER_BYTE * figure.operation.size);
    let same = |figure: &&&Figure| rest(figure).is_some() && rest(figure) == rest(first);
    let exact = |figure: &&&Figure| figure.counts.accesses == figure.operation.size;
    match loops.iter().find(|figure| !same(figure) || !exact(figure)) {
        None => Ok(()),
        Some(figure) => Err(format!("{}: {:?}", figure.operation, figure.counts)),
    }
}

/// How often an operation must open the window.
fn wanted(machine: &Machine, cpu: &Cpu, operation: &str) -> u64 {
    let guarded = machine.window.is_some_and(|window| cpu.features.contains(&window));
    // The unprivileged accesses of aarch64 need no window.
    let needs = operation != BYTE_LOOP && (machine.name != "aarch64" || PRIVILEGED.contains(&operation));
    u64::from(guarded && needs)
}

fn windows(machine: &Machine, cpu: &Cpu, figures: &[Figure]) -> Result<(), String> {
    for Figure { operation, counts } in figures {
        let wanted = wanted(machine, cpu, &operation.name);
        if (counts.opened, counts.closed) != (wanted, wanted) {
            let (opened, closed) = (counts.opened, counts.closed);
            return Err(format!("{operation}: opened {opened} times, closed {closed} times, not {wanted}"));
        }
    }
    Ok(())
}

fn words(figures: &[Figure]) -> Result<(), String> {
    for (name, sides) in BY_BYTES {
        let own = figures.iter().filter(|Figure { operation, .. }| {
            operation.name == *name && operation.layout == "aligned" && operation.size >= BY_WORDS
        });
        let mut sizes = 0;
        for Figure { operation, counts } in own {
            sizes += 1;
            let most = (operation.size / WORD + OVERLAP) * sides;
            if counts.accesses == 0 || counts.accesses > most {
                return Err(format!("{operation}: {} accesses", counts.accesses));
            }
        }
        if sizes == 0 {
            return Err(format!("{name} is not counted"));
        }
    }
    Ok(())
}

/// More would let a value tear.
fn values(figures: &[Figure]) -> Result<(), String> {
    for (name, accesses, ways) in VALUES {
        let own: Vec<_> = figures.iter().filter(|figure| figure.operation.name == *name).collect();
        if let Some(Figure { operation, counts }) = own.iter().find(|own| own.counts.accesses != *accesses) {
            return Err(format!("{operation}: {} accesses, not {accesses}", counts.accesses));
        }
        if own.len() != *ways {
            return Err(format!("{name} is counted {} times, not {ways}", own.len()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{BY_BYTES, VALUES, byte_loop, values, windows, words};
    use crate::{
        count::{
            operation::{Figure, Operation},
            trace::Counts,
        },
        machine::{self, Cpu, Machine},
    };

    fn figure(operation: &str, instructions: u64, accesses: u64, windows: (u64, u64)) -> Figure {
        let operation = Operation::parse(operation).unwrap();
        let (opened, closed) = windows;
        Figure { operation, counts: Counts { instructions, accesses, opened, closed } }
    }

    #[test]
    fn a_loop_that_does_not_come_to_its_text_is_found() {
        let short = figure("byte_loop,aligned,8", 47, 8, (0, 0));
        let long = |instructions, accesses| figure("byte_loop,aligned,64", instructions, accesses, (0, 0));
        assert_eq!(byte_loop(&[short.clone(), long(327, 64)]), Ok(()));
        for wrong in [long(326, 64), long(328, 64), long(327, 63), long(327, 65), long(7, 64)] {
            assert!(byte_loop(&[short.clone(), wrong]).is_err());
        }
        assert!(byte_loop(&[short]).is_err() && byte_loop(&[]).is_err());
    }

    fn on(name: &str, cpu: &str) -> (&'static Machine, &'static Cpu) {
        let machine = machine::chosen(&[name.to_owned()]).unwrap()[0];
        (machine, machine.cpus.iter().find(|known| known.name == cpu).unwrap())
    }

    #[test]
    fn each_call_has_one_window_where_it_needs_one() {
        let [copy, atomic] = ["copy_from_user,aligned,8", "atomic_add,aligned,4"];
        for (name, cpu, operation, wanted) in [
            ("x86_64", "max", copy, 1),
            ("x86_64", "qemu64", copy, 0),
            ("riscv64", "rv64", copy, 1),
            ("riscv64", "rv64", "byte_loop,aligned,8", 0),
            ("aarch64", "max", copy, 0),
            ("aarch64", "max", atomic, 1),
            ("aarch64", "cortex-a72", atomic, 0),
            ("loongarch64", "la464", atomic, 0),
        ] {
            let (machine, cpu) = on(name, cpu);
            for told in [(0, 0), (1, 1), (1, 0), (0, 1), (2, 2)] {
                let outcome = windows(machine, cpu, &[figure(operation, 9, 1, told)]);
                assert_eq!(outcome.is_ok(), told == (wanted, wanted), "{name}, {operation}, {told:?}");
            }
        }
    }

    #[test]
    fn a_value_by_parts_is_found() {
        let all = |more: u64| {
            let mut all = Vec::new();
            for (name, accesses, ways) in VALUES {
                all.extend((0..*ways).map(|_| figure(&format!("{name},aligned,8"), 30, *accesses, (1, 1))));
            }
            // The last one alone is done so.
            all.last_mut().unwrap().counts.accesses += more;
            all
        };
        assert_eq!(values(&all(0)), Ok(()));
        assert!(values(&all(1)).is_err() && values(&all(0)[1..]).is_err());
    }

    #[test]
    fn aligned_bytes_by_bytes_are_found() {
        let all = |accesses: u64| {
            let one = |&(name, sides): &(&str, u64)| {
                figure(&format!("{name},aligned,64"), 99, accesses * sides, (1, 1))
            };
            BY_BYTES.iter().map(one).collect::<Vec<_>>()
        };
        assert_eq!(words(&all(8)), Ok(()));
        assert_eq!(words(&all(10)), Ok(()));
        assert!(words(&all(11)).is_err() && words(&all(0)).is_err() && words(&all(8)[1..]).is_err());
    }
}
