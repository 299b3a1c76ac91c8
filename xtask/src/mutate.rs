// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask mutate`: changes of the assembly and the trap side, drawn by a seed. Each must be caught by a test or by
//! the audit, or stand in `mutate/equivalent.csv` with its proof.
//!
//! What the judges say of each is kept in `mutate/judged`, committed, because all of them take hours.
//!
//! A change is made in a copy of the tree, `target/mutate/ARCH`, which is built in its own `target`. Its judges are this
//! program, in a process of its own whose root is the copy.

mod assembly;
mod change;
mod court;
mod dialect;
mod draw;
mod equivalent;
mod judges;
pub mod list;
mod rust;
mod sources;
mod tree;
mod trial;
mod words;

use std::{process::ExitCode, slice};

use anyhow::{Context, Result, bail, ensure};

use self::{
    court::NOT_BUILT,
    draw::Draw,
    equivalent::Equivalents,
    judges::{Asked, Judge},
    list::{COUNT, List},
    tree::Tree,
    trial::{JUDGE, Verdict},
};
use crate::{
    env::{need, setup},
    machine::{self, Machine},
    root::home,
    run::{bar::Bar, number, report::Tally},
};

/// The seed of what is committed.
const SEED: u64 = 1;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Orders {
    seed: u64,
    /// How many for each machine.
    count: usize,
    /// Whether what the list of an earlier run says holds.
    goes_on: bool,
    /// Who is asked.
    asked: Asked,
    machines: Vec<String>,
}

impl Orders {
    fn parse(args: &[String]) -> Result<Self> {
        let mut orders =
            Self { seed: SEED, count: COUNT, goes_on: false, asked: Asked::All, machines: Vec::new() };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut number = || number::of(arg, args.next());
            match arg.as_str() {
                "--seed" => orders.seed = number()?,
                "--count" => orders.count = usize::try_from(number()?)?,
                "--go-on" => orders.goes_on = true,
                "--quick" => orders.ask(Asked::Quick)?,
                "--slow" => orders.ask(Asked::Slow)?,
                "--by" => {
                    let name = args.next().context("--by needs the name of a judge")?;
                    orders.ask(Asked::One(Judge::by_name(name)?))?;
                }
                name if !name.starts_with('-') => orders.machines.push(name.to_owned()),
                other => {
                    bail!("no option {other:?}; there are --seed, --count, --go-on, --quick, --slow and --by")
                }
            }
        }
        Ok(orders)
    }

    fn ask(&mut self, asked: Asked) -> Result<()> {
        ensure!(self.asked == Asked::All, "--quick, --slow and --by say who is asked: one of them alone");
        self.asked = asked;
        Ok(())
    }
}

/// Tries them for the named machines.
pub fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    let orders = Orders::parse(args)?;
    let machines = machine::chosen(&orders.machines)?;
    let needs = |machine| [need::of_hosted(machine), need::of_kernel(machine)].concat();
    setup::ensure(&machines.iter().copied().flat_map(needs).collect::<Vec<_>>())?;
    let equivalents = Equivalents::read()?;
    machines.into_iter().try_for_each(|machine| of_machine(machine, &orders, &equivalents, tally))
}

/// The part of a judge, `--judge NAME ARCH`: not a user's.
pub fn judge(args: &[String]) -> Option<ExitCode> {
    let [option, name, machine] = args else { return None };
    if option != JUDGE {
        return None;
    }
    let verdict = || court::judge(Judge::by_name(name)?, machine::chosen(slice::from_ref(machine))?[0]);
    Some(ExitCode::from(verdict().unwrap_or_else(|error| {
        println!("error: {error:#}");
        NOT_BUILT
    })))
}

