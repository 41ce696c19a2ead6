//! The words after `cargo xtask <command>`.

use crate::process::Result;

#[derive(Debug)]
pub(crate) struct Args {
    words: Vec<String>,
    /// What follows `--`, for the program that is run.
    pub(crate) passed_on: Vec<String>,
}

impl Args {
    pub(crate) fn new(words: impl Iterator<Item = String>) -> Self {
        let mut words: Vec<String> = words.collect();
        let passed_on = match words.iter().position(|word| word == "--") {
            Some(dashes) => words.drain(dashes..).skip(1).collect(),
            None => Vec::new(),
        };
        Self { words, passed_on }
    }

    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() < before
    }

    pub(crate) fn number(&mut self, name: &str) -> Result<Option<u64>> {
        let Ok(value) = self.text(name) else { return Err(format!("{name} asks for a number")) };
        let number = value.as_deref().map(str::parse).transpose();
        number.map_err(|_| format!("{name} asks for a number"))
    }

    /// The word after `name`.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>> {
        let Some(at) = self.words.iter().position(|word| word == name) else {
            return Ok(None);
        };
        let end = self.words.len().min(at + 2);
        match self.words.drain(at..end).nth(1) {
            Some(value) => Ok(Some(value)),
            None => Err(format!("{name} asks for a value")),
        }
    }

    /// The words that are left, each of which must be one of `known`.
    pub(crate) fn words(self, known: &[&str]) -> Result<Vec<String>> {
        match self.words.iter().find(|word| !known.contains(&word.as_str())) {
            Some(word) if known.is_empty() => Err(format!("`{word}` is not understood")),
            Some(word) => {
                Err(format!("`{word}` is not understood; there are: {}", known.join(", ")))
            }
            None => Ok(self.words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        Args::new(line.split_whitespace().map(String::from))
    }

    #[test]
    fn flags_numbers_and_words_are_taken_apart() {
        let mut args = args("a --seconds 5 b --only c --quick -- -k --quick");
        assert!(args.flag("--quick") && !args.flag("--quick"));
        assert_eq!(args.number("--seconds"), Ok(Some(5)));
        assert_eq!(args.text("--only"), Ok(Some("c".into())));
        assert_eq!(args.passed_on, ["-k", "--quick"]);
        assert_eq!(args.words(&["a", "b"]).unwrap(), ["a", "b"]);
    }

    #[test]
    fn what_is_not_understood_is_said() {
        assert!(args("--seconds").number("--seconds").is_err());
        assert!(args("--seconds soon").number("--seconds").is_err());
        assert!(args("--only").text("--only").is_err());
        assert!(args("--fast").words(&[]).unwrap_err().contains("--fast"));
        assert!(args("clipy").words(&["clippy"]).unwrap_err().contains("there are: clippy"));
    }
}
