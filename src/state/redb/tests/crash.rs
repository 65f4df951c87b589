//! A loss of power at any moment: what was acknowledged is there, and nothing by halves.

use super::shim::{Chance, Disk};
use super::*;

const STEPS: usize = 100;
const ROUNDS: usize = 150;

/// A store as it is found with this file, and nothing beside it.
fn found_in(image: Vec<u8>) -> (tempfile::TempDir, RedbStore) {
    let (directory, path) = place();
    std::fs::write(&path, image).unwrap();
    let store = RedbStore::open(&path).unwrap();
    (directory, store)
}

#[tokio::test]
async fn what_was_acknowledged_before_a_loss_of_power_is_there_and_nothing_by_halves() {
    let (_directory, path) = place();
    let disk = Disk::new();
    let store = disk.open(&path);
    let mut open = kill::Open::default();
    let mut expected = vec![kill::after(0).await];
    for number in 0..STEPS {
        kill::step(&store, &mut open, number).await;
        disk.acknowledged(number + 1);
        expected.push(kill::after(number + 1).await);
    }
    drop(store);
    let mut chance = Chance::of_seed(7);
    for _ in 0..ROUNDS {
        let moment = chance.below(disk.moments() + 1);
        let (image, told) = disk.after_power_loss(moment, &mut chance);
        let (_directory, store) = found_in(image);
        let found = kill::found(&store).await;
        let next = expected.get(told + 1);
        assert!(
            found == expected[told] || Some(&found) == next,
            "at moment {moment}, after {told} changes: {found:#?}\nis neither {:#?}\nnor {next:#?}",
            expected[told]
        );
    }
}

#[tokio::test]
async fn a_loss_of_power_while_the_third_format_is_taken_over_loses_nothing() {
    let (_directory, path) = place();
    third::third_format(&path);
    let disk = Disk::new();
    let store = disk.open(&path);
    let truth = (store.buckets(), store.unresolved_intents());
    assert_eq!((truth.0.len(), truth.1.len()), (1, 1));
    drop(store);
    let mut chance = Chance::of_seed(7);
    for moment in 0..=disk.moments() {
        let (image, _) = disk.after_power_loss(moment, &mut chance);
        let (_directory, store) = found_in(image);
        let found = (store.buckets(), store.unresolved_intents());
        assert_eq!(found, truth, "at {moment}");
        let found = store.object(&third::object(), Some("1")).await.unwrap();
        assert_eq!(found, [Some(third::record())]);
    }
}

#[tokio::test]
async fn a_loss_of_power_while_a_format_is_taken_over_loses_nothing() {
    let (_directory, path) = place();
    formats::second_format(&path);
    let disk = Disk::new();
    let store = disk.open(&path);
    let truth = (store.buckets(), store.accounts());
    assert_eq!(truth.0.len(), 1);
    drop(store);
    let mut chance = Chance::of_seed(7);
    for moment in 0..=disk.moments() {
        let (image, _) = disk.after_power_loss(moment, &mut chance);
        let (_directory, store) = found_in(image);
        assert_eq!((store.buckets(), store.accounts()), truth, "at {moment}");
        assert_eq!(store.unresolved_intents(), []);
    }
}
