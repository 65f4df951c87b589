use super::*;
use bytes::Bytes;
use jiff::SignedDuration;
use std::io::{self, Write};
use std::sync::Arc;
use tracing_subscriber::fmt::MakeWriter;

const START: &str = "2026-03-04T05:06:07Z";

/// Hours after the first look.
fn hour(number: i64) -> Timestamp {
    let start: Timestamp = START.parse().unwrap();
    start + SignedDuration::from_hours(number)
}

/// What was logged as an error.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A gateway's clock, its metric and its log.
struct World {
    clock: LockClock,
    frozen: IntGauge,
    lines: Lines,
}

impl World {
    /// After a start with this record at this hour.
    fn start(record: Option<Vec<u8>>, at: i64) -> Self {
        let frozen = IntGauge::new("frozen", "x").unwrap();
        let mut notes = Notes::new();
        notes.extend(record.map(|record| (Note::LockClock, Bytes::from(record))));
        let lines = Lines::default();
        let clock = logged(&lines, || LockClock::of(&notes, hour(at), frozen.clone()));
        Self {
            clock,
            frozen,
            lines,
        }
    }

    /// Until when is released, in hours, at a look at this hour.
    fn released(&self, at: i64) -> i64 {
        let time = logged(&self.lines, || self.clock.now(hour(at)));
        assert!(time.latest() >= hour(at), "a new retention counts from it");
        time.release().duration_since(hour(0)).as_hours()
    }

    fn is_frozen(&self) -> bool {
        let frozen = self.clock.state() != ClockState::Running;
        assert_eq!(self.frozen.get() == 1, frozen, "the metric");
        frozen
    }

    /// The lines that were logged since this was asked last.
    fn logged(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.lines.0.lock().unwrap());
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

fn logged<T>(lines: &Lines, act: impl FnOnce() -> T) -> T {
    let subscriber = tracing_subscriber::fmt()
        .with_writer(lines.clone())
        .with_ansi(false)
        .finish();
    tracing::subscriber::with_default(subscriber, act)
}

#[track_caller]
fn says_once(world: &World, part: &str) {
    let lines = world.logged();
    let [line] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    assert!(line.contains("ERROR") && line.contains(part), "{line}");
}

#[test]
fn without_a_record_it_begins_at_the_wall_clock() {
    let world = World::start(None, 0);
    assert_eq!(world.released(0), 0);
    assert!(!world.is_frozen());
    assert!(world.logged().is_empty());
}

#[test]
fn t36_after_a_restart_with_a_clock_that_went_back_nothing_is_released_again_earlier() {
    let before = World::start(None, 0);
    assert_eq!(before.released(20), 20);
    let world = World::start(Some(before.clock.record()), 3);
    assert_eq!(world.released(3), 20, "it goes on from there");
    assert_eq!(world.released(-500), 20);
    assert_eq!(world.released(21), 21);
    assert!(!world.is_frozen());
}

#[test]
fn t36_a_record_that_cannot_be_read_releases_nothing() {
    let whole = World::start(None, 0).clock.record();
    let rotten: Vec<u8> = String::from_utf8(whole.clone())
        .unwrap()
        .replace("2026", "2027")
        .into();
    let newer = String::from_utf8(whole.clone())
        .unwrap()
        .replace(r#""version":"1""#, r#""version":"2""#);
    let cut = whole[..whole.len() / 2].to_vec();
    for record in [Vec::new(), b"x".to_vec(), cut, rotten, newer.into()] {
        let world = World::start(Some(record), 0);
        let lines = world.logged();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("what is on record of the time of locks is lost"));
        assert!(
            lines[1].contains("no lock is released any more"),
            "{lines:?}"
        );
        assert!(world.is_frozen());
        let release = world.clock.now(hour(1)).release();
        assert_eq!(release, Timestamp::MIN);
        let again = World::start(Some(world.clock.record()), 1);
        assert!(again.is_frozen(), "a restart does not help");
    }
}

#[test]
fn t36_a_jump_beyond_the_bound_freezes_once_and_is_told_once() {
    let world = World::start(None, 0);
    assert_eq!(world.released(24), 24, "the bound itself");
    assert!(!world.is_frozen());
    for at in [25, 26, 1000, 24] {
        assert_eq!(world.released(at), 24);
        assert!(world.is_frozen());
    }
    says_once(&world, "the clock jumped to 2026-03-05T06:06:07Z");
}

#[test]
fn t36_steps_within_the_bound_are_taken_together() {
    let world = World::start(None, 0);
    assert_eq!(world.released(12), 12);
    assert_eq!(world.released(24), 24);
    assert_eq!(world.released(25), 24, "no time has passed");
    assert!(world.is_frozen());
}

#[test]
fn t36_what_is_frozen_stays_so_over_a_restart_until_an_operator_has_looked() {
    let before = World::start(None, 0);
    before.released(30);
    let world = World::start(Some(before.clock.record()), 1);
    says_once(&world, "no lock is released any more");
    assert!(world.is_frozen());
    assert_eq!(world.released(1), 0);
    logged(&world.lines, || world.clock.acknowledge(hour(30)));
    assert!(!world.is_frozen());
    assert_eq!(world.released(30), 30);
    assert!(world.logged().is_empty());
    let after = World::start(Some(world.clock.record()), 31);
    assert!(!after.is_frozen());
    assert_eq!(after.released(31), 31);
}

#[test]
fn an_acknowledgement_of_a_clock_that_runs_changes_nothing() {
    let world = World::start(None, 0);
    world.clock.acknowledge(hour(500));
    assert_eq!(world.released(1), 1);
    assert!(!world.is_frozen());
}

#[test]
fn t36_a_machine_that_was_off_for_up_to_a_day_goes_on_and_else_waits() {
    let kept = World::start(None, 0).clock.record();
    let world = World::start(Some(kept.clone()), 24);
    assert_eq!(world.released(24), 24);
    assert!(!world.is_frozen());
    assert!(world.logged().is_empty());
    // Each night anew.
    let next = World::start(Some(world.clock.record()), 48);
    assert_eq!(next.released(48), 48);
    let long = World::start(Some(kept), 25);
    assert_eq!(long.released(25), 0);
    assert!(long.is_frozen());
    says_once(&long, "the clock jumped to");
}
