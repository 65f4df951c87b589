use super::*;
use http::{HeaderMap, StatusCode};

const POLICY: Asked = Asked::Setting(SettingKind::Policy);
const CORS: Asked = Asked::Setting(SettingKind::Cors);
const OWNERSHIP: Asked = Asked::Setting(SettingKind::Ownership);
const ACL: Asked = Asked::Setting(SettingKind::Acl);

fn said(asked: Asked, status: u16, body: &str) -> There {
    let answer = UpstreamAnswer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.to_owned().into(),
    };
    judge(asked, &BucketName::parse("lake").unwrap(), "rgw", &answer)
}

fn error(code: &str) -> String {
    format!("<Error><Code>{code}</Code></Error>")
}

#[test]
fn what_is_not_set_is_nothing() {
    for code in NONE {
        assert_eq!(said(POLICY, 404, &error(code)), There::Nothing, "{code}");
    }
    assert!(matches!(
        said(POLICY, 404, &error("NoSuchBucket")),
        There::Failed(_)
    ));
    assert!(matches!(
        said(POLICY, 404, &error("Other")),
        There::Unknown(_)
    ));
    assert!(matches!(said(POLICY, 404, "gone"), There::Unknown(_)));
}

#[test]
fn who_refuses_the_key_or_fails_is_told_from_who_lacks_the_setting() {
    assert!(matches!(
        said(CORS, 501, &error("NotImplemented")),
        There::Lacking(_)
    ));
    assert!(matches!(
        said(CORS, 400, &error("NotImplemented")),
        There::Lacking(_)
    ));
    assert!(matches!(said(CORS, 405, ""), There::Lacking(_)));
    assert!(
        matches!(said(CORS, 403, &error("AccessDenied")), There::Unknown(why) if why.contains("upstreams.rgw.credentials"))
    );
    assert!(matches!(
        said(CORS, 500, &error("InternalError")),
        There::Failed(_)
    ));
    assert!(matches!(said(CORS, 503, "busy"), There::Failed(_)));
}

#[test]
fn what_a_store_says_instead_of_a_setting_is_not_taken_for_one() {
    let listing = "<ListBucketResult><Name>lake</Name></ListBucketResult>";
    for asked in [
        CORS,
        OWNERSHIP,
        ACL,
        Asked::Setting(SettingKind::PublicAccessBlock),
    ] {
        assert!(
            matches!(said(asked, 200, listing), There::Lost(_)),
            "{asked:?}"
        );
    }
    assert_eq!(said(Asked::Locks, 200, listing), There::Nothing);
}

#[test]
fn an_acl_that_grants_to_others_is_named() {
    let id = "ab".repeat(32);
    let acl = |grants: &str| {
        format!(
            "<AccessControlPolicy><Owner><ID>{id}</ID></Owner><AccessControlList>\
            <Grant><Grantee><ID>{id}</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>{grants}\
            </AccessControlList></AccessControlPolicy>"
        )
    };
    let everyone = "<Grant><Grantee><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>";
    assert_eq!(said(ACL, 200, &acl("")), There::Nothing);
    assert!(
        matches!(said(ACL, 200, &acl(everyone)), There::Lost(why) if why.ends_with("Read to everyone"))
    );
}

#[test]
fn ownership_under_which_acls_count_is_carried_with_a_word() {
    let controls = |name: &str| {
        format!(
            "<OwnershipControls><Rule><ObjectOwnership>{name}</ObjectOwnership></Rule></OwnershipControls>"
        )
    };
    assert!(matches!(
        said(OWNERSHIP, 200, &controls("BucketOwnerEnforced")),
        There::Text(_)
    ));
    assert!(matches!(
        said(OWNERSHIP, 200, &controls("ObjectWriter")),
        There::But(..)
    ));
}

#[test]
fn object_lock_is_carried_over_where_it_is_on() {
    let on = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
    assert!(matches!(said(Asked::Locks, 200, on), There::Text(_)));
    assert_eq!(
        said(Asked::Locks, 200, "<ObjectLockConfiguration/>"),
        There::Nothing
    );
}
