use super::*;
use proptest::prelude::*;

fn filed(prefixes: &[String]) -> Prefixes<usize> {
    let numbered = prefixes.iter().enumerate();
    numbered
        .map(|(at, prefix)| (prefix.as_str().into(), at))
        .collect()
}

proptest! {
    #[test]
    fn finds_exactly_what_begins_a_text(
        prefixes in prop::collection::vec("[abé]{0,4}", 0..12), text in "[abé]{0,6}"
    ) {
        let index = filed(&prefixes);
        let mut found: Vec<usize> = index.beginning(&text).flatten().copied().collect();
        found.sort_unstable();
        let begins = |at: &usize| text.starts_with(&prefixes[*at]);
        let wanted: Vec<usize> = (0..prefixes.len()).filter(begins).collect();
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn the_shortest_find_what_all_find(
        prefixes in prop::collection::vec("[ab]{0,4}", 0..8), text in "[ab]{0,6}"
    ) {
        let all: Vec<&str> = prefixes.iter().map(String::as_str).collect();
        let begins = |some: &[&str]| some.iter().filter(|prefix| text.starts_with(**prefix)).count();
        prop_assert_eq!(begins(&shortest(all.clone())), usize::from(begins(&all) > 0));
    }
}

#[test]
fn longer_prefixes_come_first_and_items_keep_their_order() {
    let index = filed(&["a", "", "ab", "a", "b"].map(String::from));
    let found: Vec<&[usize]> = index.beginning("abc").collect();
    assert_eq!(found, [&[2][..], &[0, 3], &[1]]);
    assert_eq!(index.iter().count(), 5);
    assert_eq!(Prefixes::<u8>::default().beginning("a").count(), 0);
}
