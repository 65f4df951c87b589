//! Settings: documents, what they bring in, and those the gateway will answer itself.

use super::kit::{Ask, World, sent, verdict};
use crate::admission::Run;
use crate::s3::operations::{AnsweredBy, OPERATIONS, PayloadKind};

/// Action, resource and whether it was allowed, of everything that was asked.
fn asked(world: &World, ask: &Ask) -> Vec<(&'static str, String, bool)> {
    let labels = world.ask(ask).labels;
    let each = labels.permissions.iter();
    each.map(|asked| (asked.action, asked.resource.arn(), asked.allowed))
        .collect()
}

#[test]
fn what_the_gateway_will_answer_is_decided_first() {
    let world = World::new();
    let rows = OPERATIONS.iter();
    let own = rows.filter(|row| row.answered_by == AnsweredBy::Later);
    for row in own {
        let ask = Ask::of(row, "acme-private", "key");
        let allowed = world.refusal(&ask.clone().signed("admin"));
        assert_eq!(allowed.code.name(), "NotImplemented", "{}", row.name);
        assert_eq!(allowed.message, format!("{} is not implemented.", row.name));
        let admission = world.ask(&ask.signed("nobody"));
        assert_eq!(verdict(&admission), "AccessDenied", "{}", row.name);
        assert_eq!(admission.labels.permissions.len(), 1, "{}", row.name);
    }
}

#[test]
fn what_is_nobodys_is_refused_to_all_without_asking() {
    let world = World::new();
    let rows = OPERATIONS.iter();
    for row in rows.filter(|row| row.answered_by == AnsweredBy::Nobody) {
        for ask in [
            Ask::of(row, "acme-open", "key"),
            Ask::of(row, "acme-open", "key").signed("root"),
        ] {
            let admission = world.ask(&ask);
            assert_eq!(verdict(&admission), "NotImplemented", "{}", row.name);
            assert!(admission.labels.permissions.is_empty(), "{}", row.name);
        }
    }
}

#[test]
fn a_replication_passes_its_role_on() {
    let world = World::new();
    let replicate = |role: &str| {
        let document = format!(
            "<ReplicationConfiguration><Role>{role}</Role><Rule/></ReplicationConfiguration>"
        );
        Ask::new("PUT /acme-private?replication").document(&document)
    };
    let copier = |role: &str| verdict(&world.ask(&replicate(role).signed("copier")));
    let own = "arn:aws:iam::111111111111:role/copy-a";
    assert_eq!(copier(own), "pass");
    assert_eq!(
        copier("arn:aws:iam::111111111111:role/service/copy-a"),
        "AccessDenied"
    );
    assert_eq!(
        copier("arn:aws:iam::111111111111:role/admin"),
        "AccessDenied"
    );
    // A role of another account is not the caller's to pass, whatever the caller's policy says.
    assert_eq!(
        copier("arn:aws:iam::222222222222:role/copy-a"),
        "AccessDenied"
    );
    for none in [
        "arn:aws:iam::111111111111:user/copy-a",
        "arn:aws:iam:::role/copy-a",
        "arn:aws:s3:::copy-a/:role/",
        "copy-a",
        "",
    ] {
        assert_eq!(copier(none), "InvalidArgument", "{none}");
    }
    let expected = [
        (
            "s3:PutReplicationConfiguration",
            "arn:aws:s3:::acme-private".to_owned(),
            true,
        ),
        ("iam:PassRole", own.to_owned(), true),
    ];
    assert_eq!(asked(&world, &replicate(own).signed("copier")), expected);
    // All of S3 is not enough.
    let shared = replicate(own).signed("partner");
    assert_eq!(verdict(&world.ask(&shared)), "AccessDenied");
}

