// SPDX-License-Identifier: MIT OR Apache-2.0
//! The goals of `benches/goals.csv`, and how a run fares.

use std::ops::RangeInclusive;

use anyhow::{Context, Result, bail, ensure};

use super::rows::Run;

/// One line of the file: see its head.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    scenario: String,
    from: usize,
    to: usize,
    candidate: String,
    against: String,
    limit: f64,
    cpus: Vec<Cpu>,
    /// What was wanted, where the limit is only what was reached.
    wanted: Option<f64>,
}

/// CPUs that are alike: a vendor's models of one family.
#[derive(Clone, Debug, PartialEq)]
struct Cpu {
    name: String,
    vendor: String,
    family: u32,
    models: Vec<RangeInclusive<u32>>,
}

/// How a run fares with a goal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Met(f64),
    Missed(f64),
    /// The goal is not for this CPU; the figure all the same.
    Elsewhere(f64),
    /// The run has no such sizes or candidates.
    NotMeasured,
}

impl Goal {
    /// `scenario 129..264: axptr / rep movsb <= 0.58`.
    pub fn name(&self) -> String {
        let Self { scenario, from, to, candidate, against, limit, .. } = self;
        let sizes = if from == to { from.to_string() } else { format!("{from}..{to}") };
        let missed = self.wanted.map(|wanted| format!(" (not the {wanted} that was wanted)"));
        format!("{scenario} {sizes}: {candidate} / {against} <= {limit}{}", missed.unwrap_or_default())
    }

    /// Compares runs on one machine with it: the median of their figures counts. What is compared is thus of one run
    /// always, and a machine that is at times slower in all makes no difference.
    pub fn judge(&self, runs: &[Run]) -> Verdict {
        let mut figures: Vec<f64> = runs.iter().filter_map(|run| self.figure(run)).collect();
        figures.sort_by(f64::total_cmp);
        let Some(&figure) = figures.get(figures.len() / 2) else {
            return Verdict::NotMeasured;
        };
        let cpu = runs.first().and_then(|run| run.about("cpu")).unwrap_or_default();
        if !self.is_for(cpu) {
            Verdict::Elsewhere(figure)
        } else if figure <= self.limit {
            Verdict::Met(figure)
        } else {
            Verdict::Missed(figure)
        }
    }

    /// The geometric mean of the ratios, if the run has any.
    fn figure(&self, run: &Run) -> Option<f64> {
        let ratios: Vec<f64> = run
            .places()
            .into_iter()
            .filter(|(scenario, size)| *scenario == self.scenario && (self.from..=self.to).contains(size))
            .filter_map(|(scenario, size)| {
                let against = run.time(scenario, size, &self.against)?;
                Some(run.time(scenario, size, &self.candidate)? / against)
            })
            .collect();
        let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
        (!ratios.is_empty()).then(|| (sum / ratios.len() as f64).exp())
    }

    /// Whether it is for a CPU that calls itself so: `AuthenticAMD family 25 model 97`.
    fn is_for(&self, cpu: &str) -> bool {
        let [vendor, "family", family, "model", model] = cpu.split(' ').collect::<Vec<_>>()[..] else {
            return false;
        };
        let (Ok(family), Ok(model)) = (family.parse::<u32>(), model.parse::<u32>()) else {
            return false;
        };
        self.cpus.iter().any(|cpu| {
            cpu.vendor == vendor
                && cpu.family == family
                && cpu.models.iter().any(|models| models.contains(&model))
        })
    }
}

/// Reads the file.
pub fn parse(text: &str) -> Result<Vec<Goal>> {
    let (mut cpus, mut goals) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let parsed = match line.strip_prefix("cpu,") {
            Some(rest) => cpu(rest).map(|cpu| cpus.push(cpu)),
            None => goal(line, &cpus).map(|goal| goals.push(goal)),
        };
        parsed.with_context(|| format!("benches/goals.csv, line {}: {line:?}", index + 1))?;
    }
    ensure!(!goals.is_empty(), "benches/goals.csv has no goals");
    Ok(goals)
}

/// `zen3,AuthenticAMD,25,0-15;32-95`.
fn cpu(line: &str) -> Result<Cpu> {
    let [name, vendor, family, models] = line.split(',').collect::<Vec<_>>()[..] else {
        bail!("want cpu,name,vendor,family,models");
    };
    let models: Result<_> = models
        .split(';')
        .map(|models| {
            let (first, last) = models.split_once('-').context("want first-last")?;
            Ok(first.parse().context("first model")?..=last.parse().context("last model")?)
        })
        .collect();
    let [name, vendor] = [name, vendor].map(str::to_owned);
    Ok(Cpu { name, vendor, family: family.parse().context("family")?, models: models? })
}

fn goal(line: &str, known: &[Cpu]) -> Result<Goal> {
    let fields: Vec<_> = line.split(',').collect();
    let [scenario, from, to, candidate, against, limit, cpus, ref wanted @ ..] = fields[..] else {
        bail!("want scenario,from,to,candidate,against,limit,cpus[,wanted]");
    };
    let (from, to) = (from.parse().context("from")?, to.parse().context("to")?);
    ensure!(from <= to, "it has no sizes");
    let limit = ratio(limit)?;
    let wanted = match wanted {
        [] => None,
        [wanted] => Some(ratio(wanted)?),
        _ => bail!("there is something behind what was wanted"),
    };
    ensure!(wanted.is_none_or(|wanted| wanted < limit), "what was wanted is met: it is the limit");
    let cpus: Result<_> = cpus
        .split(';')
        .map(|name| {
            let cpu = known.iter().find(|cpu| cpu.name == name);
            cpu.cloned().with_context(|| format!("no line above says what {name:?} is"))
        })
        .collect();
    let [scenario, candidate, against] = [scenario, candidate, against].map(str::to_owned);
    Ok(Goal { scenario, from, to, candidate, against, limit, cpus: cpus?, wanted })
}

