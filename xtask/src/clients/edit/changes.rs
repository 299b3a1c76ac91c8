// SPDX-License-Identifier: MIT OR Apache-2.0
//! How much the edits of a package change: lines that are only in the one, and lines that are only in the other.

use std::{fs, path::Path};

use anyhow::{Context, Result};

/// Counts over all files of both folders, locks left out: those are cargo's.
pub fn count(before: &Path, after: &Path) -> Result<usize> {
    let mut sum = 0;
    for entry in fs::read_dir(after).with_context(|| format!("reading {}", after.display()))? {
        let entry = entry?;
        let (name, path) = (entry.file_name(), entry.path());
        let there = before.join(&name);
        if path.is_dir() {
            sum += if there.is_dir() { count(&there, &path)? } else { count(&path, &path)? };
        } else if name != "Cargo.lock" {
            // What is no text is not edited.
            let texts = (fs::read_to_string(&there), fs::read_to_string(&path));
            if let (Ok(one), Ok(other)) = texts {
                sum += of(&one, &other);
            }
        }
    }
    Ok(sum)
}

/// Counts in one file: all lines of both but those of a longest common subsequence, twice.
fn of(one: &str, other: &str) -> usize {
    let (one, other): (Vec<_>, Vec<_>) = (one.lines().collect(), other.lines().collect());
    let same = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    let (one, other) = (&one[same..], &other[same..]);
    let behind = one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
    let (one, other) = (&one[..one.len() - behind], &other[..other.len() - behind]);
    // The longest one of what has been seen of the first and of the first so many of the second.
    let mut longest = vec![0; other.len() + 1];
    for line in one {
        let mut diagonal = 0;
        for (index, there) in other.iter().enumerate() {
            let above = longest[index + 1];
            longest[index + 1] = if line == there { diagonal + 1 } else { above.max(longest[index]) };
            diagonal = above;
        }
    }
    one.len() + other.len() - 2 * longest[other.len()]
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn what_is_only_in_one_counts() {
        for (one, other, changed) in [
            ("a\nb\nc", "a\nb\nc", 0),
            ("a\nb\nc", "a\nx\nc", 2),
            ("a\nb\nc", "a\nc", 1),
            ("a\nc", "a\nx\ny\nc", 2),
            ("", "a\nb", 2),
            ("a\nb\nc\nd", "b\nx\nd\na", 4),
        ] {
            assert_eq!(of(one, other), changed, "{one:?}, {other:?}");
            assert_eq!(of(other, one), changed, "{other:?}, {one:?}");
        }
    }
}
