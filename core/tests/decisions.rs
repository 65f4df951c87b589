//! Every case of `data/decisions`: policies and a request, and what must come of it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod case;

use case::Case;
use std::path::Path;

#[test]
fn every_case_is_decided_as_aws_decides_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/decisions");
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 85, "only {} cases found", cases.len());
    let failures: Vec<String> = cases.iter().filter_map(|path| failure(path)).collect();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

/// One line about a case that is decided otherwise than it says.
fn failure(path: &Path) -> Option<String> {
    let case = Case::read(&std::fs::read_to_string(path).unwrap());
    let (expected, decided) = (case.text("expected"), case.decide().unwrap());
    (decided != expected).then(|| {
        format!(
            "{}: {decided}, not {expected}",
            path.file_stem().unwrap().display()
        )
    })
}
