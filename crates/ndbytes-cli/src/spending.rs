//! What may be spent on an input that nobody vouches for.

use ndbytes::Limits;

/// The option that says so.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct Spending {
    /// Build at most so many bytes of an input, or 'any' number of them
    ///
    /// A small file may stand for gigabytes. Unless this is given, no more is built
    /// of an input than 256 MiB and 32 times its length.
    #[arg(long, value_name = "BYTES", value_parser = most, verbatim_doc_comment)]
    max_bytes: Option<u64>,
}

impl Spending {
    pub(crate) fn limits(self) -> Limits {
        match self.max_bytes {
            None => Limits::default(),
            Some(bytes) => Limits::default().max_bytes(bytes),
        }
    }
}

fn most(said: &str) -> Result<u64, String> {
    match said {
        "any" => Ok(u64::MAX),
        _ => said.parse().map_err(|_| "it is a number of bytes, or any".to_owned()),
    }
}
