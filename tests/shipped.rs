//! Everything that is shipped loads: `config/`, `policies/` and the configurations inside `deploy/`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod memory;

use memory::Memory;
use portcullis::config::sources::{Access, Owner};
use portcullis::config::{self, Finding, Settings, Severity, load, verify};
use portcullis_core::cases::{self, Case, Outcome};
use portcullis_core::document::{self, Node};
use portcullis_core::policy::{Origin, Policy, PolicyKind};
use portcullis_core::s3::names::BucketName;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// A checkout at `/portcullis`, with the secrets that the shipped files name.
fn checkout() -> Memory {
    let folder = |memory: Memory, name: &str| {
        with_folder(
            memory,
            &root().join(name),
            &Path::new("/portcullis").join(name),
        )
    };
    ["config", "policies", "tests/data/config"]
        .into_iter()
        .fold(secrets(), folder)
}

/// The same, with the policies where the contract's configurations look for them.
fn installed() -> Memory {
    with_folder(
        checkout(),
        &root().join("policies"),
        Path::new("/etc/portcullis/policies"),
    )
}

/// Every file under a folder of the checkout, at `target`.
fn with_folder(memory: Memory, folder: &Path, target: &Path) -> Memory {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.fold(memory, |memory, entry| {
        let path = entry.unwrap().path();
        let target = target.join(path.file_name().unwrap());
        match path.is_dir() {
            true => with_folder(memory, &path, &target),
            false => memory.file(target, std::fs::read(&path).unwrap()),
        }
    })
}

fn secrets() -> Memory {
    Memory::default()
        .file("/tls/tls.crt", read("tests/data/config/tls/tls.crt"))
        .file("/tls/tls.key", read("tests/data/config/tls/tls.key"))
        .file("/tls/corp.pem", read("tests/data/config/tls/tls.crt"))
        .file("/run/secrets/lake", "0123456789abcdef0123456789abcdef")
        .file("/run/secrets/audit.key", "0123456789abcdef0123456789abcdef")
        .variable("LAKE_KEY", "LAKE0001")
        .variable("ANALYST_KEY", "ANALYST0001")
        .variable("ANALYST_SECRET", "0123456789abcdef0123456789abcdef")
}

#[track_caller]
fn loads(path: &str, memory: &Memory) -> (Settings, Vec<Finding>) {
    match load(Path::new(path), memory) {
        Ok(loaded) => loaded,
        Err(findings) => panic!("{}", lines(&findings)),
    }
}

fn lines(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| format!("{finding}\n"))
        .collect()
}

#[test]
fn the_sidecar_example_loads_without_findings() {
    let (settings, findings) = loads("/portcullis/config/sidecar.yaml", &checkout());
    assert_eq!(lines(&findings), "");
    let principal = settings.listeners[0].principal.as_ref().unwrap();
    assert_eq!(
        &*principal.principal_arn,
        "arn:aws:iam::111122223333:role/orders"
    );
    assert_eq!(principal.policies.documents().len(), 1);
}

#[test]
fn the_egress_example_loads_without_findings() {
    let (settings, findings) = loads("/portcullis/config/egress.yaml", &checkout());
    assert_eq!(lines(&findings), "");
    assert_eq!(settings.buckets.len(), 2);
    let analyst = &settings.directory.keys["ANALYST0001"].caller;
    assert_eq!(&*analyst.arn, "arn:aws:iam::111122223333:user/data/analyst");
    assert!(analyst.boundary.is_some());
}

#[test]
fn the_defaults_that_the_examples_show_are_the_defaults() {
    for path in ["config/sidecar.yaml", "config/egress.yaml"] {
        let shown = uncommented(&read(path));
        let memory = checkout().file("/portcullis/config/shown.yaml", shown);
        let (shown, _) = loads("/portcullis/config/shown.yaml", &memory);
        let (written, _) = loads(&format!("/portcullis/{path}"), &checkout());
        assert_eq!(shown.limits, written.limits, "{path}");
        assert_eq!(shown.shutdown, written.shutdown, "{path}");
        assert_eq!(shown.logs, written.logs, "{path}");
        for (shown, written) in shown.upstreams.iter().zip(&written.upstreams) {
            assert_eq!(
                shown.connection.endpoint, written.connection.endpoint,
                "{path}"
            );
            assert_eq!(
                shown.connection.addressing, written.connection.addressing,
                "{path}"
            );
            assert_eq!(
                shown.connection.timeouts, written.connection.timeouts,
                "{path}"
            );
            assert_eq!(shown.default, written.default, "{path}");
        }
    }
}

