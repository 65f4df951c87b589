use super::{Algorithm, Checksum, Hasher};

#[track_caller]
fn check(algorithm: Algorithm, text: &str, expected: &str) {
    let mut hasher = Hasher::new(algorithm);
    text.as_bytes()
        .chunks(2)
        .for_each(|piece| hasher.update(piece));
    let value = hasher.finish();
    assert_eq!(value.len(), algorithm.length());
    let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, expected, "{} of `{text}`", algorithm.name());
}

#[test]
fn values_are_the_published_ones() {
    check(Algorithm::Crc32, "123456789", "cbf43926");
    check(Algorithm::Crc32c, "123456789", "e3069283");
    check(Algorithm::Crc64Nvme, "123456789", "ae8b14860a799888");
    check(
        Algorithm::Sha1,
        "abc",
        "a9993e364706816aba3e25717850c26c9cd0d89d",
    );
    check(
        Algorithm::Sha256,
        "abc",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    check(
        Algorithm::Sha512,
        "abc",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
         2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    );
    check(Algorithm::Md5, "abc", "900150983cd24fb0d6963f7d28e17f72");
    check(Algorithm::XxHash64, "abc", "44bc2cf5ad770999");
    check(Algorithm::XxHash3, "abc", "78af5f94892f3950");
    check(
        Algorithm::XxHash128,
        "abc",
        "06b05ab6733a618578af5f94892f3950",
    );
    check(Algorithm::XxHash64, "", "ef46db3751d8e999");
    check(Algorithm::XxHash3, "", "2d06800538d394c2");
    check(Algorithm::XxHash128, "", "99aa06d3014798d86001c324468d497f");
}

#[test]
fn every_algorithm_has_a_row_of_its_own() {
    for algorithm in Algorithm::all() {
        assert_eq!(Algorithm::named(algorithm.name()), Some(algorithm));
        assert_eq!(
            Algorithm::named(&algorithm.name().to_lowercase()),
            Some(algorithm)
        );
        assert_eq!(Algorithm::of_header(algorithm.header()), Some(algorithm));
        assert_eq!(
            algorithm.header(),
            format!("x-amz-checksum-{}", algorithm.name().to_lowercase())
        );
        assert_eq!(Hasher::new(algorithm).finish().len(), algorithm.length());
    }
    assert_eq!(Algorithm::all().count(), 10);
}

#[test]
fn values_are_base64_of_the_right_length() {
    let parse = |text| Checksum::parse(Algorithm::Crc32, text).is_some();
    assert!(parse("AAAAAA=="));
    for bad in [
        "",
        "AAAAAA",
        "AAAAAA=",
        "AAAA",
        "AAAAAAA=",
        "AAAAAB==",
        "AAAA AA==",
        " AAAAAA==",
        "AAAAAA==-2",
        "-_AAAA==",
    ] {
        assert!(!parse(bad), "{bad}");
    }
}
