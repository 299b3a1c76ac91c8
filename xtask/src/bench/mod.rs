// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask bench`: what things cost, and whether that is what was promised.

mod front;
mod goals;
mod pictures;
mod plot;
mod rows;

use std::{
    env::consts::ARCH,
    fmt::Write as _,
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

use self::{
    goals::{Goal, Verdict},
    rows::Run,
};
use crate::{env::command, root::root, run::report::Tally};

/// What was asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    /// Holds the figures against the goals.
    check: bool,
    /// Only sees that all of it works: the times say nothing.
    quick: bool,
    /// Keeps the run beside others.
    store: bool,
    /// Draws what is stored.
    plot: bool,
    /// Times the routines that kernels have: without vector registers.
    kernel: bool,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self::default();
        for arg in args {
            let option = match arg.as_str() {
                "--check" => &mut options.check,
                "--quick" => &mut options.quick,
                "--store" => &mut options.store,
                "--plot" => &mut options.plot,
                "--kernel" => &mut options.kernel,
                other => {
                    bail!("no option {other:?}; there are --check, --quick, --store, --plot and --kernel")
                }
            };
            *option = true;
        }
        ensure!(!(options.quick && (options.check || options.store)), "the times of --quick say nothing");
        ensure!(
            !(options.kernel && (options.check || options.store)),
            "the goals and the stored runs are a process's: --kernel only prints"
        );
        Ok(options)
    }
}

/// Measures. Fails if the default mode's cost depends on the address space, and with `--check` for each goal missed.
pub fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    let options = Options::parse(args)?;
    let goals = goals::parse(&fs::read_to_string(root().join("benches/goals.csv"))?)?;
    let outcome = if checks()? { Ok(()) } else { Err("see above".to_owned()) };
    tally.check("the default check costs the same for any address space", outcome);
    if options.plot && !options.check && !options.store {
        // What is drawn is what is kept: nothing needs to be measured.
        return pictures::draw_all();
    }
    if ARCH != "x86_64" {
        ensure!(options.quick, "only x86_64 is timed: the goals are about its string instructions");
        println!("only x86_64 is timed: the benchmarks are not run here");
        return Ok(());
    }
    let runs = measure(options)?;
    if options.quick {
        let lacking = goals.iter().find(|goal| goal.judge(&runs) == Verdict::NotMeasured);
        let outcome = lacking.map_or(Ok(()), |goal| Err(format!("{} is not measured", goal.name())));
        tally.check("each benchmark runs, and each goal has one", outcome);
        return Ok(());
    }
    let run = summary(&runs)?;
    let text = run.text();
    print!("{}", table(&run));
    let folder = root().join("target/bench");
    fs::create_dir_all(&folder)?;
    for (name, text) in [("speed.csv", &text), ("speed.json", &json(&run))] {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        println!("{}", path.display());
    }
    judge(&goals, &runs, options.check, tally);
    if options.store {
        let path = stored(&run)?;
        fs::create_dir_all(path.parent().context("it is in a folder")?)?;
        fs::write(&path, &text).with_context(|| format!("writing {}", path.display()))?;
        println!("{}", path.display());
    }
    if options.plot {
        pictures::draw_all()?;
    }
    Ok(())
}

/// Whether the check's cost is the same beside any address space.
fn checks() -> Result<bool> {
    let mut command = cargo_bench("checks");
    Ok(command.status().context("running cargo")?.success())
}

/// How often it is measured: in each process code and data lie elsewhere, which is worth a tenth here and there.
const PROCESSES: usize = 5;

fn measure(options: Options) -> Result<Vec<Run>> {
    let mut runs = Vec::new();
    for _ in 0..if options.quick { 1 } else { PROCESSES } {
        let mut command = cargo_bench("speed");
        if options.kernel {
            command.env("RUSTFLAGS", "--cfg axptr_general_registers");
        }
        if options.quick {
            command.args(["--", "--quick"]);
        }
        let output = command.stderr(Stdio::inherit()).output().context("running cargo")?;
        ensure!(output.status.success(), "the benchmark ended with {}", output.status);
        runs.push(Run::parse(&String::from_utf8(output.stdout).context("the benchmark's output")?)?);
    }
    Ok(runs)
}

/// The median of each time, and when and by what it was measured.
fn summary(runs: &[Run]) -> Result<Run> {
    let mut run = Run::median(runs)?;
    for (name, program, arg) in [("rustc", "rustc", "--version"), ("date", "date", "+%F")] {
        let output = Command::new(program).arg(arg).output().with_context(|| format!("running {program}"))?;
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        run.head.insert(0, (name.to_owned(), said));
    }
    Ok(run)
}