/// Makes entries of the commented defaults: those that do not depend on the host and need no other file.
fn uncommented(text: &str) -> String {
    let names = [
        "limits",
        "max_connections",
        "header_bytes",
        "header_timeout",
        "idle_timeout",
        "body_idle_timeout",
        "document_bytes",
        "shutdown",
        "logs",
        "access",
        "endpoint",
        "addressing",
        "timeouts",
        "default",
        "force",
        "hosts",
        "region",
        "credentials",
    ];
    let is_entry = |rest: &str| {
        let name = rest.trim_start().split(':').next().unwrap_or_default();
        names.contains(&name)
    };
    let line = |line: &str| match line.split_once("# ") {
        Some((indent, rest)) if indent.trim().is_empty() && is_entry(rest) => {
            format!("{indent}{rest}\n")
        }
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn the_contract_s_sidecar_loads() {
    let memory = installed();
    let (settings, findings) = loads("/portcullis/tests/data/config/sidecar.yaml", &memory);
    assert!(
        findings
            .iter()
            .all(|finding| finding.severity == Severity::Warning)
    );
    let principal = settings.listeners[0].principal.as_ref().unwrap();
    assert_eq!(
        &*principal.arn,
        "arn:aws:sts::111122223333:assumed-role/orders/portcullis"
    );
    assert!(
        settings
            .directory
            .callers
            .contains_key(&principal.principal_arn)
    );
}

#[test]
fn the_contract_s_egress_loads_but_for_what_is_not_in_this_version() {
    let memory = installed().file(
        "/etc/portcullis/identities/one.yaml",
        "accounts: { \"111122223333\": {} }",
    );
    let path = Path::new("/portcullis/tests/data/config/egress.yaml");
    let findings = load(path, &memory).unwrap_err();
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let errors: Vec<_> = errors.map(|finding| &*finding.path).collect();
    assert_eq!(errors, ["audit"]);
}

#[test]
fn the_sample_policies_are_policies() {
    let findings = verify(Path::new("/portcullis/policies"), &checkout());
    let expected = "/portcullis/policies/buckets/demo-public/policy.json:7:7: warning: this statement opens the bucket to everyone [public]\n";
    assert_eq!(lines(&findings), expected);
}

#[test]
fn a_configuration_accepts_findings_in_the_files_beside_it() {
    let config = Path::new("/portcullis/config/egress.yaml");
    let policies = [PathBuf::from("/portcullis/policies")];
    let (settings, findings) = config::review(Some(config), &policies, &checkout());
    assert!(settings.is_some());
    assert_eq!(lines(&findings), "");
}

#[test]
fn the_examples_are_policies_and_cases() {
    let path = Path::new("/portcullis/policies/examples");
    let findings = verify(path, &checkout());
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    assert_eq!(errors.count(), 0, "{}", lines(&findings));
}

/// The names of the examples.
fn examples() -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join("policies/examples")).unwrap();
    let entries = entries.map(|entry| entry.unwrap());
    entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

#[test]
fn examples_compile_without_warnings_but_for_keys_that_only_aws_has() {
    let page = read("policies/examples/README.md");
    let (gateway, aws) = page
        .split_once("## For buckets that AWS itself serves")
        .unwrap();
    for name in examples() {
        let text = read(&format!("policies/examples/{name}/policy.json"));
        let warnings = warnings(&document::json(&text).unwrap());
        let absent = |warning: &String| warning.contains("is absent from every request");
        let (absent, other): (Vec<_>, Vec<_>) = warnings.into_iter().partition(absent);
        assert_eq!(other, Vec::<String>::new(), "{name}");
        let row = format!("| [{name}]({name}/policy.json) | ");
        assert_eq!(gateway.contains(&row), absent.is_empty(), "{name}");
        assert_eq!(aws.contains(&row), !absent.is_empty(), "{name}");
    }
    let rows = page.lines().filter(|line| line.starts_with("| ["));
    assert_eq!(rows.count(), examples().len());
}

fn warnings(policy: &Node) -> Vec<String> {
    let json = policy.to_json();
    let resource = &json["Statement"][0]["Resource"];
    let resource = resource.as_str().or(resource[0].as_str()).unwrap();
    let bucket = resource.strip_prefix("arn:aws:s3:::").unwrap();
    let bucket = BucketName::parse(bucket.split('/').next().unwrap()).unwrap();
    let source = "example".into();
    let origin = Arc::new(Origin { source });
    let compiled = Policy::compile(policy, PolicyKind::Bucket(&bucket), origin);
    let warnings = compiled.unwrap().warnings;
    let messages = warnings.into_iter().map(|warning| warning.message);
    messages.collect()
}

#[test]
fn every_example_shows_what_it_allows_and_what_it_does_not() {
    for name in examples() {
        let path = root().join(format!("policies/examples/{name}/cases.yaml"));
        let (files, findings) = config::cases(&path, &config::Host);
        assert_eq!(lines(&findings), "");
        let cases = &files[0].cases;
        assert!(cases.len() >= 4, "{name} has {} cases", cases.len());
        let allowed = |case: &&Case| case.expected == Some(Outcome::Allow);
        let allowed = cases.iter().filter(allowed).count();
        assert!(allowed > 0 && allowed < cases.len(), "{name}");
    }
}

#[test]
fn the_cases_beside_the_shipped_policies_pass() {
    let (code, printed) = test(&["policies"]);
    assert_eq!((code, printed.lines().count()), (0, 1), "{printed}");
}

/// Runs `portcullis test` at the root of the checkout.
fn test(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    let command = command.current_dir(root()).env_clear();
    let output = command.arg("test").args(arguments).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), printed)
}

