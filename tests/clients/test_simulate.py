"""Generated decisions against @cloud-copilot/iam-simulate, a third evaluator: it runs as a program of its own and is
installed at run time. Every difference falls into a class that says what divides the two and what AWS writes of it."""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import missing

REPO = Path(__file__).parents[2]
SCRIPTS = REPO / "core/tests/simulate"
CACHE = REPO / "tests/.cache/simulate"
PAIRS = 20_000
EXISTS_IN_ANY = re.compile(r"^ForAnyValue:.*IfExists$")
TYPED = re.compile(r"Numeric|Date|Bool|Ip|Binary")


def documents(case):
    yield from filter(None, [case["bucket_policy"], case["permission_boundary"], case["session_policy"]])
    yield from case["identity_policies"] + case["resource_control_policies"] + sum(case["service_control_policies"], [])


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(case):
    for document in documents(case):
        yield from listed(document["Statement"])


def conditions(case):
    """Operator, lower-case key, values and the request's value of every condition."""
    held = {key.lower(): value for key, value in case["context"].items()}
    for statement in statements(case):
        for operator, keys in statement.get("Condition", {}).items():
            for key, values in keys.items():
                yield operator, key.lower(), listed(values), held.get(key.lower())


def resources(case):
    for statement in statements(case):
        yield from listed(statement.get("Resource", [])) + listed(statement.get("NotResource", []))


def texts(case):
    """Every text in which a variable may stand."""
    yield from resources(case)
    for _, _, values, _ in conditions(case):
        yield from (value for value in values if isinstance(value, str))


def kind(case):
    return "Anonymous" if case["principal"] == "anonymous" else case["principal"]["type"]


def unresolved(case):
    held = {key.lower() for key, value in case["context"].items() if isinstance(value, str)}
    names = (name for text in texts(case) for name in re.findall(r"\$\{([^},]*)\}", text))
    return any(name.strip().lower() not in held and name not in "*?$" for name in names)


def unreadable(case):
    """A value that is not of its operator's type."""
    odd = {"", "abc", "10.", "1e3", "TRUE", "yes", "arn:aws:s3", "203.0.113.7/24"}
    typed = (value for operator, _, _, value in conditions(case) if TYPED.search(operator) and value is not None)
    return any(odd.intersection(listed(value)) for value in typed)


def unreadable_arn(case):
    return any("Arn" in operator and any(text.count(":") < 5 for text in listed(value or []))
               for operator, _, _, value in conditions(case))  # fmt: skip


def across_segments(resource):
    return resource != "*" and (resource.count(":") < 5 or "*" in resource[: resource.rindex(":")])


def upper_case_head(text):
    head = ":".join(text.split(":")[:5])
    return head.lower().startswith("arn:") and head != head.lower()


def epoch(values):
    return any(re.fullmatch(r"\d{9,}", str(value)) for value in values)


def long(values):
    return any(len(re.sub(r"\D", "", str(value))) > 15 for value in values)


def other_family(networks, address):
    return any((":" in network) != (":" in address) or network.endswith("/0") for network in networks)


def old_variables(case):
    return any(d.get("Version") != "2012-10-17" and "${" in json.dumps(d) for d in documents(case))