fn cargo_bench(name: &str) -> Command {
    let mut command = command::clean("cargo");
    command.args(["bench", "--quiet", "--package", "axptr", "--bench", name]);
    command.env("CARGO_TARGET_DIR", root().join("target/hosted")).stdin(Stdio::null());
    command
}

/// A line per scenario and size, with all candidates.
fn table(run: &Run) -> String {
    let mut text = String::new();
    for (name, value) in &run.head {
        let _ = writeln!(text, "{name}: {value}");
    }
    for (scenario, size) in run.places() {
        let _ = write!(text, "{scenario:<26} {size:>9}");
        let rows = run.rows.iter().filter(|row| row.scenario == scenario && row.size == size);
        for row in rows {
            let _ = write!(text, "  {} {:.2}", row.candidate, row.nanoseconds);
        }
        for against in ["rep movsb", "memcpy"] {
            if let (Some(ours), Some(theirs)) =
                (run.time(scenario, size, "axptr"), run.time(scenario, size, against))
            {
                let _ = write!(text, "  | {:.2} x {against}", ours / theirs);
            }
        }
        text.push('\n');
    }
    text
}

/// The run for programs. No string in it needs an escape: they are the benchmark's own words, and the CPU's letters.
fn json(run: &Run) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace(['"', '\\'], "'"));
    let head: Vec<_> =
        run.head.iter().map(|(name, value)| format!("{}: {}", quoted(name), quoted(value))).collect();
    let row = |row: &rows::Row| {
        let (scenario, candidate) = (quoted(&row.scenario), quoted(&row.candidate));
        format!(
            "  {{\"scenario\": {scenario}, \"size\": {}, \"candidate\": {candidate}, \"ns\": {}}}",
            row.size, row.nanoseconds
        )
    };
    let rows: Vec<_> = run.rows.iter().map(row).collect();
    format!("{{\n{},\n\"rows\": [\n{}\n]}}\n", head.join(",\n"), rows.join(",\n"))
}

/// Prints how the runs fare with each goal, and counts those that are for this CPU if they are asked for.
fn judge(goals: &[Goal], runs: &[Run], check: bool, tally: &mut Tally) {
    for goal in goals {
        let name = goal.name();
        let (figure, outcome) = match goal.judge(runs) {
            Verdict::Met(figure) => (figure, Ok(())),
            Verdict::Missed(figure) => (figure, Err("missed".to_owned())),
            Verdict::Elsewhere(figure) => {
                println!("{name}: {figure:.3}, a goal for other CPUs");
                continue;
            }
            Verdict::NotMeasured => (f64::NAN, Err("not measured".to_owned())),
        };
        if check {
            tally.check(&format!("{name}: {figure:.3}"), outcome);
        } else {
            println!("{name}: {figure:.3} {}", outcome.err().unwrap_or_else(|| "met".to_owned()));
        }
    }
}

/// Where a run on this CPU is kept.
fn stored(run: &Run) -> Result<PathBuf> {
    let cpu = run.about("cpu").context("the run does not say on what CPU")?;
    Ok(root().join("benches/results").join(format!("{}.csv", cpu.replace(' ', "-"))))
}

#[cfg(test)]
mod tests {
    use super::{Options, json, judge, table};
    use crate::{
        bench::{goals, rows::Run},
        run::report::Tally,
    };

    fn example() -> Run {
        Run::parse("# cpu: AuthenticAMD family 25 model 1\naligned,8,axptr,2\naligned,8,rep movsb,4\n")
            .unwrap()
    }

    #[test]
    fn a_goal_missed_fails_only_where_it_is_asked_for() {
        let goals = goals::parse("cpu,it,AuthenticAMD,25,1-1\naligned,8,8,axptr,rep movsb,0.4,it").unwrap();
        for (check, failed) in [(false, false), (true, true)] {
            let mut tally = Tally::default();
            judge(&goals, &[example()], check, &mut tally);
            assert_eq!(tally.has_failed(), failed);
        }
    }

    #[test]
    fn table_and_json_hold_each_time() {
        let run = example();
        assert!(table(&run).contains("axptr 2.00  rep movsb 4.00  | 0.50 x rep movsb"), "{}", table(&run));
        let row = "{\"scenario\": \"aligned\", \"size\": 8, \"candidate\": \"rep movsb\", \"ns\": 4}";
        assert!(json(&run).contains(row), "{}", json(&run));
    }

    #[test]
    fn options_that_contradict_each_other_are_refused() {
        let parse =
            |args: &[&str]| Options::parse(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>());
        assert!(parse(&["--check", "--plot", "--store"]).is_ok());
        assert!(parse(&["--quick", "--check"]).is_err() && parse(&["--quick", "--store"]).is_err());
        assert!(parse(&["--fast"]).is_err());
    }
}