#[test]
fn metadata_tables_take_permissions_on_their_bucket() {
    let world = World::new();
    let update = |inside: &str| {
        let document =
            format!("<InventoryTableConfiguration>{inside}</InventoryTableConfiguration>");
        let ask = Ask::new("PUT /acme-private?metadataInventoryTable").document(&document);
        asked(&world, &ask.signed("admin"))
    };
    let off = update("<ConfigurationState>DISABLED</ConfigurationState>");
    assert_eq!(off.len(), 1);
    let on = update("<ConfigurationState>ENABLED</ConfigurationState><EncryptionConfiguration/>");
    let tables = "arn:aws:s3tables:eu-central-1:111111111111:bucket/aws-s3";
    assert_eq!(on.len(), 7);
    assert!(
        on.iter()
            .skip(1)
            .all(|(_, resource, allowed)| resource == tables && *allowed)
    );
}

/// Whether a bucket policy with this one condition lets a request pass.
#[track_caller]
fn holds(condition: &str, ask: &Ask, expected: &str) {
    let statement = format!(
        r#"{{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::demo-if","arn:aws:s3:::demo-if/*"],
            "Condition":{condition}}}"#
    );
    let world = World::new().with_policy("demo-if", &statement);
    assert_eq!(verdict(&world.ask(ask)), expected, "{condition}");
}

fn tagging(path: &str, team: &str) -> Ask {
    let tag = format!("<Tag><Key>team</Key><Value>{team}</Value></Tag>");
    Ask::new(&format!("PUT {path}?tagging"))
        .document(&format!("<Tagging><TagSet>{tag}</TagSet></Tagging>"))
}

