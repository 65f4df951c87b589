//! JSON that cannot act on what shows it.

use std::io;

/// Compact JSON in which also those characters are escaped that JSON lets stand and that a terminal or a reader of
/// lines may act on: DEL, C1 controls, line and paragraph separators, and bidirectional controls.
pub(super) struct OneLine;

impl serde_json::ser::Formatter for OneLine {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        if fragment.is_ascii() && !fragment.as_bytes().contains(&0x7f) {
            return writer.write_all(fragment.as_bytes());
        }
        fragment.split_inclusive(acts).try_for_each(|piece| {
            let plain = piece.trim_end_matches(acts);
            writer.write_all(plain.as_bytes())?;
            piece
                .chars()
                .filter(|character| acts(*character))
                .try_for_each(|character| write!(writer, "\\u{:04x}", u32::from(character)))
        })
    }
}

fn acts(character: char) -> bool {
    matches!(character,
        '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
