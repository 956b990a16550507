//! What one request pays for being chosen for and for being counted.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use onwards::choose::{
    Candidate, LeastBusy, LowestLatency, Priority, RoundRobin, Sticky, Strategy, WeightedRandom,
    next,
};
use onwards::live::{
    Cap, Cooldown, HealthSettings, LimitSettings, Limits, Provider, ProviderSettings, Rate,
    RateBucket,
};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::time::Instant;

fn candidates(count: usize) -> Vec<Candidate> {
    let candidate = |index: usize| Candidate {
        index,
        weight: index as u32 % 5 + 1,
        factor: 1.0,
        in_flight: index as u32 * 7 % 13,
        latency: Some(0.1 + index as f32 / 100.0),
        cost: None,
        identity: (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
    };
    (0..count).map(candidate).collect()
}

fn choosing(criterion: &mut Criterion) {
    let all = candidates(100);
    let round = RoundRobin::new(all.iter().map(|one| (Arc::default(), one.weight)));
    let strategies: [(&str, &dyn Strategy); 6] = [
        ("weighted_random", &WeightedRandom),
        ("priority", &Priority),
        ("round_robin", &round),
        ("least_busy", &LeastBusy),
        ("lowest_latency", &LowestLatency),
        ("sticky", &Sticky),
    ];
    let mut rng = SmallRng::seed_from_u64(1);
    for (name, strategy) in strategies {
        let mut group = criterion.benchmark_group(name);
        for count in [1, 2, 8, 100] {
            group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
                let mut key = 0;
                bencher.iter(|| {
                    key += 1;
                    next(strategy, black_box(&all[..count]), key, &mut rng)
                });
            });
        }
    }
}

fn limiting(criterion: &mut Criterion) {
    let rate = Rate { per_second: 1e9, burst: u32::MAX };
    let (bucket, empty) =
        (RateBucket::new(rate), RateBucket::new(Rate { per_second: 1e-6, burst: 1 }));
    let _ = empty.take();
    criterion.bench_function("bucket/take", |bencher| bencher.iter(|| bucket.take()));
    criterion.bench_function("bucket/refuse", |bencher| bencher.iter(|| empty.take()));
    let cap = Arc::new(Cap::default());
    criterion.bench_function("cap/acquire and release", |bencher| {
        bencher.iter(|| drop(black_box(cap.try_acquire(Some(8)))));
    });
    let limits = Limits::new(LimitSettings::of_requests(Some(rate), Some(8)));
    criterion.bench_function("limits/admit and release", |bencher| {
        bencher.iter(|| drop(black_box(limits.admit())));
    });
}

fn health(criterion: &mut Criterion) {
    let health = HealthSettings { cooldown: Some(Cooldown::default()), probing: None };
    let mut settings = ProviderSettings::default();
    settings.health = health;
    let provider = Arc::new(Provider::new(1, settings));
    let now = Instant::now();
    criterion.bench_function("health/all well", |bencher| {
        bencher.iter(|| black_box(&provider).state(now))
    });
    criterion.bench_function("health/enter and succeed", |bencher| {
        bencher.iter(|| provider.enter(now).map(|entry| entry.succeeded(now)));
    });
    criterion.bench_function("latency/observe and read", |bencher| {
        bencher.iter(|| {
            provider.latency().observe(std::time::Duration::from_millis(100), now);
            provider.latency().seconds(now)
        });
    });
}

criterion_group!(benches, choosing, limiting, health);
criterion_main!(benches);
