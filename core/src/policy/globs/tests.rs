use super::*;
use crate::context::FixedContext;
use crate::policy::glob::{Variables, Wildcards};
use proptest::prelude::*;

fn read(patterns: &[String]) -> Vec<Glob> {
    let glob = |text: &String| Glob::parse(text, Wildcards::Match, Variables::Substitute).unwrap();
    patterns.iter().map(glob).collect()
}

proptest! {
    #[test]
    fn a_list_matches_what_one_of_its_patterns_matches(
        patterns in prop::collection::vec("[abé]{0,2}[*][ab?*é]{0,3}[aé][*?b]{0,3}", 1..100),
        texts in prop::collection::vec("[abcé]{0,12}", 1..20),
    ) {
        let list: Globs = read(&patterns).into_iter().collect();
        for text in &texts {
            let one = read(&patterns).iter().any(|glob| glob.matches_text(text));
            let all = list.match_any(&Subject::of(text), &FixedContext::default());
            prop_assert_eq!(all, Truth::from(one), "{}", text);
        }
    }

    #[test]
    fn an_automaton_matches_what_one_of_its_patterns_matches(
        patterns in prop::collection::vec("[ab?*é]{0,8}", 1..40), text in "[abcé]{0,12}",
    ) {
        let globs = read(&patterns);
        let one = globs.iter().any(|glob| glob.matches_text(&text));
        prop_assert_eq!(Automaton::of(&globs).unwrap().matches(&text), one);
    }
}

#[test]
fn a_long_list_with_a_variable_is_matched_one_by_one() {
    let mut patterns: Vec<String> = (0..100).map(|at| format!("*{at}-*")).collect();
    patterns.push("*${aws:username}*".into());
    let list: Globs = read(&patterns).into_iter().collect();
    let context = FixedContext::default().with(crate::context::Key::Username, "alice");
    let check = |text| list.match_any(&Subject::of(text), &context);
    assert_eq!(check("x 99- x"), Truth::Yes);
    assert_eq!(check("x alice x"), Truth::Yes);
    assert_eq!(check("x 99 bob x"), Truth::No);
}

#[test]
fn only_many_patterns_are_looked_for_at_once() {
    for (count, at_once) in [(MANY - 1, false), (MANY, true)] {
        let sought: Vec<String> = (0..count).map(|at| format!("*{at}x*")).collect();
        let groups = groups(read(&sought));
        let found = groups
            .iter()
            .any(|group| matches!(group, Group::AtOnce(..)));
        assert_eq!(found, at_once, "{count}");
    }
}
