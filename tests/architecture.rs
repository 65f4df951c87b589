//! The map in ARCHITECTURE.md, held against the code: which module may use which, and that the pure ones stay pure.

#![expect(clippy::unwrap_used, clippy::string_slice, reason = "a test may panic")]
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Edges between the modules of `core/`: who may name whom.
const CORE: &[(&str, &[&str])] = &[
    ("document", &[]),
    ("s3", &[]),
    ("request", &["s3"]),
    ("sigv4", &["request", "s3", "identity"]),
    ("identity", &["policy", "s3"]),
    ("form", &["document", "request", "s3"]),
    ("context", &["document", "identity", "request", "s3"]),
    ("policy", &["context", "document", "identity", "s3"]),
    ("controls", &["document", "identity", "policy", "s3"]),
    (
        "sts",
        &[
            "context", "document", "identity", "policy", "request", "s3", "sigv4",
        ],
    ),
    (
        "cases",
        &[
            "context", "controls", "document", "identity", "policy", "s3",
        ],
    ),
    (
        "admission",
        &[
            "context", "controls", "form", "identity", "policy", "request", "s3", "sigv4",
        ],
    ),
];

/// Edges between the modules of `src/`.
const ROOT: &[(&str, &[&str])] = &[
    ("audit", &[]),
    ("config", &["rego", "upstream"]),
    ("rego", &[]),
    ("state", &[]),
    ("record", &[]),
    ("upstream", &[]),
    ("admin", &["record"]),
    (
        "gateway",
        &["admin", "config", "record", "state", "upstream"],
    ),
    (
        "cli",
        &[
            "admin", "audit", "config", "gateway", "record", "state", "upstream",
        ],
    ),
];

/// What no pure module may name.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net::Tcp",
    "std::thread",
    "std::sync::Mutex",
    "std::sync::RwLock",
    "tokio",
    "pingora",
    "Instant::now",
];

#[test]
fn core_modules_use_only_the_modules_they_may() {
    check_edges(Path::new("core/src"), CORE);
}

#[test]
fn modules_with_io_use_only_the_modules_they_may() {
    check_edges(Path::new("src"), ROOT);
}

#[test]
fn pure_modules_name_no_io() {
    let mut found = Vec::new();
    for file in code_files(Path::new("core/src")) {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in code_lines(&text) {
            found.extend(
                IMPURE
                    .iter()
                    .filter(|name| line.contains(*name))
                    .map(|name| (file.clone(), number, *name)),
            );
        }
    }
    assert!(found.is_empty(), "pure modules name I/O: {found:#?}");
}

#[test]
fn the_core_manifest_knows_no_runtime() {
    let manifest = fs::read_to_string("core/Cargo.toml").unwrap();
    for name in ["tokio", "pingora", "hyper", "redb", "aws-config"] {
        assert!(!manifest.contains(name), "core/Cargo.toml names {name}");
    }
}

#[test]
fn only_admission_makes_a_permit() {
    let maker = Path::new("core/src/admission/forward.rs");
    for root in ["core/src", "src"] {
        for file in code_files(Path::new(root)) {
            let text = fs::read_to_string(&file).unwrap();
            let makes = code_lines(&text).any(|(_, line)| {
                line.contains("Permit {") && !line.contains("struct") && !line.contains("impl")
            });
            assert!(!makes || file == maker, "{} makes a Permit", file.display());
        }
    }
}

#[test]
fn files_stay_readable() {
    // Tables may be longer: they are read row by row.
    let tables = [
        "s3/operations.rs",
        "s3/profiles.rs",
        "s3/actions.rs",
        "s3/errors.rs",
        "admission/refuse.rs",
        "context/keys.rs",
        "record/metrics.rs",
    ];
    for root in ["core/src", "src"] {
        for file in code_files(Path::new(root)) {
            let name = file.to_string_lossy().into_owned();
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            let exempt = tables.iter().any(|table| name.ends_with(table));
            assert!(
                exempt || lines <= 400,
                "{name} has {lines} lines: split it where the thought divides"
            );
        }
    }
}

/// Checks every `crate::x` (and `portcullis_core`'s own) path of every module against the list.
#[track_caller]
fn check_edges(root: &Path, edges: &[(&str, &[&str])]) {
    let names: BTreeSet<&str> = edges.iter().map(|(name, _)| *name).collect();
    for (module, allowed) in edges {
        for file in code_files(&root.join(module)) {
            let text = fs::read_to_string(&file).unwrap();
            for (number, line) in code_lines(&text) {
                for (used, _) in line
                    .match_indices("crate::")
                    .map(|(at, _)| (first_word(&line[at + 7..]), at))
                {
                    let known = names.contains(used) && used != *module;
                    assert!(
                        !known || allowed.contains(&used),
                        "{}:{number}: `{module}` may not use `{used}`",
                        file.display()
                    );
                }
            }
        }
    }
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
        .unwrap_or("")
}

/// Lines of code with their numbers: comments left out, and what follows `#[cfg(test)]`.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(number, line)| (number + 1, line))
}

/// The Rust files below a folder, but for unit tests.
fn code_files(root: &Path) -> Vec<PathBuf> {
    let test = |file: &PathBuf| {
        file.iter()
            .any(|part| part == "tests" || part == "tests.rs")
    };
    rust_files(root)
        .into_iter()
        .filter(|file| !test(file))
        .collect()
}

fn rust_files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(root) else {
        return files;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
