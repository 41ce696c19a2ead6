//! Where a result goes: a new file that appears whole or not at all, or a stream.
//!
//! A file is written under another name in the folder where it will be, and renamed when it is
//! complete. So nobody ever sees half of it, and a failure leaves the old file as it was. It is
//! handed to the system, not forced onto the disk: after a power cut it may be missing.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::trouble::Trouble;

/// Links to links to links: no more than Linux follows.
const MOST_LINKS: usize = 40;

/// Where a result goes.
#[derive(Debug)]
pub(crate) enum Output {
    Stdout,
    /// A device or a pipe: written to as it is. Replacing `/dev/null` by a file helps nobody.
    Stream(File),
    File {
        /// Where the file really is, after all symbolic links.
        path: PathBuf,
        /// The file that is there now, which may be replaced.
        replaces: Option<Metadata>,
    },
}

impl Output {
    /// Looks at what is at `path`; `-` is stdout. Nothing is written yet.
    ///
    /// A file that is there is kept unless `force` says otherwise.
    pub(crate) fn new(path: &Path, force: bool) -> Result<Self, Trouble> {
        if path == Path::new("-") {
            refuse_terminal(&io::stdout())?;
            return Ok(Self::Stdout);
        }
        let about = |trouble: Trouble| trouble.about(path);
        let target = follow(path).map_err(|error| about(error.into()))?;
        let there = match fs::metadata(&target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            there => Some(there.map_err(|error| about(error.into()))?),
        };
        match there {
            None => Ok(Self::File { path: target, replaces: None }),
            Some(there) if there.is_dir() => Err(about(Trouble::new("this is a folder"))),
            Some(there) if there.is_file() => {
                if !force {
                    return Err(about(already_there()));
                }
                Ok(Self::File { path: target, replaces: Some(there) })
            }
            Some(_) => {
                let stream = OpenOptions::new().write(true).open(&target);
                let stream = stream.map_err(|error| about(error.into()))?;
                refuse_terminal(&stream)?;
                Ok(Self::Stream(stream))
            }
        }
    }

    /// Has `fill` write the bytes. When it fails, a file is as it was before.
    pub(crate) fn write(
        self,
        fill: impl FnOnce(&mut dyn Write) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                fill(&mut stdout)?;
                Ok(stdout.flush()?)
            }
            Self::Stream(mut file) => match fill(&mut file) {
                Err(Trouble::ClosedPipe) => Err(Trouble::new("nobody reads the output any more")),
                done => done,
            },
            Self::File { path, replaces } => write_file(&path, replaces, fill),
        }
    }
}

fn write_file(
    path: &Path,
    replaces: Option<Metadata>,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ndbytes-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What any new file gets; the process's umask takes its share.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    // From here on, leaving early removes the file.
    let mut file = builder.tempfile_in(folder).map_err(|error| {
        Trouble::new(format!("cannot write in this folder: {error}")).about(folder)
    })?;
    let about = |trouble: Trouble| trouble.about(path);
    fill(file.as_file_mut()).map_err(about)?;
    let done = match replaces {
        Some(old) => {
            file.as_file().set_permissions(old.permissions()).and_then(|()| Ok(file.persist(path)?))
        }
        // Someone may have made the file in the meantime.
        None => file.persist_noclobber(path).map_err(|error| error.error),
    };
    match done {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(about(already_there())),
        Err(error) => Err(about(error.into())),
    }
}

fn already_there() -> Trouble {
    Trouble::new("this file is already there. Hint: --force replaces it")
}

fn refuse_terminal(stream: &impl io::IsTerminal) -> Result<(), Trouble> {
    match stream.is_terminal() {
        true => Err(Trouble::new(
            "bytes are not written to a terminal. Hint: name a file, or send them on with | or >",
        )),
        false => Ok(()),
    }
}

/// Where `path` leads through symbolic links, whether or not there is a file at the end.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                let link = fs::read_link(&path)?;
                path = path.parent().map_or_else(|| link.clone(), |folder| folder.join(&link));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => return Ok(path),
        }
    }
    Err(io::Error::other("the symbolic links lead in a circle"))
}

/// The name of what was written, for a report.
pub(crate) fn name(path: &Path) -> OsString {
    if path == Path::new("-") { "stdout".into() } else { path.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.raw");
        fs::write(&path, "old").unwrap();
        let failed = Output::new(&path, true).unwrap().write(|out| {
            out.write_all(b"new, but not all of it")?;
            Err(Trouble::new("the bytes ran out"))
        });
        assert!(failed.unwrap_err().to_string().ends_with("x.raw: the bytes ran out"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["x.raw"]);
    }

    #[test]
    fn a_file_that_appears_in_the_meantime_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.raw");
        let output = Output::new(&path, false).unwrap();
        fs::write(&path, "theirs").unwrap();
        let failed = output.write(|out| Ok(out.write_all(b"ours")?));
        assert!(failed.unwrap_err().to_string().contains("already there"));
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        assert_eq!(names(folder.path()), ["x.raw"]);
    }
}