#[test]
fn the_page_on_decision_cases_shows_cases_that_pass_and_names_every_field() {
    let page = read("docs/decision-cases.md");
    let folder = tempfile::tempdir().unwrap();
    let blocks = page.split("```yaml\n").skip(1);
    let mut files = Vec::new();
    for (number, block) in blocks.enumerate() {
        let path = folder.path().join(format!("{number}.yaml"));
        std::fs::write(&path, block.split("```").next().unwrap()).unwrap();
        files.push(path.display().to_string());
    }
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    assert_eq!(test(&files), (0, "6 passed, 0 failed\n".to_owned()));
    for field in cases::FIELDS {
        assert!(page.contains(&format!("`{field}`")), "{field}");
    }
}

#[test]
fn the_page_of_rules_is_the_table() {
    let page = portcullis::cli::validate::rules();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(root().join("docs/lint.md"), &page).unwrap();
    }
    let command = "UPDATE_GOLDEN=1 cargo test --test shipped the_page_of_rules";
    assert!(read("docs/lint.md") == page, "run `{command}`");
}

#[test]
fn the_schema_is_the_types() {
    let shipped: Value = serde_json::from_str(&read("config/schema.json")).unwrap();
    let command = "portcullis schema > config/schema.json";
    assert_eq!(shipped, config::schema(), "run `{command}`");
}

#[test]
fn the_page_of_operations_is_the_table() {
    let page = portcullis::cli::operations::markdown();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(root().join("docs/operations.md"), &page).unwrap();
    }
    let command = "portcullis operations > docs/operations.md";
    assert!(read("docs/operations.md") == page, "run `{command}`");
}

#[test]
fn the_kubernetes_sidecar_loads_and_ends_in_time() {
    let pod = Manifests::read("deploy/kubernetes/sidecar.yaml");
    let (settings, findings) = pod.load("initContainers");
    check_pod(&settings, &findings, &pod);
    assert_eq!(pod.container("initContainers")["restartPolicy"], "Always");
    assert_eq!(settings.buckets.len(), 2);
    let endpoint = &pod.spec()["containers"][0]["env"][0];
    assert_eq!(endpoint["name"], "AWS_ENDPOINT_URL_S3");
    let bind = settings.listeners[0].bind.to_string();
    assert_eq!(endpoint["value"], format!("http://{bind}"));
}

#[test]
fn the_kubernetes_deployment_loads_and_ends_in_time() {
    let pod = Manifests::read("deploy/kubernetes/deployment.yaml");
    let (settings, findings) = pod.load("containers");
    check_pod(&settings, &findings, &pod);
    assert_eq!(pod.of_kind("Deployment")["spec"]["replicas"], 2);
    assert_eq!(
        settings.state, None,
        "two replicas cannot share an embedded store"
    );
    pod.of_kind("PodDisruptionBudget");
}

