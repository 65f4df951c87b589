//! `man`

use clap_mangen::Man;

/// The manual page: the command, then a section for each verb.
pub(super) fn text() -> String {
    let mut page = Vec::new();
    let mut command = super::command();
    command.build();
    // Writing to memory cannot fail.
    let _ = Man::new(command.clone()).render(&mut page);
    for verb in command.get_subcommands() {
        let heading = format!(".SH \"{}\"\n", verb.get_name().to_uppercase());
        page.extend_from_slice(heading.as_bytes());
        let man = Man::new(verb.clone());
        let _ = man.render_synopsis_section(&mut page);
        let _ = man.render_description_section(&mut page);
        let _ = man.render_options_section(&mut page);
    }
    String::from_utf8_lossy(&page).into_owned()
}
