//! "Did you mean": the name closest to one that is not known.

/// The candidate closest to a misspelled name, if one is close enough to be meant. Case does not count.
pub fn suggest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let name = name.to_lowercase();
    let allowed = (name.chars().count() / 4).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (distance(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `; did you mean …` for the end of a message, or nothing.
pub fn did_you_mean<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> String {
    suggest(name, candidates).map_or(String::new(), |candidate| {
        format!(", did you mean `{candidate}`?")
    })
}

/// Characters to insert, delete or replace to get from one text to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, wanted) in from.chars().enumerate() {
        let mut next = vec![index + 1];
        for ((above, diagonal), found) in row.iter().skip(1).zip(&row).zip(&to) {
            let left = next.last().copied().unwrap_or(0);
            let replaced = diagonal + usize::from(wanted != *found);
            next.push(replaced.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
