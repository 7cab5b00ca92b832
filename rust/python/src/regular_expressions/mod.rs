//! Which topic names a regular expression matches, with the semantics of RE2.
//!
//! Kafka uses RE2J. `re2_syntax` reads its syntax and gives the same expression in that of the
//! `regex` crate, which guarantees what RE2 does: time linear in the length of what is searched.

mod re2_syntax;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use regex::{Regex, RegexBuilder};

/// A compiled expression takes no more memory than this; RE2J has no limit of its own.
const PROGRAM_MAX_BYTES: usize = 1 << 20;

/// Gives the names that the pattern matches whole, in their order.
///
/// Raises `ValueError` with RE2J's words when the pattern is none.
#[pyfunction]
pub(crate) fn match_topics(pattern: &str, names: Vec<String>) -> PyResult<Vec<String>> {
    let expression = compile(pattern).map_err(PyValueError::new_err)?;
    Ok(names.into_iter().filter(|name| expression.is_match(name)).collect())
}

fn compile(pattern: &str) -> Result<Regex, String> {
    let translated = re2_syntax::translate(pattern)?;
    RegexBuilder::new(&format!(r"\A(?:{translated})\z"))
        .size_limit(PROGRAM_MAX_BYTES)
        .dfa_size_limit(PROGRAM_MAX_BYTES)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "expression too large".to_owned(),
            // All else was judged by the translation; what is left are names of Unicode classes.
            _ => re2_syntax::INVALID_RANGE.to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::compile;

    fn matched(pattern: &str, names: &[&str]) -> Vec<String> {
        let expression = compile(pattern).expect("a pattern");
        names.iter().filter(|name| expression.is_match(name)).map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_whole_name_must_match_whichever_branch_does() {
        assert_eq!(matched("a|ab", &["a", "ab", "abc", "b"]), ["a", "ab"]);
        assert_eq!(matched("orders", &["orders", "orders-1", "my-orders"]), ["orders"]);
    }

    #[test]
    fn a_program_has_a_largest_size() {
        assert_eq!(compile("((a{100}){100}){100}").unwrap_err(), "expression too large");
    }

    #[test]
    fn a_class_of_unicode_that_nobody_knows_is_refused() {
        assert_eq!(compile(r"\p{Foo}").unwrap_err(), "invalid character class range");
    }

    #[test]
    fn a_long_name_takes_time_linear_in_its_length() {
        let expression = compile("(a*)*(a|aa)+b").expect("a pattern");
        assert!(!expression.is_match(&"a".repeat(100_000)));
    }
}
