//! Our variables from `.env`, and over them those of the process's environment, which is read and never changed.

use std::{collections::BTreeMap, env, io, path::Path};

use super::{
    error::ConfigErrors,
    variables::{VARIABLES, Variable},
};

/// Merges `path` (which may be missing) and the environment. Variables that are not ours are left out.
///
/// # Errors
/// `.env` cannot be read, or a line of it is no assignment.
pub(super) fn layered(path: &Path) -> Result<BTreeMap<String, String>, ConfigErrors> {
    let mut vars = BTreeMap::new();
    let mut faults = ConfigErrors::default();
    match dotenvy::from_path_iter(path) {
        Ok(lines) => {
            for line in lines {
                match line {
                    Ok((name, value)) => {
                        vars.insert(name, value);
                    }
                    // The faulty text may hold a secret: where it is says enough.
                    Err(dotenvy::Error::LineParse(_, column)) => {
                        faults.push(".env", format!("a line is no NAME=value (at its character {column})"));
                        break;
                    }
                    Err(_) => {
                        faults.push(".env", "cannot be read as UTF-8 text");
                        break;
                    }
                }
            }
        }
        Err(dotenvy::Error::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => faults.push(".env", format!("cannot be read: {error}")),
    }
    for Variable { name, .. } in VARIABLES {
        match env::var(name) {
            Ok(value) => {
                vars.insert((*name).to_owned(), value);
            }
            Err(env::VarError::NotPresent) => {}
            Err(env::VarError::NotUnicode(_)) => faults.push(name, "is not UTF-8 text"),
        }
    }
    vars.retain(|name, _| VARIABLES.iter().any(|variable| variable.name == name));
    if faults.0.is_empty() { Ok(vars) } else { Err(faults) }
}
