//! Where the sources are, and where what is made from them goes.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::process::{self, Result};

#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        // At run time, so that a binary shared between checkouts works on the one it is run in.
        let package = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package.parent().ok_or("the xtask package has no parent folder")?.to_owned();
        let mut workspace = Self { target: root.join("target"), root };
        let metadata = workspace.metadata(&["--no-deps"])?;
        if let Some(target) = metadata["target_directory"].as_str() {
            workspace.target = PathBuf::from(target);
        }
        Ok(workspace)
    }

    /// The cargo that runs us, in the root of the workspace.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(args).current_dir(&self.root);
        command
    }

    pub(crate) fn metadata(&self, args: &[&str]) -> Result<Value> {
        let mut command = self.cargo(&["metadata", "--format-version", "1"]);
        let said = process::output(command.args(args))?;
        serde_json::from_str(&said).map_err(|error| format!("cargo metadata: {error}"))
    }

    /// The folder for environments, wheels and caches, made if need be.
    pub(crate) fn scratch(&self, name: &str) -> Result<PathBuf> {
        let folder = self.target.join("xtask").join(name);
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("{} could not be made: {error}", folder.display()))?;
        Ok(folder)
    }
}
