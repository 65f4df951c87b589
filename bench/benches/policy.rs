//! What one decision costs by the policies it is made on, beside two other engines.
//!
//! `cargo bench -p portcullis-bench --features peers --bench policy` (without the feature: ours alone). Compare ratios
//! on one machine; the numbers of two machines say nothing of each other.

#![expect(clippy::unwrap_used, reason = "a bench may panic")]

#[path = "policy/adversary.rs"]
mod adversary;
#[cfg(feature = "peers")]
#[path = "policy/peers.rs"]
mod peers;
#[path = "policy/rules.rs"]
mod rules;
#[path = "policy/world.rs"]
mod world;

use criterion::Criterion;
use rules::{Asked, Rule};
use std::hint::black_box;
use world::World;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    compared(&mut criterion, "typical 10", &[rules::typical()]);
    compared(&mut criterion, "1000 statements", &rules::thousand());
    worst(&mut criterion);
    networks(&mut criterion);
    criterion.final_summary();
}

/// The same rules, in one or several documents of a caller, decided by each engine.
fn compared(criterion: &mut Criterion, name: &str, documents: &[Vec<Rule>]) {
    let mut group = criterion.benchmark_group(name);
    let asked = Asked::usual();
    let texts: Vec<String> = documents.iter().map(|rules| rules::as_aws(rules)).collect();
    let world = World::of_caller(&texts);
    assert!(world.allows(&asked));
    group.bench_function("portcullis", |bencher| {
        world.with(&asked, |decide| bencher.iter(|| black_box(decide())));
    });
    #[cfg(feature = "peers")]
    {
        let all: Vec<Rule> = documents.concat();
        let cedar = peers::Cedar::new(&all);
        assert!(cedar.allows(&asked));
        group.bench_function("cedar-policy", |bencher| {
            bencher.iter(|| black_box(cedar.allows(black_box(&asked))));
        });
        let mut regorus = peers::Regorus::new(&all);
        assert!(regorus.allows(&asked));
        group.bench_function("regorus", |bencher| {
            bencher.iter(|| black_box(regorus.allows(black_box(&asked))));
        });
    }
    group.finish();
}

/// Each of the worst policies that the generator knows, full to 20 KB.
fn worst(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("worst 20 KB");
    for case in adversary::cases() {
        let world = World::of_bucket(&case.policy);
        group.bench_function(case.name, |bencher| {
            world.with(&case.asked, |decide| bencher.iter(|| black_box(decide())));
        });
    }
    group.finish();
}

fn networks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("500 networks");
    let world = World::of_caller(&[rules::networks(500)]);
    let asked = Asked::usual();
    assert!(world.allows(&asked));
    group.bench_function("portcullis", |bencher| {
        world.with(&asked, |decide| bencher.iter(|| black_box(decide())));
    });
    group.finish();
}
