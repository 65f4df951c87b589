//! Keeps what is known of upstreams fresh.

use super::Gateway;
use super::snapshot::Snapshot;
use crate::admin::Check;
use crate::record::metrics::UpstreamMetrics;
use crate::upstream::Upstream;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How often readiness and the expiry of credentials are looked at.
const HEARTBEAT: Duration = Duration::from_secs(1);

impl Gateway {
    /// Keeps credentials and addresses of upstreams fresh, and says in readiness what is missing; of those in `before` that
    /// is done already.
    pub(super) fn watch_upstreams(self: &Arc<Self>, before: Option<&Snapshot>) {
        let snapshot = self.snapshot.load_full();
        for target in before.iter().flat_map(|before| before.upstreams.iter()) {
            if snapshot.upstreams.iter().all(|now| now.name != target.name) {
                self.readiness.forget(&check_name(&target.name));
            }
        }
        for target in snapshot.upstreams.iter() {
            if before.is_some_and(|before| before.has(&target.upstream)) {
                // Its settings say where its credentials come from; what they are may have changed with the files.
                target.upstream.credentials().fetch_soon();
                continue;
            }
            target.upstream.spawn();
            let check = self.readiness.check(&check_name(&target.name));
            let upstream = Arc::downgrade(&target.upstream);
            let metrics = target.metrics.clone();
            tokio::spawn(report(Arc::downgrade(self), upstream, metrics, check));
        }
    }
}

fn check_name(upstream: &str) -> String {
    format!("upstreams.{upstream}")
}

/// Ends with the upstream's place in the configuration, however long a kept exchange holds on to it.
async fn report(
    gateway: Weak<Gateway>,
    upstream: Weak<Upstream>,
    metrics: Arc<UpstreamMetrics>,
    check: Check,
) {
    while let (Some(gateway), Some(upstream)) = (gateway.upgrade(), upstream.upgrade()) {
        if !gateway.snapshot.load().has(&upstream) {
            return;
        }
        match upstream.access() {
            Ok(_) => check.ok(),
            Err(missing) => check.fail(missing.to_string()),
        }
        metrics.credentials_expire(upstream.credentials().expires());
        drop((gateway, upstream));
        tokio::time::sleep(HEARTBEAT).await;
    }
}
