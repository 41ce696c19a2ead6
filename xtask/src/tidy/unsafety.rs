//! Where `unsafe` may be, and that each use says why it is sound.

use super::rust::reads;
use super::tree::{Finding, Tree, folder_holds};

/// Files, or folders, that may hold unsafe code.
const ALLOWED: &[&str] = &[
    "crates/ndbytes/src/array/source.rs",
    "crates/ndbytes/src/array/fresh.rs",
    "crates/ndbytes/src/array/pack.rs",
    "crates/ndbytes/src/wide.rs",
    "crates/ndbytes/src/formats/pickle/latin1.rs",
    "crates/ndbytes-python/src/bridge.rs",
    "crates/ndbytes-python/src/bridge",
    "crates/ndbytes-cli/src/input.rs",
];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, tokens) in tree.rust("") {
        let allowed = ALLOWED.iter().any(|&place| place == path || folder_holds(place, path));
        let lines: Vec<&str> = tree.text(path).unwrap_or_default().lines().collect();
        for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.text == "unsafe") {
            let next = tokens.get(at + 1).map_or("", |token| token.text);
            if !allowed {
                let what = "unsafe code outside the files that may hold it \
                            (xtask/src/tidy/unsafety.rs)";
                findings.push(Finding::new(path, token.line, what));
            } else if is_function_type(&tokens, at) {
                // The type of a pointer promises nothing.
            } else if matches!(next, "fn" | "trait") {
                let said = comment_above(&lines, token.line);
                if !said.contains("# Safety") && !said.contains("SAFETY:") {
                    let what = "its documentation has no `# Safety` section";
                    findings.push(Finding::new(path, token.line, what));
                }
            } else if !comment_above(&lines, token.line).contains("SAFETY:") {
                findings.push(Finding::new(path, token.line, "no `// SAFETY:` comment above it"));
            }
        }
    }
    findings
}

/// `unsafe fn(...)` or `unsafe extern "C" fn(...)`, without a name.
fn is_function_type(tokens: &[super::rust::Token<'_>], at: usize) -> bool {
    (at + 1..at + 4).any(|fn_at| reads(tokens, fn_at, &["fn", "("]))
}

/// The comment above a line, seen through attributes and the beginning of the same statement.
fn comment_above(lines: &[&str], line: usize) -> String {
    let mut said = Vec::new();
    for above in lines[..line - 1].iter().rev().map(|line| line.trim()) {
        let leads_here = above.starts_with("#[") || above.ends_with("=> {");
        let continues = leads_here || !above.ends_with([';', '{', '}']);
        if above.starts_with("//") {
            said.push(above);
        } else if !said.is_empty() || above.is_empty() || !continues {
            break;
        }
    }
    said.reverse();
    said.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, text)])).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn unsafe_code_has_its_places() {
        let text = "// SAFETY: none is needed.\nunsafe { f() }";
        assert_eq!(found("crates/ndbytes/src/array/mod.rs", text), [2]);
        assert_eq!(found("crates/ndbytes-cli/src/main.rs", text), [2]);
        assert_eq!(found("crates/ndbytes/src/array/pack.rs", text), [0; 0]);
        assert_eq!(found("crates/ndbytes-python/src/bridge/buffer.rs", text), [0; 0]);
        assert_eq!(
            found("a.rs", "#![deny(unsafe_code)] // unsafe\nconst S: &str = \"unsafe\";"),
            [0; 0]
        );
    }

    #[test]
    fn unsafe_code_says_why_it_is_sound() {
        let path = "crates/ndbytes/src/array/pack.rs";
        for good in [
            "fn f() {\n// SAFETY: checked\n// above.\nlet x =\nunsafe { g() };\n}",
            "/// Reads.\n///\n/// # Safety\n///\n/// In bounds.\n#[inline]\npub unsafe fn f() {}",
            "struct S { f: unsafe extern \"C\" fn(*const u8), g: unsafe fn() }",
            "match x {\n// SAFETY: checked.\nA => {\nunsafe { g() }\n}\n}",
            "// SAFETY: it holds no pointers.\nunsafe impl Send for S {}",
        ] {
            assert_eq!(found(path, good), [0; 0], "{good}");
        }
        for bad in [
            "unsafe { g() }",
            "// SAFETY: of something else\nlet y = 1;\nunsafe { g() }",
            "// SAFETY: far away\n\nunsafe { g() }",
            "/// Reads.\npub unsafe fn f() {}",
            "// It is fine.\nunsafe impl Send for S {}",
        ] {
            assert_eq!(found(path, bad).len(), 1, "{bad}");
        }
    }
}
