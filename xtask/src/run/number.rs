// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers behind options.

use anyhow::{Context, Result};

/// The number behind `option`, if there is one.
pub fn of(option: &str, value: Option<&String>) -> Result<u64> {
    let whole = format!("{option} needs a whole number below 2^64");
    let value = value.with_context(|| whole.clone())?;
    // What std says of a wrong one is about Rust's types.
    value.parse().ok().with_context(|| format!("{whole}, and not {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_wrong_number_is_named_with_its_option() {
        assert_eq!(of("--seed", Some(&u64::MAX.to_string())).ok(), Some(u64::MAX));
        assert_eq!(of("--seed", None).unwrap_err().to_string(), "--seed needs a whole number below 2^64");
        for wrong in ["0.1", "-1", "x", "", "18446744073709551616"] {
            let error = of("--seed", Some(&wrong.to_owned())).unwrap_err();
            assert_eq!(
                format!("{error:#}"),
                format!("--seed needs a whole number below 2^64, and not {wrong:?}")
            );
        }
    }
}
