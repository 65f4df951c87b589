//! `completions SHELL`

/// The completion script of a shell.
pub(super) fn text(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "portcullis", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
