//! Verbs of several files: each is told of in its turn, whatever became of the others.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::failure::Failure;
use crate::progress::Progress;
use crate::screen::Screen;
use crate::trouble::Trouble;

/// What is told of one file.
pub(crate) trait Report {
    /// As one object.
    fn json(&self, file: &Path) -> Value;

    /// In lines for people.
    fn print(&self, screen: &mut Screen, file: &Path) -> Result<(), Trouble>;
}

/// How files are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// An object a line.
    Json,
    /// Lines, with an empty one between files.
    Apart,
    /// Lines, and nothing between files.
    Dense,
    /// Not at all, but for what could not be dealt with.
    Quiet,
}

/// Has `look` look at each file and tells what it found. How many it could not deal with; that is
/// said on stderr, and as JSON in the place of what would have been told.
pub(crate) fn tell_each<R: Report>(
    files: &[PathBuf],
    telling: Telling,
    progress: &Progress,
    screen: &mut Screen,
    mut look: impl FnMut(&Path) -> Result<R, Failure>,
) -> Result<usize, Trouble> {
    let (mut troubled, mut told) = (0, 0);
    for file in files {
        let looked = look(file);
        // The bar and the lines may share a terminal.
        progress.aside(|| -> Result<(), Trouble> {
            match (looked, telling) {
                (Ok(report), Telling::Json) => screen.json(&report.json(file))?,
                (Ok(report), Telling::Apart | Telling::Dense) => {
                    if told > 0 && telling == Telling::Apart {
                        screen.line(&[])?;
                    }
                    told += 1;
                    report.print(screen, file)?;
                }
                (Ok(_), Telling::Quiet) => {}
                (Err(failure), _) => {
                    troubled += 1;
                    failure.tell(file, screen, telling == Telling::Json)?;
                }
            }
            Ok(screen.flush()?)
        })?;
    }
    Ok(troubled)
}
