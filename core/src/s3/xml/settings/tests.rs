use super::*;

#[track_caller]
fn check(root: &str, document: &str, expected: Result<Settings, BadXml>) {
    assert_eq!(
        Settings::parse(root, document.as_bytes()),
        expected,
        "{document}"
    );
}

#[track_caller]
fn refused(root: &str, document: &str) {
    check(root, document, Err(BadXml::Schema));
}

fn tagged(tags: &[(&str, &str)]) -> Settings {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Settings {
        tags: Some(tags.iter().map(owned).collect()),
        ..Settings::default()
    }
}

#[test]
fn tags_are_read_once_and_where_s3_has_them() {
    let tag = |key, value| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
    let set = |tags: &str| format!("<Tagging xmlns=\"urn:a\"><TagSet>{tags}</TagSet></Tagging>");
    check("Tagging", &set(""), Ok(tagged(&[])));
    check("Tagging", "<Tagging><TagSet/></Tagging>", Ok(tagged(&[])));
    check(
        "Tagging",
        &set(&(tag("a", " b ") + &tag("A", ""))),
        Ok(tagged(&[("a", " b "), ("A", "")])),
    );
    for bad in [
        set(&(tag("a", "1") + &tag("a", "2"))),
        set("<Tag><Key>a</Key></Tag>"),
        set("<Tag><Value>a</Value></Tag>"),
        set("<Tag><Key/><Value>a</Value></Tag>"),
        set("<Tag><Key>a</Key><Key>b</Key><Value>c</Value></Tag>"),
        set("<Tag><Key>a</Key><Value>c</Value><More/></Tag>"),
        set("<Tag><Key><b/></Key><Value>c</Value></Tag>"),
        set("<Other><Key>a</Key><Value>c</Value></Other>"),
        "<Tagging/>".to_owned(),
        "<Tagging><TagSet/><TagSet/></Tagging>".to_owned(),
        format!("<Tagging>{}</Tagging>", tag("a", "b")),
    ] {
        refused("Tagging", &bad);
    }
}

#[test]
fn locks_are_read() {
    check(
        "Retention",
        "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate></Retention>",
        Ok(Settings {
            retention_mode: Some("GOVERNANCE".to_owned()),
            retain_until: Some("2030-01-01T00:00:00Z".to_owned()),
            ..Settings::default()
        }),
    );
    check("Retention", "<Retention/>", Ok(Settings::default()));
    refused(
        "Retention",
        "<Retention><Mode>A</Mode><Mode>B</Mode></Retention>",
    );
    check(
        "LegalHold",
        "<LegalHold><Status>ON</Status></LegalHold>",
        Ok(Settings {
            legal_hold: Some("ON".to_owned()),
            ..Settings::default()
        }),
    );
    refused(
        "LegalHold",
        "<LegalHold><Status>ON</Status><Status>OFF</Status></LegalHold>",
    );
}

#[test]
fn the_fields_of_an_inventory_are_read() {
    let of = |fields: &str| {
        format!("<InventoryConfiguration><Id>a</Id>{fields}</InventoryConfiguration>")
    };
    let fields = |fields: &[&str]| Settings {
        inventory_fields: Some(fields.iter().map(|field| (*field).into()).collect()),
        ..Settings::default()
    };
    let root = "InventoryConfiguration";
    check(root, &of(""), Ok(Settings::default()));
    check(root, &of("<OptionalFields/>"), Ok(fields(&[])));
    let two = "<OptionalFields><Field>Size</Field><Field> ETag </Field></OptionalFields>";
    check(root, &of(two), Ok(fields(&["Size", "ETag"])));
    refused(root, &of("<OptionalFields/><OptionalFields/>"));
    refused(
        root,
        &of("<OptionalFields><Other>Size</Other></OptionalFields>"),
    );
}

#[test]
fn what_a_document_hands_on_is_read() {
    let role =
        |role: &str| format!("<ReplicationConfiguration>{role}<Rule/></ReplicationConfiguration>");
    check(
        "ReplicationConfiguration",
        &role("<Role>arn:aws:iam::111122223333:role/r</Role>"),
        Ok(Settings {
            role: Some("arn:aws:iam::111122223333:role/r".to_owned()),
            ..Settings::default()
        }),
    );
    refused("ReplicationConfiguration", &role(""));
    refused(
        "ReplicationConfiguration",
        &role("<Role>a</Role><Role>b</Role>"),
    );
    let restore = |inside: &str| {
        let document = format!("<RestoreRequest>{inside}</RestoreRequest>");
        Settings::parse("RestoreRequest", document.as_bytes())
            .unwrap()
            .selects
    };
    assert!(!restore("<Days>1</Days><Tier>Bulk</Tier>"));
    assert!(restore("<Type>SELECT</Type>"));
    assert!(restore("<OutputLocation><S3/></OutputLocation>"));
    let tables = |inside: &str| {
        let document =
            format!("<InventoryTableConfiguration>{inside}</InventoryTableConfiguration>");
        let settings = Settings::parse("InventoryTableConfiguration", document.as_bytes()).unwrap();
        (settings.enables_tables, settings.encrypts_tables)
    };
    let state = |state: &str| format!("<ConfigurationState>{state}</ConfigurationState>");
    assert_eq!(tables(&state("DISABLED")), (false, false));
    let encryption =
        "<EncryptionConfiguration><SseAlgorithm>AES256</SseAlgorithm></EncryptionConfiguration>";
    assert_eq!(tables(&(state("ENABLED") + encryption)), (true, true));
}

#[test]
fn only_well_formed_documents_of_the_right_root_pass() {
    check(
        "CORSConfiguration",
        "<CORSConfiguration/>",
        Ok(Settings::default()),
    );
    refused("CORSConfiguration", "<Tagging/>");
    for (document, error) in [
        ("", BadXml::Malformed),
        ("<CORSConfiguration>", BadXml::Malformed),
        ("<!DOCTYPE a><CORSConfiguration/>", BadXml::Forbidden),
        (
            "<CORSConfiguration>&a;</CORSConfiguration>",
            BadXml::Forbidden,
        ),
    ] {
        check("CORSConfiguration", document, Err(error));
    }
}