fn ratio(text: &str) -> Result<f64> {
    let ratio: f64 = text.parse().context("limit")?;
    ensure!(ratio.is_finite() && ratio > 0.0, "no limit");
    Ok(ratio)
}

#[cfg(test)]
mod tests {
    use super::{Verdict, parse};
    use crate::{bench::rows::Run, root::root};

    const RUN: &str = "# cpu: AuthenticAMD family 25 model 1\n\
                       aligned,8,axptr,2\naligned,8,rep movsb,4\naligned,32,axptr,8\naligned,32,rep movsb,4\n";

    const CPUS: &str = "cpu,one,AuthenticAMD,25,0-0;1-15\ncpu,four,AuthenticAMD,25,16-31\n\
                        cpu,five,AuthenticAMD,26,0-255\ncpu,other,GenuineIntel,25,0-255\n";

    fn judge(goal: &str) -> Verdict {
        parse(&format!("{CPUS}{goal}")).unwrap()[0].judge(&[Run::parse(RUN).unwrap()])
    }

    #[test]
    fn the_figure_is_the_geometric_mean_of_the_sizes_in_the_class() {
        assert_eq!(judge("aligned,8,8,axptr,rep movsb,0.5,one"), Verdict::Met(0.5));
        assert_eq!(judge("aligned,8,31,axptr,rep movsb,0.49,one"), Verdict::Missed(0.5));
        assert_eq!(judge("aligned,1,64,axptr,rep movsb,1.0,other;one"), Verdict::Met(1.0));
    }

    #[test]
    fn a_goal_for_other_cpus_is_not_missed() {
        for cpus in ["four", "five", "other", "four;five"] {
            let goal = format!("aligned,8,8,axptr,rep movsb,0.1,{cpus}");
            assert_eq!(judge(&goal), Verdict::Elsewhere(0.5), "{cpus}");
        }
    }

    #[test]
    fn a_goal_that_nothing_was_measured_for_is_no_success() {
        for goal in ["aligned,9,31,axptr,rep movsb", "cold,8,8,axptr,rep movsb", "aligned,8,8,axptr,memcpy"] {
            assert_eq!(judge(&format!("{goal},1,one")), Verdict::NotMeasured, "{goal}");
        }
    }

    #[test]
    fn a_miss_is_named_and_held_at_what_was_reached() {
        let goals = parse(&format!("{CPUS}aligned,8,8,axptr,rep movsb,0.6,one,0.4")).unwrap();
        assert!(goals[0].name().ends_with("<= 0.6 (not the 0.4 that was wanted)"), "{}", goals[0].name());
        assert_eq!(goals[0].judge(&[Run::parse(RUN).unwrap()]), Verdict::Met(0.5));
        assert_eq!(judge("aligned,8,8,axptr,rep movsb,0.45,one,0.4"), Verdict::Missed(0.5));
    }

    #[test]
    fn a_malformed_line_is_an_error_that_names_it() {
        for bad in [
            "aligned,1,8,axptr,rep movsb,0.5",
            "aligned,9,8,axptr,rep movsb,0.5,one",
            "aligned,1,8,axptr,rep movsb,x,one",
            "aligned,1,8,axptr,rep movsb,0,one",
            "aligned,1,8,axptr,rep movsb,0.5,two",
            "aligned,1,8,axptr,rep movsb,0.5,",
            "aligned,1,8,axptr,rep movsb,0.5,one,x",
            "aligned,1,8,axptr,rep movsb,0.5,one,0.5",
            "aligned,1,8,axptr,rep movsb,0.5,one,0.4,0.3",
            "cpu,two,AuthenticAMD,25",
            "cpu,two,AuthenticAMD,zen,0-15",
            "cpu,two,AuthenticAMD,25,15",
            "cpu,two,AuthenticAMD,25,0-x",
            "",
        ] {
            let error = parse(&format!("{CPUS}{bad}\n")).unwrap_err();
            assert!(format!("{error:#}").contains("line 5"), "{bad}: {error:#}");
        }
        assert!(parse("# head\n").is_err());
    }

    #[test]
    fn the_projects_own_goals_are_well_formed() {
        let text = std::fs::read_to_string(root().join("benches/goals.csv")).unwrap();
        assert!(parse(&text).unwrap().len() > 50);
    }

    #[test]
    fn a_machine_that_slows_down_between_runs_changes_no_figure() {
        let goals = parse(&format!("{CPUS}aligned,8,8,a,b,0.5,one")).unwrap();
        let runs: Vec<Run> =
            ["aligned,8,a,1\naligned,8,b,2", "aligned,8,a,2\naligned,8,b,4", "aligned,8,a,9\naligned,8,b,4"]
                .map(|rows| Run::parse(&format!("{}\n{rows}\n", RUN.lines().next().unwrap())).unwrap())
                .into();
        assert_eq!(goals[0].judge(&runs), Verdict::Met(0.5));
        assert_eq!(goals[0].judge(&runs[2..]), Verdict::Missed(2.25));
        assert_eq!(goals[0].judge(&[]), Verdict::NotMeasured);
    }
}
