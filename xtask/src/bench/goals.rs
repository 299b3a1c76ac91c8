// SPDX-License-Identifier: MIT OR Apache-2.0
//! The goals of `benches/goals.csv`, and how a run fares.

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
    /// Vendors and families.
    cpus: Vec<(String, u32)>,
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
        format!("{scenario} {sizes}: {candidate} / {against} <= {limit}")
    }

    /// Compares a run with it.
    pub fn judge(&self, run: &Run) -> Verdict {
        let ratios: Vec<f64> = run
            .places()
            .into_iter()
            .filter(|(scenario, size)| *scenario == self.scenario && (self.from..=self.to).contains(size))
            .filter_map(|(scenario, size)| {
                let against = run.time(scenario, size, &self.against)?;
                Some(run.time(scenario, size, &self.candidate)? / against)
            })
            .collect();
        if ratios.is_empty() {
            return Verdict::NotMeasured;
        }
        let mean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
        if !self.is_for(run.about("cpu").unwrap_or_default()) {
            Verdict::Elsewhere(mean)
        } else if mean <= self.limit {
            Verdict::Met(mean)
        } else {
            Verdict::Missed(mean)
        }
    }

    /// Whether it is for a CPU that calls itself so: `AuthenticAMD family 25 model 97`.
    fn is_for(&self, cpu: &str) -> bool {
        let mut words = cpu.split(' ');
        let (Some(vendor), Some("family"), Some(Ok(family))) =
            (words.next(), words.next(), words.next().map(str::parse::<u32>))
        else {
            return false;
        };
        self.cpus.iter().any(|(name, number)| name == vendor && *number == family)
    }
}

/// Reads the file.
pub fn parse(text: &str) -> Result<Vec<Goal>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    let goals: Result<Vec<_>> = lines
        .map(|(index, line)| {
            goal(line).with_context(|| format!("benches/goals.csv, line {}: {line:?}", index + 1))
        })
        .collect();
    let goals = goals?;
    ensure!(!goals.is_empty(), "benches/goals.csv has no goals");
    Ok(goals)
}

fn goal(line: &str) -> Result<Goal> {
    let [scenario, from, to, candidate, against, limit, cpus] = line.split(',').collect::<Vec<_>>()[..]
    else {
        bail!("want scenario,from,to,candidate,against,limit,cpus");
    };
    let (from, to) = (from.parse().context("from")?, to.parse().context("to")?);
    ensure!(from <= to, "it has no sizes");
    let limit: f64 = limit.parse().context("limit")?;
    ensure!(limit.is_finite() && limit > 0.0, "no limit");
    let cpus: Result<_> = cpus
        .split(';')
        .map(|cpu| {
            let (vendor, family) = cpu.split_once(':').context("want vendor:family")?;
            Ok((vendor.to_owned(), family.parse().context("family")?))
        })
        .collect();
    let [scenario, candidate, against] = [scenario, candidate, against].map(str::to_owned);
    Ok(Goal { scenario, from, to, candidate, against, limit, cpus: cpus? })
}

#[cfg(test)]
mod tests {
    use super::{Verdict, parse};
    use crate::{bench::rows::Run, root};

    const RUN: &str = "# cpu: AuthenticAMD family 25 model 1\n\
                       aligned,8,axptr,2\naligned,8,rep movsb,4\naligned,32,axptr,8\naligned,32,rep movsb,4\n";

    fn judge(goal: &str) -> Verdict {
        parse(goal).unwrap()[0].judge(&Run::parse(RUN).unwrap())
    }

    #[test]
    fn the_figure_is_the_geometric_mean_of_the_sizes_in_the_class() {
        assert_eq!(judge("aligned,8,8,axptr,rep movsb,0.5,AuthenticAMD:25"), Verdict::Met(0.5));
        assert_eq!(judge("aligned,8,31,axptr,rep movsb,0.49,AuthenticAMD:25"), Verdict::Missed(0.5));
        assert_eq!(
            judge("aligned,1,64,axptr,rep movsb,1.0,GenuineIntel:6;AuthenticAMD:25"),
            Verdict::Met(1.0)
        );
    }

    #[test]
    fn a_goal_for_other_cpus_is_not_missed() {
        assert_eq!(judge("aligned,8,8,axptr,rep movsb,0.1,AuthenticAMD:26"), Verdict::Elsewhere(0.5));
        assert_eq!(judge("aligned,8,8,axptr,rep movsb,0.1,GenuineIntel:25"), Verdict::Elsewhere(0.5));
    }

    #[test]
    fn a_goal_that_nothing_was_measured_for_is_no_success() {
        for goal in ["aligned,9,31,axptr,rep movsb", "cold,8,8,axptr,rep movsb", "aligned,8,8,axptr,memcpy"] {
            assert_eq!(judge(&format!("{goal},1,AuthenticAMD:25")), Verdict::NotMeasured, "{goal}");
        }
    }

    #[test]
    fn a_malformed_line_is_an_error_that_names_it() {
        for bad in [
            "aligned,1,8,axptr,rep movsb,0.5",
            "aligned,9,8,axptr,rep movsb,0.5,AuthenticAMD:25",
            "aligned,1,8,axptr,rep movsb,x,AuthenticAMD:25",
            "aligned,1,8,axptr,rep movsb,0,AuthenticAMD:25",
            "aligned,1,8,axptr,rep movsb,0.5,AuthenticAMD",
            "aligned,1,8,axptr,rep movsb,0.5,AuthenticAMD:zen",
            "",
        ] {
            let error = parse(&format!("# head\n{bad}\n")).unwrap_err();
            assert!(format!("{error:#}").contains("line 2"), "{bad}: {error:#}");
        }
        assert!(parse("# head\n").is_err());
    }

    #[test]
    fn the_projects_own_goals_are_well_formed() {
        let text = std::fs::read_to_string(root().join("benches/goals.csv")).unwrap();
        assert!(parse(&text).unwrap().len() > 50);
    }
}
