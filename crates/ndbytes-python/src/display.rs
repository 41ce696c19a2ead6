//! Text for terminals and notebooks. Names come from whoever wrote the bytes: nothing in them is
//! obeyed by a terminal, or is more than text in a page.

use std::fmt::Write as _;

use ndbytes::array::printable;

/// The text as text in HTML.
pub(crate) fn html(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            c => shown.push(c),
        }
    }
    shown
}

/// A table of texts; those of a column in `right` are at its right edge.
pub(crate) fn html_table(titles: &[&str], right: &[usize], rows: &[Vec<String>]) -> String {
    let mut table = String::from("<table><thead><tr>");
    let side = |column: usize| if right.contains(&column) { "right" } else { "left" };
    // Writing to a string does not fail.
    for (column, title) in titles.iter().enumerate() {
        let _ = write!(table, "<th style=\"text-align:{}\">{}</th>", side(column), html(title));
    }
    table.push_str("</tr></thead><tbody>");
    for row in rows {
        table.push_str("<tr>");
        for (column, text) in row.iter().enumerate() {
            let _ = write!(table, "<td style=\"text-align:{}\">{}</td>", side(column), html(text));
        }
        table.push_str("</tr>");
    }
    table.push_str("</tbody></table>");
    table
}

/// Lines of text; nothing where there are none.
pub(crate) fn html_lines<'t>(lines: impl IntoIterator<Item = &'t str>) -> String {
    let lines: Vec<String> = lines.into_iter().map(html).collect();
    match lines.is_empty() {
        true => String::new(),
        false => format!("<div>{}</div>", lines.join("<br>")),
    }
}
