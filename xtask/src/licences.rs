//! May every dependency be used? Licence, name and source are checked against deny.toml, the
//! same file that cargo-deny reads, but with nothing to install and no database to fetch.

use serde_json::Value;

use crate::args::Args;
use crate::process::{self, Result};
use crate::workspace::Workspace;
use crate::{spdx, toml};

pub(crate) fn command(workspace: &Workspace, args: Args) -> Result {
    args.words(&[])?;
    println!("{}", check(workspace)?);
    Ok(())
}

pub(crate) fn deny(workspace: &Workspace, args: Args) -> Result {
    args.words(&[])?;
    if !process::works(&mut workspace.cargo(&["deny", "--version"])) {
        return Err("cargo-deny is not installed: cargo install --locked cargo-deny".into());
    }
    let checks = ["deny", "--all-features", "--locked", "check", "licenses", "bans", "sources"];
    process::run(&mut workspace.cargo(&checks))
}

pub(crate) fn check(workspace: &Workspace) -> Result<String> {
    let text = std::fs::read_to_string(workspace.root.join("deny.toml"))
        .map_err(|error| format!("deny.toml: {error}"))?;
    let policy = toml::parse(&text).map_err(|why| format!("deny.toml: {why}"))?;
    let metadata = workspace.metadata(&["--locked", "--all-features"])?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;

    let refusals: Vec<String> =
        packages.iter().filter_map(|package| refusal(package, &policy)).collect();
    match refusals.as_slice() {
        [] => Ok(format!("{} packages, all allowed by deny.toml", packages.len())),
        _ => Err(format!("deny.toml does not allow\n  {}", refusals.join("\n  "))),
    }
}

/// Why this package may not be used, if so.
fn refusal(package: &Value, policy: &Value) -> Option<String> {
    let name = package["name"].as_str().unwrap_or("?");
    let named = format!("{name} {}", package["version"].as_str().unwrap_or("?"));

    let mut banned = entries(&policy["bans"]["deny"]).filter(|ban| ban["crate"] == name);
    if let Some(ban) = banned.next() {
        return Some(format!("{named}: {}", ban["reason"].as_str().unwrap_or("banned")));
    }
    // A package of the workspace has no source.
    if let Some(source) = package["source"].as_str() {
        let index = source.split_once('+').map_or(source, |(_, index)| index);
        if !entries(&policy["sources"]["allow-registry"]).any(|allowed| allowed == index) {
            return Some(format!("{named}: it comes from {source}"));
        }
    }
    let Some(licence) = package["license"].as_str() else {
        return Some(format!("{named}: it names no licence"));
    };
    let exceptions = entries(&policy["licenses"]["exceptions"])
        .filter(|exception| exception["crate"] == name)
        .flat_map(|exception| entries(&exception["allow"]));
    let allowed: Vec<&Value> = entries(&policy["licenses"]["allow"]).chain(exceptions).collect();
    match spdx::satisfied(licence, &|asked| allowed.iter().any(|&licence| licence == asked)) {
        Ok(true) => None,
        Ok(false) => Some(format!("{named}: {licence}")),
        Err(why) => Some(format!("{named}: {why}")),
    }
}

fn entries(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, licence: Option<&str>, source: Option<&str>) -> Option<String> {
        let policy = toml::parse(
            r#"
            [licenses]
            allow = ["MIT"]
            exceptions = [{ allow = ["BSD-2-Clause"], crate = "old" }]
            [bans]
            deny = [{ crate = "worse", reason = "better exists" }]
            [sources]
            allow-registry = ["https://example.org/index"]
            "#,
        );
        let package = serde_json::json!({
            "name": name, "version": "1.0.0", "license": licence, "source": source,
        });
        refusal(&package, &policy.unwrap())
    }

    #[test]
    fn licence_name_and_source_are_each_checked() {
        let index = Some("registry+https://example.org/index");
        assert_eq!(refused("a", Some("MIT OR GPL-3.0"), index), None);
        assert_eq!(refused("ours", Some("MIT"), None), None);
        assert_eq!(refused("old", Some("BSD-2-Clause AND MIT"), index), None);
        for (name, licence, source, why) in [
            ("a", Some("GPL-3.0"), index, "a 1.0.0: GPL-3.0"),
            ("a", Some("BSD-2-Clause"), index, "BSD-2-Clause"),
            ("a", None, index, "no licence"),
            ("worse", Some("MIT"), index, "better exists"),
            ("a", Some("MIT"), Some("git+https://example.org/a"), "comes from git+"),
        ] {
            let refusal = refused(name, licence, source);
            assert!(refusal.as_ref().is_some_and(|said| said.contains(why)), "{refusal:?}");
        }
    }
}
