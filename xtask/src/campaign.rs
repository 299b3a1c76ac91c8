// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask campaign`: random operations against a model, `tests/campaign`, in processes and in kernels, until so many
//! of them have met a byte that refused them.

mod news;

use std::{
    env::consts::ARCH,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use self::news::News;
use crate::{
    env::{cross::Cross, need, setup, toolchain},
    kernel::{boot::Boot, build},
    machine::{self, Machine},
    root::root,
    run::{bar::Bar, cargo::cargo, number, report::Tally},
};

/// How many faults a long run comes to: in a process on this machine, in one that is emulated, in a kernel.
const HERE: u64 = 10_000_000;
const EMULATED: u64 = 1_000_000;
const KERNEL: u64 = 100_000;

/// How many faults one boot comes to, if minutes and not faults end the run.
const PER_BOOT: u64 = 20_000;

/// How long a boot of a long run may take.
const BOOT_LIMIT: Duration = Duration::from_secs(3600);

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Orders {
    /// Of the first round in each place.
    seed: u64,
    /// How long in each place. Without it, until there were enough faults.
    time: Option<Duration>,
    machines: Vec<String>,
}

impl Orders {
    fn parse(args: &[String]) -> Result<Self> {
        let mut orders = Self { seed: 1, time: None, machines: Vec::new() };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut number = || number::of(arg, args.next());
            match arg.as_str() {
                "--seed" => orders.seed = number()?,
                "--minutes" => orders.time = Some(Duration::from_secs(number()?.saturating_mul(60))),
                name if !name.starts_with('-') => orders.machines.push(name.to_owned()),
                other => bail!("no option {other:?}; there are --seed and --minutes"),
            }
        }
        Ok(orders)
    }

    /// A bar of time where the run is so long, else of faults.
    fn bar(&self, name: &str, faults: u64) -> Bar {
        Bar::new(name, self.time.map_or(faults, |time| time.as_secs()))
    }

    /// How far the bar is.
    fn done(&self, start: Instant, news: &News) -> u64 {
        if self.time.is_some() { start.elapsed().as_secs() } else { news.faults }
    }
}

/// Runs it in a process and in a kernel of each machine.
pub fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    let orders = Orders::parse(args)?;
    let machines = machine::chosen(&orders.machines)?;
    let needs = |machine| [need::of_hosted(machine), need::of_kernel(machine)].concat();
    setup::ensure(&machines.iter().copied().flat_map(needs).collect::<Vec<_>>())?;
    for machine in machines {
        in_process(machine, &orders, tally)?;
        in_kernel(machine, &orders, tally)?;
    }
    Ok(())
}

/// As a test of the library, in the way of `cargo xtask hosted`.
fn in_process(machine: &'static Machine, orders: &Orders, tally: &mut Tally) -> Result<()> {
    let (mut command, faults) = if machine.name == ARCH {
        (cargo(&["test", "--quiet", "--release"]), HERE)
    } else {
        let mut command = Cross::new(machine)?.cargo("test");
        command
            .args(["--quiet", "--profile", "emulated"])
            .env("CARGO_TARGET_DIR", root().join("target/hosted"));
        (command, EMULATED)
    };
    command
        .args(["--package", "axptr", "--test", "campaign", "--", "--nocapture"])
        .env("AXPTR_CAMPAIGN_SEED", orders.seed.to_string());
    match orders.time {
        Some(time) => command.env("AXPTR_CAMPAIGN_SECONDS", time.as_secs().to_string()),
        None => command.env("AXPTR_CAMPAIGN_FAULTS", faults.to_string()),
    };
    let name = format!("campaign, {} process", machine.name);
    println!("{name}: it is built first, which takes minutes where it never was");
    let bar = orders.bar(&name, faults);
    let start = Instant::now();
    let mut news = News::default();
    let status = watch(command, |line| {
        if news.hear(line) {
            bar.show(orders.done(start, &news), &news);
        } else {
            bar.say(line);
        }
    })?;
    bar.end();
    let again =
        format!("see above; `cargo xtask campaign --seed SEED --minutes 0 {}` runs it alone", machine.name);
    let outcome = if status { news.outcome() } else { Err(format!("a seed failed: {again}")) };
    tally.check(&format!("{name}: {news}"), outcome);
    Ok(())
}

/// In the test kernel, on the CPU with everything.
fn in_kernel(machine: &'static Machine, orders: &Orders, tally: &mut Tally) -> Result<()> {
    let elf = build::plain(machine, &toolchain::require(machine.target)?)?;
    let name = format!("campaign, {} kernel", machine.name);
    let bar = orders.bar(&name, KERNEL);
    let start = Instant::now();
    let mut all = News::default();
    let mut seed = orders.seed;
    let outcome = loop {
        let faults = if orders.time.is_some() { PER_BOOT } else { KERNEL };
        let mode = format!("campaign {seed} {faults}").into();
        let mut news = News::default();
        let ended =
            Boot { mode, ..Boot::new(machine, &machine.cpus[0], &elf) }.watched(BOOT_LIMIT, |line| {
                if news.hear(line) {
                    let sum = all.and(&news);
                    bar.show(orders.done(start, &sum), &sum);
                } else if line.starts_with("case ") {
                    bar.say(line);
                }
            })?;
        let outcome = ended.and_then(|()| news.outcome());
        all = all.and(&news);
        seed = news.last_seed().map_or(seed, |last| last + 1);
        if outcome.is_err() || orders.time.is_none_or(|time| start.elapsed() >= time) {
            break outcome;
        }
    };
    bar.end();
    tally.check(&format!("{name}: {all}"), outcome);
    Ok(())
}

/// Runs a command and hands on each line that it prints. Returns whether it ended well.
fn watch(mut command: Command, mut each: impl FnMut(&str)) -> Result<bool> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("running cargo")?;
    let output = child.stdout.take().context("the output is a pipe")?;
    for line in BufReader::new(output).lines() {
        each(&line.context("reading the test's output")?);
    }
    Ok(child.wait().context("waiting for cargo")?.success())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Orders;

    fn parse(args: &[&str]) -> Option<Orders> {
        Orders::parse(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn orders_are_read_and_nothing_else() {
        let orders = |seed, minutes: Option<u64>, machines: &[&str]| {
            let time = minutes.map(|minutes| Duration::from_secs(60 * minutes));
            Some(Orders { seed, time, machines: machines.iter().map(|&name| name.to_owned()).collect() })
        };
        assert_eq!(parse(&[]), orders(1, None, &[]));
        assert_eq!(parse(&["--seed", "7", "x86_64"]), orders(7, None, &["x86_64"]));
        assert_eq!(parse(&["--minutes", "2", "--seed", "9"]), orders(9, Some(2), &[]));
        for wrong in [&["--seed"][..], &["--seed", "x"], &["--minutes", "-1"], &["--fast"]] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }
}