fn of_machine(
    machine: &'static Machine,
    orders: &Orders,
    equivalents: &Equivalents,
    tally: &mut Tally,
) -> Result<()> {
    let place = home().join("target/mutate");
    let tree = Tree::copy(home(), place.join(machine.name))?;
    let log = place.join(format!("{}.txt", machine.name));
    // What is committed is of one seed.
    let folder =
        if orders.seed == SEED { list::folder() } else { place.join(format!("seed-{}", orders.seed)) };
    let mut list = List::new(&folder, machine.name, orders.seed);
    let earlier = if orders.goes_on { Some(list.earlier()?) } else { None };
    let mut trusted = Vec::new();
    if earlier.is_none() {
        println!(
            "{}: what the judges say without a mutation, which takes many minutes; what each says is in {}",
            machine.name,
            log.display()
        );
        trusted =
            trial::unchanged(&tree, &["asm/entry.S", "src/recovery/tag.rs"], orders.asked, machine, &log)?;
    }
    let sides = sources::of(tree.root(), dialect::of(machine.name)?)?;
    let name = format!("mutate {}", machine.name);
    let bar = Bar::new(&name, orders.count as u64);
    let mut sum = Sum::default();
    for (number, change) in Draw::new(orders.seed, machine.name, &sides).enumerate() {
        if sum.tried() == orders.count {
            break;
        }
        bar.show(sum.tried() as u64, &sum);
        let known = earlier.as_ref().and_then(|earlier| earlier.find(number, change));
        let proof = equivalents.proof(change);
        let asked = if proof.is_some() { Asked::Quickest } else { orders.asked };
        let verdict = match known {
            Some(verdict) => verdict,
            None => trial::run(&tree, change, asked, machine, &log, &mut trusted)?,
        };
        list.add(number, change, &verdict, proof)?;
        let said = format!("{name} {number}: {change}");
        let outcome = match (&verdict, proof) {
            (Verdict::NotBuilt, _) => {
                sum.not_built += 1;
                bar.say(&format!("{said}: is not built"));
                continue;
            }
            (Verdict::Caught(by), None) => {
                sum.caught += 1;
                Ok(format!("caught by {by}"))
            }
            (Verdict::Caught(by), Some(proof)) => {
                sum.caught += 1;
                Err(format!("caught by {by}, and equivalent.csv says: {proof}"))
            }
            (Verdict::Survived, Some(proof)) => {
                sum.equivalent += 1;
                Ok(format!("equivalent: {proof}"))
            }
            (Verdict::Survived, None) => {
                sum.survived += 1;
                Err("nothing has caught it".to_owned())
            }
        };
        let said = outcome.as_ref().map_or(said.clone(), |how| format!("{said}: {how}"));
        bar.hidden(|| tally.check(&said, outcome.map(drop)));
    }
    list.end()?;
    bar.end();
    println!("{name}: {sum}, seed {}", orders.seed);
    let all = if sum.tried() == orders.count { Ok(()) } else { Err(format!("only {}", sum.tried())) };
    tally.check(&format!("{name}: {} mutations", orders.count), all);
    Ok(())
}

/// What has come out so far.
#[derive(Debug, Default)]
struct Sum {
    caught: usize,
    equivalent: usize,
    survived: usize,
    not_built: usize,
}

impl Sum {
    /// What is not built counts for nothing.
    fn tried(&self) -> usize {
        self.caught + self.equivalent + self.survived
    }
}

impl std::fmt::Display for Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { caught, equivalent, survived, not_built } = self;
        write!(f, "{caught} caught, {equivalent} equivalent, {survived} survived, {not_built} not built")
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, COUNT, Judge, Orders};

    #[test]
    fn orders_are_read_and_nothing_else() {
        let parse =
            |args: &[&str]| Orders::parse(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>()).ok();
        let orders = |seed, count, goes_on, machines: &[&str]| {
            let machines = machines.iter().map(|&name| name.to_owned()).collect();
            Some(Orders { seed, count, goes_on, asked: Asked::All, machines })
        };
        assert_eq!(parse(&[]), orders(1, COUNT, false, &[]));
        assert_eq!(parse(&["--seed", "7", "x86_64", "--go-on"]), orders(7, COUNT, true, &["x86_64"]));
        assert_eq!(parse(&["--count", "3"]), orders(1, 3, false, &[]));
        for (options, asked) in [
            (&["--quick"][..], Asked::Quick),
            (&["--slow"], Asked::Slow),
            (&["--by", "audit"], Asked::One(Judge::Audit)),
        ] {
            assert!(parse(options).is_some_and(|orders| orders.asked == asked));
        }
        for wrong in [
            &["--seed"][..],
            &["--count", "x"],
            &["--fast"],
            &["--by"],
            &["--by", "nobody"],
            &["--quick", "--slow"],
        ] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }
}
