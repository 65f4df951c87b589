//! Bucket patterns: are they well formed, and can two of them mean the same bucket?

/// Whether a text is a bucket name with `*` and `?` in it.
pub(super) fn parse(text: &str) -> Result<Box<str>, String> {
    let good = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'?');
    let fits = !text.is_empty() && text.len() <= 63 && text.bytes().all(good);
    fits.then(|| text.into()).ok_or_else(|| {
        format!(
            "`{text}` is not a bucket pattern: lower-case letters, digits, `.` and `-`, with `*` for any run and `?` for one character"
        )
    })
}

/// Whether some text matches both patterns.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    // reached[j]: the part of `one` taken so far and the first j of `other` can match the same text.
    let mut reached = vec![false; other.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    pass_stars(&mut reached, other);
    for &left in one {
        reached = advance(&reached, left, other);
    }
    reached.last().copied().unwrap_or(false)
}

fn advance(reached: &[bool], left: u8, other: &[u8]) -> Vec<bool> {
    let mut next = vec![false; other.len() + 1];
    let mut carried = false;
    for (position, &here) in reached.iter().enumerate() {
        let right = other.get(position).copied();
        if left == b'*' {
            // A star takes any run of the other pattern's.
            carried |= here;
            set(&mut next, position, carried);
        } else if here {
            match right {
                Some(b'*') => set(&mut next, position, true),
                Some(right) if left == b'?' || right == b'?' || left == right => {
                    set(&mut next, position + 1, true);
                }
                Some(_) | None => (),
            }
        }
    }
    pass_stars(&mut next, other);
    next
}

/// A star of the other pattern may also take nothing.
fn pass_stars(reached: &mut [bool], other: &[u8]) {
    for (position, &right) in other.iter().enumerate() {
        if right == b'*' && reached.get(position).copied().unwrap_or(false) {
            set(reached, position + 1, true);
        }
    }
}

fn set(flags: &mut [bool], position: usize, value: bool) {
    if let Some(flag) = flags.get_mut(position) {
        *flag |= value;
    }
}

/// Whether a name matches a pattern.
pub(in super::super) fn matches(pattern: &str, name: &str) -> bool {
    // A bucket's name holds neither `*` nor `?`, so it is a pattern for itself alone.
    overlap(pattern, name)
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[track_caller]
    fn check(one: &str, other: &str, expected: bool) {
        assert_eq!(overlap(one, other), expected, "{one} {other}");
        assert_eq!(overlap(other, one), expected, "{other} {one}");
    }

    #[test]
    fn patterns_overlap_when_one_name_matches_both() {
        check("a", "a", true);
        check("a", "b", false);
        check("a*", "*b", true);
        check("a*", "b*", false);
        check("lake-*", "lake-raw", true);
        check("lake-*", "lake", false);
        check("lake-?", "lake-*", true);
        check("lake-?", "lake-xy", false);
        check("*", "anything", true);
        check("*a*", "*b*", true);
        check("a?c", "ab?", true);
        check("a*c", "a?d", false);
        check("**", "?", true);
    }
}
