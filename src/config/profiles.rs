//! The upstream profiles by name.

use portcullis_core::s3::profiles::Profile;

static PROFILES: [Profile; 6] = [
    Profile { name: "aws" },
    Profile { name: "ceph" },
    Profile { name: "garage" },
    Profile { name: "minio" },
    Profile { name: "s3s" },
    Profile { name: "generic" },
];

/// The profile with this name.
pub(super) fn find(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.name == name)
}

/// Every profile's name.
pub(super) fn names() -> Vec<String> {
    PROFILES
        .iter()
        .map(|profile| profile.name.to_owned())
        .collect()
}