# What divides the two, when it can, and AWS's word on it.
CLASSES = {
    "service-control-first": (
        lambda case, ignored: case["service_control_policies"] and case["expected"] == "explicit_deny",
        "All Deny statements of all policies are looked at before any Allow (IAM evaluation logic: evaluating identity-based "
        "policies with Organizations SCPs); the simulator stops at a service control policy that does not allow.",
    ),
    "acl": (
        lambda case, ignored: case["acl"] and case["expected"] == "allow",
        "A grant of an ACL is a part of what the owner's side allows (S3: how S3 authorizes a request); the simulator "
        "knows no ACLs.",
    ),
    "empty-level": (
        lambda case, ignored: [] in case["service_control_policies"],
        "A level of service control without a policy allows nothing (Organizations: SCP evaluation).",
    ),
    "federated-user": (
        lambda case, ignored: kind(case) == "FederatedUser",
        "A federated user has what both its IAM user and its session policy allow (STS API GetFederationToken), and that "
        "user's ARN names it in a bucket policy (IAM evaluation logic); the simulator knows the session's ARN alone.",
    ),
    "empty-text-in-a-set": (
        lambda case, ignored: any(
            operator.startswith("For") and held is not None and not any(listed(held))
            for operator, _, _, held in conditions(case)
        ),
        "To ForAllValues and ForAnyValue an empty string is a null dataset (IAM: single-valued vs. multivalued keys).",
    ),
    "root-user": (
        lambda case, ignored: kind(case) == "Account",
        "The root user has full access in its account, needs no identity policy across accounts, and is never locked "
        "out of a bucket policy (IAM evaluation logic; S3 API PutBucketPolicy).",
    ),
    "variables-need-2012": (
        lambda case, ignored: old_variables(case),
        "Under Version 2008-10-17 a variable is literal text (IAM elements: Version).",
    ),
    "wildcard-in-the-request": (
        lambda case, ignored: re.search(r"[*?$]", case["resource"].removeprefix("arn:aws:s3:::")),
        "A key may hold `*`, `?` and `$`; the simulator reads the requested resource as a pattern.",
    ),
    "keys-left-out": (
        lambda case, ignored: {key.lower() for key in ignored} & {key for _, key, _, _ in conditions(case)},
        "The simulator drops keys that it does not expect with the action; a case names every key that is present.",
    ),
    "not-principal": (
        lambda case, ignored: "NotPrincipal" in json.dumps(case["bucket_policy"]),
        "Deny with NotPrincipal must list the whole chain of the caller (IAM elements: NotPrincipal).",
    ),
    "silent-cap": (
        lambda case, ignored: case["expected"] == "allow" and (case["permission_boundary"] or case["session_policy"]),
        "A grant to the user, the session or everyone is not limited by a silent boundary or session policy "
        "(IAM evaluation logic: resource-based policies).",
    ),
    "service-level": (
        lambda case, ignored: case["action"] == "s3:ListAllMyBuckets",
        "AWS's own walkthrough grants ListAllMyBuckets on `arn:aws:s3:::*`; the simulator takes `*` alone.",
    ),
    "wildcard-across-segments": (
        lambda case, ignored: any(across_segments(resource) for resource in resources(case)),
        "A `*` at the end of an ARN's segment may match beyond colons (IAM elements: Resource).",
    ),
    "case-of-the-arn": (
        lambda case, ignored: any(upper_case_head(text) for text in texts(case)),
        "ARNs compare with case; the simulator ignores it before the fifth colon.",
    ),
    "variable-without-value": (
        lambda case, ignored: unresolved(case),
        "A negated condition on a variable without value is true, and NotResource with one matches no resource "
        "(IAM elements: Variables).",
    ),
    "default-without-a-space": (
        lambda case, ignored: any(re.search(r"\$\{[^},]*(,'| ,)", text) for text in texts(case)),
        "AWS writes `${key, 'default'}` with a space after the comma; the gateway does without it too.",
    ),
    "variable-in-an-arn": (
        lambda case, ignored: any("Arn" in o and "${" in str(v) for o, _, v, _ in conditions(case)),
        "Variables stand in ARN conditions too (IAM elements: Variables); the simulator leaves some sections alone.",
    ),
    "address-families": (
        lambda case, ignored: any("IpAddress" in o and v and other_family(n, v) for o, _, n, v in conditions(case)),
        "An IPv4 address lies in no IPv6 network and the other way round; `/0` is every address of its family.",
    ),
    "escapes": (
        lambda case, ignored: any(re.search(r"\$\{[*?$]\}", text) for text in texts(case)),
        "`${*}`, `${?}` and `${$}` are the characters themselves (IAM elements: Variables).",
    ),
    "canonical-id": (
        lambda case, ignored: "CanonicalUser" in json.dumps(case["bucket_policy"]),
        "A canonical user id names an account (S3: specifying principals); the simulator knows no ids.",
    ),
    "role-path": (
        lambda case, ignored: "role/builder" in json.dumps(case["bucket_policy"]) and "/ci@x" in str(case["principal"]),
        "A role's ARN holds its path, which the ARN of a session leaves out (IAM elements: Principal).",
    ),
    "service-linked-role": (
        lambda case, ignored: "role/aws-service-role/" in case["context"].get("aws:PrincipalArn", "")
        and (case["resource_control_policies"] or "AWSServiceRole" in json.dumps(case["bucket_policy"])),
        "Resource control policies do not bind service-linked roles (Organizations User Guide).",
    ),
    "not-of-the-type": (
        lambda case, ignored: unreadable(case) or unreadable_arn(case),
        "AWS is silent on a value that is not of the operator's type: here a Deny then holds and an Allow does not.",
    ),
    "several-without-set-operator": (
        lambda case, ignored: any(isinstance(v, list) and ":" not in o for o, _, _, v in conditions(case)),
        "Multivalued keys require a set operator (IAM: multivalued context keys): a Deny holds, an Allow does not.",
    ),
    "empty-set": (
        lambda case, ignored: any(v == [] for _, _, _, v in conditions(case)),
        "A null dataset counts as absent (IAM: multivalued context keys).",
    ),
    "any-value-if-exists": (
        lambda case, ignored: any(EXISTS_IN_ANY.match(o) and not v for o, _, _, v in conditions(case)),
        "Without the key ForAnyValue is false and IfExists is true: disputed; a Deny holds, an Allow does not.",
    ),
    "epoch": (
        lambda case, ignored: any("Date" in o and epoch([*values, v]) for o, _, values, v in conditions(case)),
        "Dates may be written as seconds since 1970 (IAM: date condition operators).",
    ),
    "long-numbers": (
        lambda case, ignored: any("Numeric" in o and long([*values, v]) for o, _, values, v in conditions(case)),
        "Numbers compare as they are written; the simulator's have 53 bits.",
    ),
    "binary": (
        lambda case, ignored: any("Binary" in o for o, _, _, _ in conditions(case)),
        "No key of S3 is binary; a text in base64 stands in.",
    ),
    "copy-source": (
        lambda case, ignored: any(key == "s3:x-amz-copy-source" for _, key, _, _ in conditions(case)),
        "AWS's examples write a copy source with a leading slash and without: here they are the same.",
    ),
}  # fmt: skip


