//! Why a row is not won, in a line each: what is said on the page beside it.
//!
//! A case without a line here is printed as "no reason is known yet".

/// The key of a case, as in the tables of benches/, and the reason.
pub(crate) const NOTES: &[(&str, &str)] = &[];

pub(crate) const UNKNOWN: &str = "no reason is known yet";

pub(crate) fn reason(key: &str) -> &'static str {
    NOTES.iter().find(|(case, _)| *case == key).map_or(UNKNOWN, |&(_, reason)| reason)
}
