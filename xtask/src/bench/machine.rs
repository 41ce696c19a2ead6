//! What the measurements were made on: as much as the system says, and nothing that names it.

use std::fs;
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::process;

/// One line of facts.
pub(crate) fn facts() -> Value {
    let mut facts = Map::new();
    let mut add = |name: &str, value: String| _ = facts.insert(name.to_owned(), value.into());
    add("processor", processor().unwrap_or_else(|| "unknown".into()));
    add("cores", std::thread::available_parallelism().map_or(1, usize::from).to_string());
    add("memory", memory().unwrap_or_else(|| "unknown".into()));
    add("system", system());
    add("rustc", rustc());
    add("huge pages", huge_pages());
    json!({ "facts": facts })
}

pub(crate) fn rustc() -> String {
    let program = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = process::output(Command::new(program).arg("--version")).unwrap_or_default();
    said.split_whitespace().nth(1).unwrap_or("unknown").to_owned()
}

/// Those on which the choice of a copy loop hangs.
pub(crate) fn features() -> String {
    const TELLING: &[&str] =
        &["sse4_2", "avx", "avx2", "bmi2", "erms", "fsrm", "avx512f", "asimd", "sve"];
    let said = cpuinfo("flags").or_else(|| cpuinfo("Features")).unwrap_or_default();
    let has = |feature: &&&str| said.split_whitespace().any(|flag| flag == **feature);
    let found: Vec<&str> = TELLING.iter().filter(has).copied().collect();
    format!("{} {}", std::env::consts::ARCH, found.join(" ")).trim_end().to_owned()
}

fn processor() -> Option<String> {
    cpuinfo("model name").or_else(|| {
        let mut sysctl = Command::new("sysctl");
        let said = process::output(sysctl.args(["-n", "machdep.cpu.brand_string"])).ok()?;
        Some(said.trim().to_owned())
    })
}

fn cpuinfo(field: &str) -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == field).then(|| value.trim().to_owned())
    })
}

fn memory() -> Option<String> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(format!("{:.0} GiB", kibibytes / 1024.0 / 1024.0))
}

fn system() -> String {
    let read = |name: &str| fs::read_to_string(format!("/proc/sys/kernel/{name}")).ok();
    let said = match (read("ostype"), read("osrelease")) {
        (Some(system), Some(release)) => format!("{} {}", system.trim(), release.trim()),
        _ => std::env::consts::OS.to_owned(),
    };
    format!("{said}, {}", std::env::consts::ARCH)
}

/// Whether memory comes in huge pages: `always`, `madvise` (when asked for) or `never`.
fn huge_pages() -> String {
    let setting = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    let chosen = setting.ok().and_then(|text| chosen(&text).map(String::from));
    chosen.unwrap_or_else(|| "no such setting".into())
}

/// Has the system move what is in use together, where this may be asked for: otherwise it does so
/// whenever someone wants a huge page, and that one waits.
pub(crate) fn gather_memory() {
    let _ = fs::write("/proc/sys/vm/compact_memory", "1");
}

/// The word in brackets.
fn chosen(setting: &str) -> Option<&str> {
    setting.split_once('[')?.1.split_once(']').map(|(word, _)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_the_word_in_brackets() {
        assert_eq!(chosen("always [madvise] never\n"), Some("madvise"));
        assert_eq!(chosen("nothing"), None);
    }

    #[test]
    fn facts_are_text() {
        let facts = facts();
        let facts = facts["facts"].as_object().unwrap();
        assert!(facts.values().all(|fact| fact.as_str().is_some_and(|text| !text.is_empty())));
    }
}
