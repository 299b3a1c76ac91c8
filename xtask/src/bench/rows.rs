// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a run has printed: `scenario,size,candidate,nanoseconds`, behind `# name: value`.

use anyhow::{Context, Result, ensure};

/// One run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// `cpu`, `name`, `date` and so on.
    pub head: Vec<(String, String)>,
    pub rows: Vec<Row>,
}

/// One candidate's time.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub scenario: String,
    pub size: usize,
    pub candidate: String,
    pub nanoseconds: f64,
}

impl Run {
    pub fn parse(text: &str) -> Result<Self> {
        let mut run = Self::default();
        for (index, line) in text.lines().enumerate() {
            if let Some(head) = line.strip_prefix("# ") {
                let (name, value) = head.split_once(": ").unwrap_or((head, ""));
                run.head.push((name.to_owned(), value.to_owned()));
            } else {
                let row = row(line).with_context(|| format!("line {}: {line:?}", index + 1))?;
                run.rows.push(row);
            }
        }
        ensure!(!run.rows.is_empty(), "nothing was measured");
        Ok(run)
    }

    /// The median of each time. All runs have the same rows.
    pub fn median(runs: &[Self]) -> Result<Self> {
        let mut median = runs.first().context("no run")?.clone();
        for (index, row) in median.rows.iter_mut().enumerate() {
            let mut times = Vec::new();
            for run in runs {
                let other = run.rows.get(index).filter(|other| other.is_of(row));
                times.push(other.context("two runs have different rows")?.nanoseconds);
            }
            times.sort_by(f64::total_cmp);
            row.nanoseconds = times[times.len() / 2];
        }
        Ok(median)
    }

    /// What `parse` reads.
    pub fn text(&self) -> String {
        let head = self.head.iter().map(|(name, value)| format!("# {name}: {value}\n"));
        let rows = self.rows.iter().map(|row| {
            let Row { scenario, size, candidate, nanoseconds } = row;
            format!("{scenario},{size},{candidate},{nanoseconds}\n")
        });
        head.chain(rows).collect()
    }

    /// What stands in the head under a name.
    pub fn about(&self, name: &str) -> Option<&str> {
        self.head.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A candidate's time.
    pub fn time(&self, scenario: &str, size: usize, candidate: &str) -> Option<f64> {
        let same = |row: &&Row| row.scenario == scenario && row.size == size && row.candidate == candidate;
        self.rows.iter().find(same).map(|row| row.nanoseconds)
    }

    /// Scenarios and sizes, as they were run.
    pub fn places(&self) -> Vec<(&str, usize)> {
        let mut places: Vec<(&str, usize)> = Vec::new();
        for row in &self.rows {
            let place = (row.scenario.as_str(), row.size);
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
        places
    }
}

impl Row {
    /// Whether it is another time of the same.
    fn is_of(&self, other: &Self) -> bool {
        self.scenario == other.scenario && self.size == other.size && self.candidate == other.candidate
    }
}

fn row(line: &str) -> Result<Row> {
    let [scenario, size, candidate, nanoseconds] = line.split(',').collect::<Vec<_>>()[..] else {
        anyhow::bail!("want scenario,size,candidate,nanoseconds");
    };
    let nanoseconds: f64 = nanoseconds.parse().context("no time")?;
    ensure!(nanoseconds.is_finite() && nanoseconds > 0.0, "no time");
    let size = size.parse().context("no size")?;
    Ok(Row { scenario: scenario.to_owned(), size, candidate: candidate.to_owned(), nanoseconds })
}

#[cfg(test)]
mod tests {
    use super::Run;

    #[test]
    fn a_run_is_read() {
        let run =
            Run::parse("# cpu: AuthenticAMD family 25 model 1\naligned,8,axptr,2.5\naligned,8,memcpy,2\n")
                .unwrap();
        assert_eq!(run.about("cpu"), Some("AuthenticAMD family 25 model 1"));
        assert_eq!(run.time("aligned", 8, "axptr"), Some(2.5));
        assert_eq!((run.time("aligned", 9, "axptr"), run.about("date")), (None, None));
        assert_eq!(run.places(), [("aligned", 8)]);
    }

    #[test]
    fn the_median_of_runs_is_that_of_each_row() {
        let run = |first, second| Run::parse(&format!("# cpu: x\na,1,b,{first}\na,1,c,{second}\n")).unwrap();
        let median = Run::median(&[run(3, 10), run(1, 30), run(2, 20)]).unwrap();
        assert_eq!(median, run(2, 20));
        assert_eq!(Run::parse(&median.text()).unwrap(), median);
        let other = Run::parse("a,1,b,1\na,2,c,1\n").unwrap();
        assert!(Run::median(&[run(1, 1), other]).is_err());
        assert!(Run::median(&[]).is_err());
    }

    #[test]
    fn what_is_no_run_is_an_error_that_names_the_line() {
        for bad in
            ["aligned,8,axptr", "aligned,x,axptr,1", "aligned,8,axptr,x", "a,8,b,0", "a,8,b,NaN", "a,8,b,-1"]
        {
            let error = Run::parse(&format!("# cpu: x\n{bad}\n")).unwrap_err();
            assert!(format!("{error:#}").starts_with("line 2"), "{bad}: {error:#}");
        }
        assert!(Run::parse("# cpu: x\n").is_err());
    }
}
