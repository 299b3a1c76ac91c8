// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a run of the campaign says of itself, in a process and in a kernel alike.

use std::fmt;

/// `campaign: 400 operations, 70 faults, 12 on large pages`, and at the end `, seeds 1 to 9`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    pub operations: u64,
    pub faults: u64,
    /// Operations on a page of a larger size.
    large: u64,
    /// The first and the last, once it has ended well.
    seeds: Option<(u64, u64)>,
}

impl News {
    /// Whether a line is news; what it says is kept.
    pub fn hear(&mut self, line: &str) -> bool {
        let Some(news) = parse(line) else { return false };
        *self = news;
        true
    }

    /// This, and what another run behind it says.
    pub fn and(&self, next: &Self) -> Self {
        let seeds = match (self.seeds, next.seeds) {
            (Some((first, _)), Some((_, last))) => Some((first, last)),
            (mine, None) => mine,
            (None, theirs) => theirs,
        };
        Self {
            operations: self.operations + next.operations,
            faults: self.faults + next.faults,
            large: self.large + next.large,
            seeds,
        }
    }

    /// Whether it has come to its end, and met a fault at all.
    pub fn outcome(&self) -> Result<(), String> {
        match (self.seeds, self.faults) {
            (None, _) => Err("it has not come to its end".to_owned()),
            (_, 0) => Err("no operation met a fault".to_owned()),
            _ => Ok(()),
        }
    }

    pub fn last_seed(&self) -> Option<u64> {
        self.seeds.map(|(_, last)| last)
    }
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operations, faults, large, seeds } = self;
        write!(f, "{operations} operations, {faults} faults, {large} on large pages")?;
        match seeds {
            Some((first, last)) => write!(f, ", seeds {first} to {last}"),
            None => Ok(()),
        }
    }
}

fn parse(line: &str) -> Option<News> {
    // A test runner may have begun the line.
    let (_, rest) = line.split_once("campaign: ")?;
    let (operations, rest) = rest.split_once(" operations, ")?;
    let (faults, rest) = rest.split_once(" faults, ")?;
    let (large, rest) = rest.split_once(" on large pages")?;
    let seeds = match rest.strip_prefix(", seeds ") {
        Some(seeds) => {
            let (first, last) = seeds.split_once(" to ")?;
            Some((first.parse().ok()?, last.parse().ok()?))
        }
        None => None,
    };
    let [operations, faults, large] = [operations, faults, large].map(|count| count.parse().ok());
    Some(News { operations: operations?, faults: faults?, large: large?, seeds })
}

#[cfg(test)]
mod tests {
    use super::News;

    #[test]
    fn only_an_end_with_faults_is_a_success() {
        let mut news = News::default();
        assert!(news.hear("campaign: 400 operations, 70 faults, 0 on large pages"));
        assert_eq!((news.operations, news.faults), (400, 70));
        assert!(news.outcome().is_err());
        assert!(news.hear("campaign: 800 operations, 0 faults, 0 on large pages, seeds 1 to 2"));
        assert!(news.outcome().is_err());
        assert!(
            news.hear("test random ... campaign: 800 operations, 90 faults, 3 on large pages, seeds 1 to 2")
        );
        assert_eq!((news.outcome(), news.last_seed()), (Ok(()), Some(2)));
        for other in [
            "campaign: 4 operations",
            "case campaign: random ... ok",
            "campaign: x operations, 7 faults, 1 on large pages",
        ] {
            assert!(!news.hear(other), "{other:?}");
        }
        let mut next = News::default();
        assert!(next.hear("campaign: 100 operations, 5 faults, 4 on large pages, seeds 3 to 8"));
        assert_eq!(news.and(&next).to_string(), "900 operations, 95 faults, 7 on large pages, seeds 1 to 8");
    }
}
