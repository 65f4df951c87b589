//! An ACL as a file has it, in the form of the aws cli's `--access-control-policy`.
//! <https://docs.aws.amazon.com/cli/latest/reference/s3api/put-bucket-acl.html>

use super::names::{Written, canonical_id, group, permission, permission_name, written};
use super::{Acl, MOST_GRANTS, to};
use crate::document::{Node, Problem, Value};
use crate::policy::{Grant, Grantee};
use serde_json::{Value as Json, json};

impl Acl {
    /// Reads `{"Owner": {"ID": …}, "Grants": [{"Grantee": {"Type": "Group", "URI": …}, "Permission": "READ"}]}`, as
    /// `get-bucket-acl` prints it. The owner may be left out: a bucket's ACL is always its owner's.
    ///
    /// # Errors
    /// Every problem.
    pub fn parse_json(root: &Node) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let acl = read(root, &mut problems);
        match problems.is_empty() {
            true => Ok(acl),
            false => Err(problems),
        }
    }

    /// What [`Acl::parse_json`] reads back to the same.
    pub fn to_json(&self) -> Json {
        let grants: Json = self.grants.iter().map(shown).collect();
        match &*self.owner {
            "" => json!({ "Grants": grants }),
            owner => json!({ "Owner": { "ID": owner }, "Grants": grants }),
        }
    }
}

fn shown(grant: &Grant) -> Json {
    let grantee = match written(&grant.grantee) {
        Written::Id(id) => json!({ "Type": "CanonicalUser", "ID": id }),
        Written::Uri(uri) => json!({ "Type": "Group", "URI": uri }),
    };
    json!({ "Grantee": grantee, "Permission": permission_name(grant.permission) })
}

fn read(root: &Node, problems: &mut Vec<Problem>) -> Acl {
    only(root, &["Owner", "Grants"], problems);
    let owner = root.get("Owner").and_then(|owner| {
        only(owner, &["ID", "DisplayName"], problems);
        let id = owner.get("ID")?;
        let known = id.text().and_then(canonical_id);
        known.or_else(|| complain(id, "a canonical id is 64 hexadecimal digits", problems))
    });
    let nodes = match root.get("Grants").map(|grants| (grants, &grants.value)) {
        Some((grants, Value::List(nodes))) if nodes.len() > MOST_GRANTS => {
            complain(grants, "an ACL has at most 100 grants", problems).unwrap_or_default()
        }
        Some((_, Value::List(nodes))) => nodes.as_slice(),
        Some((other, _)) => complain(other, "`Grants` is a list", problems).unwrap_or_default(),
        None => complain(root, "`Grants` is missing", problems).unwrap_or_default(),
    };
    Acl {
        owner: owner.unwrap_or_default(),
        grants: nodes
            .iter()
            .filter_map(|node| grant(node, problems))
            .collect(),
    }
}

fn grant(node: &Node, problems: &mut Vec<Problem>) -> Option<Grant> {
    only(node, &["Grantee", "Permission"], problems);
    let grantee = match node.get("Grantee") {
        Some(found) => grantee(found, problems),
        None => complain(node, "a grant has a `Grantee`", problems),
    };
    let name = node.get("Permission");
    let permission = name.and_then(Node::text).and_then(permission).or_else(|| {
        let message = "`Permission` is `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP` or `FULL_CONTROL`";
        complain(name.unwrap_or(node), message, problems)
    });
    Some(to(grantee?, permission?))
}

fn grantee(node: &Node, problems: &mut Vec<Problem>) -> Option<Grantee> {
    only(node, &["Type", "ID", "URI", "DisplayName"], problems);
    let text = |name| node.get(name).and_then(Node::text);
    match (text("Type"), text("ID"), text("URI")) {
        (None | Some("CanonicalUser"), Some(id), None) => canonical_id(id)
            .map(Grantee::CanonicalUser)
            .or_else(|| complain(node, "a canonical id is 64 hexadecimal digits", problems)),
        (None | Some("Group"), None, Some(uri)) => {
            group(uri).or_else(|| complain(node, "no such group", problems))
        }
        _ => {
            let message = "a grantee is a `CanonicalUser` with an `ID` or a `Group` with a `URI`";
            complain(node, message, problems)
        }
    }
}

fn only(node: &Node, names: &[&str], problems: &mut Vec<Problem>) {
    let Value::Map(entries) = &node.value else {
        problems.push(Problem::new(
            node.at,
            format!("not {}: an object", node.kind()),
        ));
        return;
    };
    for entry in entries {
        if !names.contains(&entry.name.as_str()) {
            problems.push(Problem::new(
                entry.at,
                format!("unknown member `{}`", entry.name),
            ));
        }
    }
}

fn complain<T>(node: &Node, message: &str, problems: &mut Vec<Problem>) -> Option<T> {
    problems.push(Problem::new(node.at, message.to_owned()));
    None
}

#[cfg(test)]
mod tests;
