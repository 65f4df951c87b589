//! The listener with a fixed principal: whatever a client presents there means nothing.

use super::kit::{Ask, World, delete, permit, verdict};
use crate::admission::{Auth, Run};
use crate::identity::Principal;

const LOCKED_TO_TIME: &str = r#"{"Effect":"Deny","Principal":"*","Action":"s3:DeleteObject",
    "Resource":"arn:aws:s3:::demo-aged/*","Condition":{"Null":{"s3:signatureAge":"false"}}}"#;

#[test]
fn presented_claims_are_no_facts_for_conditions() {
    let world = World::new().with_policy("demo-aged", LOCKED_TO_TIME);
    let plain = Ask::new("DELETE /demo-aged/key");
    let several = Ask::new("POST /demo-aged?delete").body(&delete(&["key"]));
    for ask in [plain, several] {
        let permit = permit(world.ask_fixed(&ask.signed("stranger")));
        let refused = match permit.run() {
            Run::DeleteObjects { refused, .. } => refused.len(),
            _ => 0,
        };
        assert_eq!(refused, 0, "{}", permit.method());
    }
}
