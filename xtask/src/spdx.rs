//! Licence expressions: `(MIT OR Apache-2.0) AND Unicode-3.0`.

use crate::process::Result;

/// Whether the terms can be met with licences for which `allowed` says yes.
///
/// `A WITH B` is asked for as one licence of that name. The `/` of old manifests means `OR`.
pub(crate) fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Result<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut parser = Parser { words: spaced.split_whitespace().peekable(), allowed };
    let answer = parser.any().and_then(|answer| match parser.words.next() {
        None => Ok(answer),
        Some(word) => Err(format!("`{word}` is out of place")),
    });
    answer.map_err(|why| format!("the licence `{expression}` cannot be read: {why}"))
}

struct Parser<'a> {
    words: std::iter::Peekable<std::str::SplitWhitespace<'a>>,
    allowed: &'a dyn Fn(&str) -> bool,
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<bool> {
        let mut answer = self.all()?;
        while self.words.next_if_eq(&"OR").is_some() {
            answer |= self.all()?;
        }
        Ok(answer)
    }

    fn all(&mut self) -> Result<bool> {
        let mut answer = self.one()?;
        while self.words.next_if_eq(&"AND").is_some() {
            answer &= self.one()?;
        }
        Ok(answer)
    }

    fn one(&mut self) -> Result<bool> {
        if self.words.next_if_eq(&"(").is_some() {
            let answer = self.any()?;
            return match self.words.next() {
                Some(")") => Ok(answer),
                _ => Err("a parenthesis is not closed".into()),
            };
        }
        let licence = self.name()?;
        if self.words.next_if_eq(&"WITH").is_some() {
            let exception = self.name()?;
            return Ok((self.allowed)(&format!("{licence} WITH {exception}")));
        }
        Ok((self.allowed)(licence))
    }

    fn name(&mut self) -> Result<&'a str> {
        match self.words.next() {
            Some(word @ ("OR" | "AND" | "WITH" | "(" | ")")) => {
                Err(format!("a licence is missing before `{word}`"))
            }
            Some(word) => Ok(word),
            None => Err("a licence is missing at the end".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(expression: &str) -> Result<bool> {
        let allowed = ["MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"];
        satisfied(expression, &|licence| allowed.contains(&licence))
    }

    #[test]
    fn expressions_mean_what_spdx_says() {
        for yes in [
            "MIT",
            "GPL-3.0 OR MIT",
            "GPL-3.0/MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "GPL-3.0 AND ISC OR MIT",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
            "((MIT))",
        ] {
            assert_eq!(asked(yes), Ok(true), "{yes}");
        }
        for no in [
            "Apache-2.0",
            "MIT AND GPL-3.0",
            "MIT AND (GPL-3.0 OR ISC)",
            "(GPL-3.0 OR MIT) AND ISC",
            "MIT WITH LLVM-exception",
            "mit",
        ] {
            assert_eq!(asked(no), Ok(false), "{no}");
        }
    }

    #[test]
    fn broken_expressions_are_refused_even_when_a_part_would_do() {
        for broken in ["", "MIT OR", "(MIT", "MIT)", "MIT MIT", "OR MIT", "MIT WITH", "MIT AND OR"]
        {
            assert!(asked(broken).is_err(), "{broken}");
        }
    }
}