def installed():
    if not (shutil.which("node") and shutil.which("npm")):
        missing("node and npm")
    CACHE.mkdir(parents=True, exist_ok=True)
    for script in SCRIPTS.iterdir():
        shutil.copy(script, CACHE)
    npm = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", CACHE]
    done = subprocess.run(npm, cwd=CACHE, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return CACHE / "simulate.mjs"


def generated():
    cargo = ["cargo", "test", "--quiet", "-p", "portcullis-core", "--test", "agreement"]
    cargo += ["--", "--ignored", "--no-capture", "pairs_as_lines"]
    environment = {**os.environ, "PAIRS": str(PAIRS)}
    done = subprocess.run(cargo, cwd=REPO, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def simulated(script, cases):
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run(["node", script], input=lines, cwd=CACHE, capture_output=True, text=True, timeout=3000)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def class_of(case, answer):
    return next((name for name, (applies, _) in CLASSES.items() if applies(case, answer["ignored"])), None)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_differences_to_the_simulator_have_a_name():
    script, cases, workers = installed(), generated(), os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        shares = [cases[first::workers] for first in range(workers)]
        answers = [answer for share in pool.map(lambda share: simulated(script, share), shares) for answer in share]
    compare({case["name"]: case for case in cases}, answers)


def compare(cases, answers):
    assert len(answers) == len(cases)
    classes, unnamed = Counter(), []
    for answer in answers:
        case = cases[answer["name"]]
        if "error" in answer:
            classes["refused by the simulator"] += 1
            # AWS takes fewer forms of resource control documents than the gateway does.
            if "resourceControlPolicyErrors" not in answer["error"]:
                unnamed.append((answer, case))
        elif answer["verdict"] != case["expected"]:
            name = class_of(case, answer)
            classes[name] += 1
            if name is None:
                unnamed.append((answer["verdict"], case))
        else:
            classes["the same"] += 1
    print(*(f"{count:>8}  {name}" for name, count in classes.most_common()), sep="\n")
    assert not unnamed, "\n".join(f"{verdict}: {json.dumps(case)}" for verdict, case in unnamed[:5])
