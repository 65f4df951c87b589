use super::*;

#[test]
fn ids_and_secrets_look_like_those_of_aws() {
    for (bytes, id) in [
        ([0; 52], "ASIAAAAAAAAAAAAAAAAA"),
        ([255; 52], "ASIA7777777777777777"),
    ] {
        let fresh = Fresh::new(&bytes);
        assert_eq!(&*fresh.access_key().0, id);
        assert_eq!(fresh.access_key().0.len(), 20);
        assert_eq!(fresh.secret().expose().len(), 40);
    }
}

#[test]
fn every_byte_counts() {
    let mut seen = std::collections::HashSet::new();
    for place in 0..Fresh::BYTES {
        let mut bytes = [0; Fresh::BYTES];
        bytes[place] = 1;
        let fresh = Fresh::new(&bytes);
        let shown = (
            fresh.access_key(),
            fresh.secret().expose().to_owned(),
            fresh.into_nonce(),
        );
        assert!(seen.insert(shown), "{place}");
    }
}

#[test]
fn t48_the_bytes_are_not_printed() {
    assert_eq!(format!("{:?}", Fresh::new(&[7; 52])), "***");
}

#[test]
fn temporary_keys_are_told_by_their_beginning() {
    assert!(is_temporary("ASIAAAAAAAAAAAAAAAAA"));
    for other in ["AKIAAAAAAAAAAAAAAAAA", "asiaAAAAAAAAAAAAAAAA", "", "XASIA"] {
        assert!(!is_temporary(other), "{other}");
    }
}
