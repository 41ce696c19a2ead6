//! As much of TOML as deny.toml is written in: tables, strings, lists, inline tables, booleans.

use serde_json::{Map, Value};

use crate::process::Result;

pub(crate) fn parse(text: &str) -> Result<Value> {
    let mut reader = Reader { rest: text };
    let mut document = Map::new();
    let mut section = String::new();
    loop {
        reader.skip_blank();
        if reader.rest.is_empty() {
            return Ok(Value::Object(document));
        }
        if reader.take('[') {
            section = reader.word()?;
            reader.expect(']')?;
            document.entry(section.clone()).or_insert_with(|| Value::Object(Map::new()));
        } else {
            let (key, value) = reader.pair().map_err(|why| {
                let line = 1 + text[..text.len() - reader.rest.len()].matches('\n').count();
                format!("line {line}: {why}")
            })?;
            let table =
                document.entry(section.clone()).or_insert_with(|| Value::Object(Map::new()));
            table[key] = value;
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn pair(&mut self) -> Result<(String, Value)> {
        let key = self.word()?;
        self.expect('=')?;
        Ok((key, self.value()?))
    }

    fn value(&mut self) -> Result<Value> {
        if self.take('"') {
            let (text, rest) = self.rest.split_once('"').ok_or("a string is not closed")?;
            if text.contains(['\\', '\n']) {
                return Err("only plain strings of one line are read here".into());
            }
            self.rest = rest;
            return Ok(Value::from(text));
        }
        if self.take('[') {
            let mut list = Vec::new();
            while !self.take(']') {
                list.push(self.value()?);
                if !self.take(',') {
                    self.expect(']')?;
                    break;
                }
            }
            return Ok(Value::Array(list));
        }
        if self.take('{') {
            let mut table = Map::new();
            while !self.take('}') {
                table.extend([self.pair()?]);
                if !self.take(',') {
                    self.expect('}')?;
                    break;
                }
            }
            return Ok(Value::Object(table));
        }
        Ok(match self.word()?.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            number => {
                let number: f64 = number.parse().map_err(|_| format!("`{number}` is no value"))?;
                Value::from(number)
            }
        })
    }

    fn word(&mut self) -> Result<String> {
        self.skip_blank();
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c))
            .unwrap_or(self.rest.len());
        if end == 0 {
            return Err("a name or a value is missing".into());
        }
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(word.to_owned())
    }

    fn expect(&mut self, mark: char) -> Result {
        if self.take(mark) { Ok(()) } else { Err(format!("`{mark}` is missing")) }
    }

    fn take(&mut self, mark: char) -> bool {
        self.skip_blank();
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_blank(&mut self) {
        self.rest = self.rest.trim_start();
        while let Some(comment) = self.rest.strip_prefix('#') {
            self.rest = comment.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deny_toml_uses_is_read() {
        let text = r#"
            # a policy
            [licenses]
            allow = ["MIT", # said twice
                     "ISC",]
            exceptions = [{ allow = ["Zlib"], crate = "a-b" }]
            confidence-threshold = 0.9
            [sources]
            private = { ignore = true }
        "#;
        let expected = serde_json::json!({
            "licenses": {
                "allow": ["MIT", "ISC"],
                "exceptions": [{ "allow": ["Zlib"], "crate": "a-b" }],
                "confidence-threshold": 0.9,
            },
            "sources": { "private": { "ignore": true } },
        });
        assert_eq!(parse(text), Ok(expected));
    }

    #[test]
    fn what_is_not_read_is_refused() {
        for broken in ["a", "a = ", "a = [1", "a = \"x", "a = {b}", "a = 'x'", "[a", "a = \"\\n\""]
        {
            assert!(parse(broken).is_err(), "{broken}");
        }
        assert!(parse("a = 1\nb = ?").unwrap_err().starts_with("line 2"));
    }
}
