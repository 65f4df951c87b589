//! What an organization lays over its accounts: service control over the callers of a member account, resource
//! control over what belongs to one. Neither grants.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>

use super::statements::{self, Layer, list};
use super::{Trace, account, principals};
use serde_json::Value;

/// Whether some policy of the organization denies, at whichever level it is attached.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html#how_scps_deny>
pub(super) fn denies(case: &Value, trace: &mut Trace) -> bool {
    let service = service_control_denies(case, trace);
    let resource = resource_control_denies(case, trace);
    service || resource
}

/// Whether each level on the way from the root over the units to the account allows. A level to which nothing is
/// attached allows nothing.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html#how_scps_allow>
pub(super) fn leaves_open(case: &Value, trace: &mut Trace) -> bool {
    if !under_service_control(case) {
        return true;
    }
    let mut open = true;
    for level in levels(case) {
        let allows = says("Allow", list(level), Layer::ServiceControl, case, trace);
        trace.count(format!("service control: a level allows {allows}"));
        open &= allows;
    }
    open
}

fn service_control_denies(case: &Value, trace: &mut Trace) -> bool {
    if !under_service_control(case) {
        if !levels(case).is_empty() {
            trace.count("service control: does not bind the caller");
        }
        return false;
    }
    let mut denied = false;
    for level in levels(case) {
        denied |= says("Deny", list(level), Layer::ServiceControl, case, trace);
    }
    if denied {
        trace.count("layer that denies: ServiceControl");
    }
    denied
}

/// Beside each resource control policy stands `RCPFullAWSAccess`, which cannot be detached: what is not denied stays
/// open. It binds whoever reaches the resource, from whatever account or from none.
fn resource_control_denies(case: &Value, trace: &mut Trace) -> bool {
    let attached = list(&case["resource_control_policies"]);
    if is_service_linked_role(case) {
        if !attached.is_empty() {
            trace.count("resource control: does not bind the caller");
        }
        return false;
    }
    let denied = says("Deny", attached, Layer::Guardrail, case, trace);
    if denied {
        trace.count("layer that denies: Guardrail");
    }
    denied
}

fn levels(case: &Value) -> &[Value] {
    list(&case["service_control_policies"])
}

/// Service control is over the principals of a member account, its root user among them; a service and an anonymous
/// caller belong to none. Service-linked roles are left alone.
fn under_service_control(case: &Value) -> bool {
    !account(case).is_empty() && !is_service_linked_role(case)
}

/// The path of such a role is `/aws-service-role/SERVICE/`, which no other role can have.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
fn is_service_linked_role(case: &Value) -> bool {
    let resource = principals::principal_arn(case).splitn(6, ':').nth(5);
    resource.is_some_and(|resource| resource.starts_with("role/aws-service-role/"))
}

fn says(effect: &str, documents: &[Value], layer: Layer, case: &Value, trace: &mut Trace) -> bool {
    let mut said = false;
    for document in documents {
        said |= statements::any(document, effect, layer, case, trace);
    }
    said
}
