//! Links between the repository's own pages lead somewhere.

use super::tree::{Finding, Tree};

pub(crate) fn links(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with(".md")) {
        for (line, target) in prose(text).flat_map(|(line, text)| {
            targets(text).into_iter().map(move |target| (line, target)).collect::<Vec<_>>()
        }) {
            if let Err(why) = resolve(tree, path, &target) {
                findings.push(Finding::new(path, line, format!("the link to {target} {why}")));
            }
        }
    }
    findings
}

fn resolve(tree: &Tree, page: &str, target: &str) -> Result<(), String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(());
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { page.to_owned() } else { join(page, file)? };
    if !tree.has_file(&path) {
        return if tree.has_folder(&path) { Ok(()) } else { Err("leads nowhere".into()) };
    }
    let mut headings =
        prose(tree.text(&path).unwrap_or_default()).filter_map(|(_, line)| slug(line));
    if anchor.is_empty() || !path.ends_with(".md") || headings.any(|slug| slug == anchor) {
        return Ok(());
    }
    Err("leads to a heading that is not there".into())
}

/// A link's path as seen from the root of the repository.
fn join(page: &str, link: &str) -> Result<String, String> {
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = match link.starts_with('/') {
        true => Vec::new(),
        false => folder.split('/').filter(|part| !part.is_empty()).collect(),
    };
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop().ok_or("leaves the repository")?,
            name => parts.push(name),
        }
    }
    Ok(parts.join("/"))
}

/// The lines outside code blocks, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fence: Option<&str> = None;
    (1..).zip(text.lines()).filter_map(move |(number, line)| {
        let trimmed = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark));
        match (fence, mark) {
            (None, Some(_)) => fence = mark,
            (Some(open), Some(close)) if open == close => fence = None,
            (None, None) => return Some((number, line)),
            _ => {}
        }
        None
    })
}

/// Where the links of a line lead: `[text](target)`, and `[name]: target` on a line of its own.
fn targets(line: &str) -> Vec<String> {
    let line: String = line.split('`').step_by(2).collect();
    let mut found: Vec<&str> = line
        .match_indices("](")
        .filter_map(|(at, _)| line[at + 2..].split_once(')').map(|(target, _)| target))
        .collect();
    if let Some((name, target)) = line.trim_start().split_once("]: ") {
        let footnote = name.starts_with("[^");
        found.extend((name.starts_with('[') && !footnote).then_some(target));
    }
    // A title may follow the target.
    let first = |target: &str| target.split_whitespace().next().unwrap_or_default().to_owned();
    found.into_iter().map(|target| first(target).trim_matches(['<', '>']).to_owned()).collect()
}

/// The anchor that a heading gets.
fn slug(line: &str) -> Option<String> {
    let title = line.trim_start_matches('#');
    if title.len() == line.len() || !title.starts_with(' ') {
        return None;
    }
    let kept = title.trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c => c.is_alphanumeric().then_some(c),
    });
    Some(kept.collect::<String>().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        let other = "# The `first`: a heading\n```\n# not one\n```";
        links(&Tree::of(&[("docs/a.md", text), ("docs/b.md", other), ("README.md", "")])).len()
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        for good in [
            "[b](b.md) ![r](../README.md \"title\") [d](/docs) [c](.)",
            "[b](b.md#the-first-a-heading) [x](https://example.org/none)",
            "# Here\n[here](#here)\n[ref]: b.md\n[^1]: a note",
            "```\n[x](none.md)\n```\n`[x](none.md)`",
        ] {
            assert_eq!(found(good), 0, "{good}");
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        for bad in
            ["[x](c.md)", "[x](../../b.md)", "[x](b.md#not-one)", "[ref]: <none.md>", "[x](#none)"]
        {
            assert_eq!(found(bad), 1, "{bad}");
        }
    }
}