/// What holds for every pod: findings only about Secrets that are not ours to close, probes, and time to end.
fn check_pod(settings: &Settings, findings: &[Finding], pod: &Manifests) {
    for finding in findings {
        assert!(finding.message.contains("(mode 0440)"), "{finding}");
    }
    assert_eq!(settings.health.unwrap().port(), 9090);
    let grace = pod.spec()["terminationGracePeriodSeconds"]
        .as_u64()
        .unwrap();
    let needed = settings.shutdown.delay + settings.shutdown.drain;
    assert!(Duration::from_secs(grace) > needed);
}

#[test]
fn systemd_waits_longer_than_the_gateway_drains() {
    let unit = read("deploy/portcullis.service");
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("TimeoutStopSec="));
    let seconds = Duration::from_secs(line.unwrap().parse().unwrap());
    let shutdown = config::settings::Shutdown::default();
    assert!(seconds > shutdown.delay + shutdown.drain);
}

/// The manifests of one file.
struct Manifests(Vec<Value>);

impl Manifests {
    fn read(path: &str) -> Self {
        let documents = read(path);
        let parsed = documents
            .split("\n---\n")
            .map(|text| serde_yaml::from_str(text).unwrap());
        Self(parsed.collect())
    }

    #[track_caller]
    fn of_kind(&self, kind: &str) -> &Value {
        self.0
            .iter()
            .find(|manifest| manifest["kind"] == kind)
            .unwrap()
    }

    fn spec(&self) -> &Value {
        &self.of_kind("Deployment")["spec"]["template"]["spec"]
    }

    fn container(&self, list: &str) -> &Value {
        let containers = self.spec()[list].as_array().unwrap();
        containers
            .iter()
            .find(|container| container["name"] == "portcullis")
            .unwrap()
    }

    /// Loads the configuration as the container sees it: its variables, and its volumes where they are mounted.
    fn load(&self, list: &str) -> (Settings, Vec<Finding>) {
        let container = self.container(list);
        let mut memory = Memory::default();
        let mut config = String::new();
        for variable in container["env"].as_array().unwrap() {
            let name = variable["name"].as_str().unwrap();
            let value = variable["value"].as_str().unwrap_or("pod-1");
            memory = memory.variable(name, value);
            if name == "PORTCULLIS_CONFIG" {
                config = value.to_owned();
            }
        }
        for mount in container["volumeMounts"].as_array().unwrap() {
            let at = Path::new(mount["mountPath"].as_str().unwrap());
            for (path, content) in self.volume(&mount["name"]) {
                let access = Access {
                    mode: 0o440,
                    owner: Owner::Other,
                };
                memory = memory.file_with(at.join(path), content, access);
            }
        }
        loads(&config, &memory)
    }

    fn volume(&self, name: &Value) -> Vec<(String, String)> {
        let volumes = self.spec()["volumes"].as_array().unwrap();
        let volume = volumes
            .iter()
            .find(|volume| volume["name"] == *name)
            .unwrap();
        match volume["secret"]["secretName"].as_str() {
            Some(secret) => vec![stored(secret), certificate(secret)]
                .into_iter()
                .flatten()
                .collect(),
            None => self.items(&volume["configMap"]["items"]),
        }
    }

    fn items(&self, items: &Value) -> Vec<(String, String)> {
        let data = &self.of_kind("ConfigMap")["data"];
        let item = |item: &Value| {
            let key = item["key"].as_str().unwrap();
            let content = data[key].as_str().unwrap_or_else(|| panic!("no key {key}"));
            (
                item["path"].as_str().unwrap().to_owned(),
                content.to_owned(),
            )
        };
        items.as_array().unwrap().iter().map(item).collect()
    }
}

/// What an operator puts into the Secrets.
fn stored(secret: &str) -> Option<(String, String)> {
    let (name, content) = match secret {
        "portcullis-lake" => ("lake", "0123456789abcdef0123456789abcdef\n".to_owned()),
        "portcullis-identities" => (
            "111122223333.yaml",
            "accounts: { \"111122223333\": { users: { a: { access_keys: [{ id: KEY1, secret: 0123456789abcdef0123 }] } } } }".to_owned(),
        ),
        "portcullis-tls" => ("tls.crt", read("tests/data/config/tls/tls.crt")),
        other => panic!("unknown Secret {other}"),
    };
    Some((name.to_owned(), content))
}

fn certificate(secret: &str) -> Option<(String, String)> {
    let key = || read("tests/data/config/tls/tls.key");
    (secret == "portcullis-tls").then(|| ("tls.key".to_owned(), key()))
}