#[test]
fn tags_in_a_document_are_facts() {
    let object = r#"{"StringEquals":{"s3:RequestObjectTag/team":"a"}}"#;
    holds(object, &tagging("/demo-if/key", "a"), "pass");
    holds(object, &tagging("/demo-if/key", "b"), "AccessDenied");
    // A bucket's tags have keys of their own.
    holds(object, &tagging("/demo-if", "a"), "AccessDenied");
    let bucket = r#"{"StringEquals":{"aws:RequestTag/team":"a"}}"#;
    holds(bucket, &tagging("/demo-if", "a"), "pass");
    holds(bucket, &tagging("/demo-if", "b"), "AccessDenied");
    holds(bucket, &tagging("/demo-if/key", "a"), "AccessDenied");
    let keys = |key: &str| format!(r#"{{"ForAnyValue:StringEquals":{{"{key}":"team"}}}}"#);
    holds(
        &keys("s3:RequestObjectTagKeys"),
        &tagging("/demo-if/key", "a"),
        "pass",
    );
    holds(
        &keys("s3:RequestObjectTagKeys"),
        &tagging("/demo-if", "a"),
        "AccessDenied",
    );
    holds(&keys("aws:TagKeys"), &tagging("/demo-if", "a"), "pass");
    holds(
        &keys("aws:TagKeys"),
        &tagging("/demo-if/key", "a"),
        "AccessDenied",
    );
}

#[test]
fn the_words_of_other_documents_are_facts() {
    let inventory = |field: &str| {
        let fields = format!("<OptionalFields><Field>{field}</Field></OptionalFields>");
        let document = format!("<InventoryConfiguration>{fields}</InventoryConfiguration>");
        Ask::new("PUT /demo-if?inventory&id=a").body(&document)
    };
    let fields = r#"{"ForAllValues:StringEquals":{"s3:InventoryAccessibleOptionalFields":["Size"]},
        "Null":{"s3:InventoryAccessibleOptionalFields":"false"}}"#;
    holds(fields, &inventory("Size"), "pass");
    holds(fields, &inventory("ETag"), "AccessDenied");
    // What is allowed is refused because the bucket has no Object Lock.
    let retain = |until: &str| {
        let document = format!(
            "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>"
        );
        Ask::new("PUT /demo-if/key?retention").document(&document)
    };
    let days = r#"{"NumericLessThanEquals":{"s3:object-lock-remaining-retention-days":"30"}}"#;
    holds(days, &retain("2026-04-01T00:00:00Z"), "InvalidRequest");
    holds(days, &retain("2027-04-01T00:00:00Z"), "AccessDenied");
    let mode = r#"{"StringEquals":{"s3:object-lock-mode":"COMPLIANCE"}}"#;
    holds(mode, &retain("2026-04-01T00:00:00Z"), "AccessDenied");
    let hold = Ask::new("PUT /demo-if/key?legal-hold")
        .document("<LegalHold><Status>ON</Status></LegalHold>");
    let status =
        |status: &str| format!(r#"{{"StringEquals":{{"s3:object-lock-legal-hold":"{status}"}}}}"#);
    holds(&status("ON"), &hold, "InvalidRequest");
    holds(&status("OFF"), &hold, "AccessDenied");
}

#[test]
fn t20_a_version_takes_the_permission_for_versions() {
    let world = World::new();
    for (name, plain, version) in [
        (
            "GetObjectTagging",
            "s3:GetObjectTagging",
            "s3:GetObjectVersionTagging",
        ),
        (
            "PutObjectTagging",
            "s3:PutObjectTagging",
            "s3:PutObjectVersionTagging",
        ),
        (
            "DeleteObjectTagging",
            "s3:DeleteObjectTagging",
            "s3:DeleteObjectVersionTagging",
        ),
        ("GetObjectAcl", "s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
        ("PutObjectAcl", "s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
        (
            "GetObjectAttributes",
            "s3:GetObjectAttributes",
            "s3:GetObjectVersionAttributes",
        ),
        (
            "GetObjectAnnotation",
            "s3:GetObjectAnnotation",
            "s3:GetObjectVersionAnnotation",
        ),
        (
            "DeleteObjectAnnotation",
            "s3:DeleteObjectAnnotation",
            "s3:DeleteObjectVersionAnnotation",
        ),
        // These have no form for versions.
        (
            "GetObjectRetention",
            "s3:GetObjectRetention",
            "s3:GetObjectRetention",
        ),
        (
            "PutObjectLegalHold",
            "s3:PutObjectLegalHold",
            "s3:PutObjectLegalHold",
        ),
        ("RestoreObject", "s3:RestoreObject", "s3:RestoreObject"),
    ] {
        let row = OPERATIONS.iter().find(|row| row.name == name).unwrap();
        let ask = Ask::of(row, "acme-private", "key");
        let last = |ask: Ask| asked(&world, &ask.signed("admin")).pop().unwrap().0;
        assert_eq!(last(ask.clone()), plain);
        assert_eq!(last(ask.clone().query("versionId", "null")), version);
        assert_eq!(last(ask.query("versionId", "v")), version);
    }
}

#[test]
fn a_document_goes_on_as_it_came_with_a_digest_every_store_knows() {
    let world = World::new();
    let settings =
        |row: &&&crate::s3::operations::Operation| matches!(row.payload, PayloadKind::Settings(..));
    let rows: Vec<_> = sent().collect();
    for row in rows.iter().filter(settings) {
        let ask = Ask::of(row, "acme-open", "key");
        let document = ask.body.clone();
        let permit = world.permit(&ask.clone().signed("admin"));
        let (Run::Buffered(body) | Run::Relayed(body)) = permit.run() else {
            panic!("{}: {:?}", row.name, permit.run());
        };
        assert_eq!(*body, document);
        let md5 = ask.headers["content-md5"].clone();
        assert_eq!(permit.headers()["content-md5"], md5, "{}", row.name);
    }
    let crc = "AAAAAA==";
    let ask = Ask::new("PUT /acme-open?tagging").document("<Tagging><TagSet/></Tagging>");
    let md5 = ask.headers["content-md5"].clone();
    let ask = ask
        .without("content-md5")
        .header("x-amz-checksum-crc32", crc);
    let permit = world.permit(&ask);
    assert_eq!(permit.headers()["content-md5"], md5);
    assert_eq!(permit.headers()["x-amz-checksum-crc32"], crc);
}
