//! Rust source as tokens: enough to see what code says, apart from comments and strings.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// A word, a literal, `::`, or one mark.
    pub(crate) text: &'a str,
    pub(crate) line: usize,
}

pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let length = token_length(rest, first);
        let (text, after) = rest.split_at(length);
        let silent = first.is_whitespace() || text.starts_with("//") || text.starts_with("/*");
        if !silent {
            tokens.push(Token { text, line });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

/// Without what is compiled for tests only: items under `#[cfg(test)]` or `#[test]`.
pub(crate) fn without_tests(tokens: Vec<Token<'_>>) -> Vec<Token<'_>> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].text == "#" {
            let inner = tokens.get(at + 1).is_some_and(|token| token.text == "!");
            let end = attribute_end(&tokens, at);
            if is_for_tests(&tokens[at..end]) {
                if inner {
                    return kept;
                }
                at = item_end(&tokens, end);
                continue;
            }
        }
        kept.push(tokens[at]);
        at += 1;
    }
    kept
}

/// Whether the words are next to each other from `at` on.
pub(crate) fn reads(tokens: &[Token<'_>], at: usize, words: &[&str]) -> bool {
    tokens.len() >= at + words.len()
        && words.iter().zip(&tokens[at..]).all(|(word, token)| *word == token.text)
}

fn is_for_tests(attribute: &[Token<'_>]) -> bool {
    let words: Vec<&str> =
        attribute.iter().map(|token| token.text).filter(|&text| text != "!").collect();
    match words.as_slice() {
        ["#", "[", "test", "]"] | ["#", "[", "cfg", "(", "test", ")", "]"] => true,
        ["#", "[", "cfg", "(", "all", "(", rest @ ..] => rest.contains(&"test"),
        _ => false,
    }
}

/// Where the tokens after an attribute begin.
fn attribute_end(tokens: &[Token<'_>], start: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text {
            "[" => depth += 1,
            "]" if depth == 1 => return at + 1,
            "]" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Where the tokens after an item begin: after its `;` or its closing brace.
fn item_end(tokens: &[Token<'_>], start: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text {
            "{" | "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            "}" => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

fn token_length(rest: &str, first: char) -> usize {
    if first.is_whitespace() {
        return run(rest, char::is_whitespace);
    }
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if let Some(length) = raw_string(rest) {
        return length;
    }
    match first {
        '"' => quoted(rest, '"'),
        '\'' if is_char(rest) => quoted(rest, '\''),
        '\'' => 1 + run(&rest[1..], is_word),
        ':' if rest.starts_with("::") => 2,
        _ if is_word(first) => run(rest, is_word),
        _ => first.len_utf8(),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Comments nest in Rust.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// `r"..."`, `br#"..."#` and so on.
fn raw_string(text: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        text.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(['"', '#']))
    })?;
    let hashes = run(&text[prefix.len()..], |c| c == '#');
    let body = text[prefix.len() + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let inside = body.find(&end).map_or(body.len(), |found| found + end.len());
    Some(prefix.len() + hashes + 1 + inside)
}

/// Whether an apostrophe opens a character and not a lifetime.
fn is_char(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    chars.next() == Some('\\') || chars.next() == Some('\'')
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_are_gone_and_strings_are_one_token() {
        let source = r##"a /* b /* c */ d */ "e // \" f" r#"g " h"# // i
            'j' '\'' 'k: &'static l::m b'n' r#type"##;
        let expected = [
            "a",
            r#""e // \" f""#,
            r##"r#"g " h"#"##,
            "'j'",
            r"'\''",
            "'k",
            ":",
            "&",
            "'static",
            "l",
            "::",
            "m",
            "b",
            "'n'",
            "r",
            "#",
            "type",
        ];
        assert_eq!(texts(source), expected);
    }

    #[test]
    fn lines_are_counted_through_strings_and_comments() {
        let found = tokens("a\n/* \n */ \"\n\" b");
        assert_eq!((found[0].line, found[1].line, found[2].line), (1, 3, 4));
    }

    #[test]
    fn test_code_is_left_out() {
        let source = "a #[cfg(test)] #[allow(x)] mod tests { fn f() { b } } c \
            #[cfg(test)] use d::{e}; #[test] fn g() {} #[cfg(not(test))] h \
            #[cfg(all(test, unix))] const I: [u8; 2] = [1; 2]; j";
        let left: Vec<&str> =
            without_tests(tokens(source)).into_iter().map(|token| token.text).collect();
        let words: Vec<&str> = left.into_iter().filter(|text| text.len() == 1).collect();
        assert_eq!(words.concat(), "ac;#[(())]hj");
        assert!(without_tests(tokens("#![cfg(test)] a")).is_empty());
    }
}
