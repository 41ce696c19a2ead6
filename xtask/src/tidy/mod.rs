//! `cargo xtask tidy`: what the architecture and the house rules ask of the source tree.
//!
//! Each rule reads a [`Tree`], so that its tests can show it small ones that break it.

mod documents;
mod edges;
mod fixtures;
mod rust;
mod sources;
mod tree;
mod unsafety;

use crate::args::Args;
use crate::process::Result;
use crate::workspace::Workspace;
use tree::{Finding, Tree};

const RULES: &[fn(&Tree) -> Vec<Finding>] = &[
    edges::check,
    sources::sizes,
    sources::names,
    sources::machine_paths,
    sources::leftovers,
    sources::unwraps,
    unsafety::check,
    fixtures::check,
    documents::links,
];

pub(crate) fn command(workspace: &Workspace, args: Args) -> Result {
    args.words(&[])?;
    println!("{}", check(workspace)?);
    Ok(())
}

pub(crate) fn check(workspace: &Workspace) -> Result<String> {
    let tree = Tree::read(&workspace.root, &workspace.target)?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.sort();
    if findings.is_empty() {
        return Ok(format!("{} files are tidy", tree.len()));
    }
    let list: String = findings.iter().map(|finding| format!("\n  {finding}")).collect();
    Err(format!("{} findings{list}", findings.len()))
}
