"""The templates that a user deploys before the first `pulumi up`: valid, closed, and for nobody but whom they name."""

from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint.api import ManualArgs, lint_file
from cfnlint.decode import cfn_yaml

from infra.paths import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "bootstrap"
TEMPLATES = sorted(FOLDER.glob("*.yaml"))


def resources(name: str) -> dict[str, Any]:
    """Return the resources of a template, with CloudFormation's short functions written out."""
    found: dict[str, Any] = cfn_yaml.load(str(FOLDER / name))["Resources"]
    return found


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_cloudformation_has_nothing_to_say_against_a_template(template: Path) -> None:
    found = lint_file(template, config=ManualArgs(regions=["eu-central-1"]))
    assert [str(match) for match in found] == []


def test_the_state_is_versioned_and_closed_and_stays_when_its_template_goes() -> None:
    bucket = resources("state.yaml")["Bucket"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    (statement,) = resources("state.yaml")["TlsOnly"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_key_of_the_secrets_outlives_its_region() -> None:
    found = resources("state.yaml")
    assert found["Key"]["Properties"]["MultiRegion"] is True
    for key in ("Key", "KeyCopy"):
        assert found[key]["DeletionPolicy"] == "Retain"
        assert found[key]["Properties"]["PendingWindowInDays"] == 30


def test_locks_that_are_given_back_are_given_back_in_the_copy_too() -> None:
    replication = resources("state.yaml")["Bucket"]["Properties"]["ReplicationConfiguration"]["Fn::If"][1]
    assert replication["Rules"][0]["DeleteMarkerReplication"] == {"Status": "Enabled"}


def test_only_the_named_repository_gets_a_role_and_only_its_environment_applies() -> None:
    found = resources("roles.yaml")
    subjects = {}
    for name in ("Preview", "Apply"):
        (statement,) = found[name]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        wanted = statement["Condition"]["StringEquals"]
        assert wanted["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
        whom = wanted["token.actions.githubusercontent.com:sub"]
        subjects[name] = [one["Fn::Sub"] for one in (whom if isinstance(whom, list) else [whom])]
    assert subjects == {
        "Preview": ["repo:${Repository}:pull_request", "repo:${Repository}:ref:refs/heads/${Branch}"],
        "Apply": ["repo:${Repository}:environment:${Environment}"],
    }


def test_who_previews_changes_nothing() -> None:
    preview = resources("roles.yaml")["Preview"]["Properties"]
    (policy,) = preview["Policies"]
    allowed = {
        action for statement in policy["PolicyDocument"]["Statement"] for action in yaml_list(statement["Action"])
    }
    assert allowed == {
        "s3:ListBucket",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "kms:Decrypt",
        "kms:Encrypt",
        "kms:DescribeKey",
    }
    assert [arn["Fn::Sub"].rpartition("/")[2] for arn in preview["ManagedPolicyArns"]] == ["SecurityAudit"]


def yaml_list(value: object) -> list[str]:
    """Return a value that CloudFormation takes alone or as a list, as a list."""
    return [str(part) for part in value] if isinstance(value, list) else [str(value)]


def test_no_template_holds_an_account_or_a_region() -> None:
    for template in TEMPLATES:
        text = template.read_text()
        assert resources(template.name), template
        assert not any(word.isdigit() and len(word) == 12 for word in text.replace(":", " ").split()), template
        assert not [region for region in boto3.session.Session().get_available_regions("s3") if region in text]
