//! How far long work has come, for whoever watches a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Work on fewer bytes is over before anybody wonders.
const LONG: u64 = 64 << 20;

/// A bar on stderr: only where that is a terminal, and only for long work.
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// No bar: the work is over at once.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Work on so many bytes begins.
    pub(crate) fn new(what: &'static str, nbytes: u64) -> Self {
        if nbytes < LONG {
            return Self(None);
        }
        let bar = ProgressBar::new(nbytes).with_message(what);
        let style = "{msg} {wide_bar} {bytes} of {total_bytes}, {elapsed}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(Some(bar))
    }

    /// So many bytes more are done.
    pub(crate) fn advance(&self, nbytes: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(nbytes);
        }
    }

    /// Has `write` write to a terminal on which the bar may be, too.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// All is done, and nothing of the bar stays.
    pub(crate) fn done(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
