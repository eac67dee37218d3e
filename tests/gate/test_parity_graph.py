"""What a program declares for a stack, told without a cloud: what is known, what is not, and how a failure is told."""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from infra.errors import TenantryError
from infra.gate import parity_graph
from infra.gate.change import Hidden
from infra.gate.parity_graph import Declared, declared
from infra.settings import stack_file
from infra.settings.stack_file import StackFile
from tests.examples import environment_graph, raw_settings
from tests.stack_files import write_stack

Program = Callable[[str], list[Declared]]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Run a program of a project of its own, for a stack in account 123456789012."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nmain: code/\nruntime: python\n")
    (tmp_path / "code").mkdir()
    file = write_stack(tmp_path, "example", {"aws": {"account_id": "123456789012", "region": "eu-west-3"}, "size": 3})
    monkeypatch.setattr(parity_graph, "PROJECT_ROOT", tmp_path)

    def run(text: str) -> list[Declared]:
        (tmp_path / "code" / "__main__.py").write_text(textwrap.dedent(text))
        return declared([stack_file.read(file)])[0]

    return run


def named(resources: Sequence[Declared], name: str) -> Declared:
    (found,) = (one for one in resources if one.name == name)
    return found


def test_inputs_options_and_the_settings_are_as_the_program_has_them(program: Program) -> None:
    resources = program(
        """
        import pulumi
        settings = pulumi.Config("tenantry").require_object("settings")
        parent = pulumi.ComponentResource("t:p:Parent", "parent")
        options = pulumi.ResourceOptions(parent=parent, protect=True, ignore_changes=["b", "a"])
        inputs = {"size": settings["size"], "half": 0.5, "secret": pulumi.Output.secret("hush")}
        pulumi.CustomResource("t:p:Thing", "thing", {**inputs, "stack": pulumi.get_stack()}, options)
        """
    )
    assert named(resources, "thing") == Declared(
        "t:p:Parent$t:p:Thing",
        "thing",
        {
            "size": 3,
            "half": 0.5,
            "secret": Hidden.SECRET,
            "stack": "example",
            "options:protect": True,
            "options:ignoreChanges": ["a", "b"],
        },
    )
    assert named(resources, "thing").type == "t:p:Thing"


def test_what_only_a_cloud_knows_is_unknown_and_what_was_said_is_known(program: Program) -> None:
    resources = program(
        """
        import pulumi
        from pulumi_aws import ec2, eks
        from pulumi_kubernetes.core import v1
        network = ec2.Vpc("network", cidr_block="10.0.0.0/16")
        cluster = eks.Cluster("cluster", role_arn="role", vpc_config={"subnet_ids": ["a"]})
        space = v1.Namespace("space", metadata={"labels": {"a": "b"}})
        named = v1.Namespace("named", metadata={"name": "shop"})
        pulumi.CustomResource("t:p:Thing", "thing", {
            "id": network.id, "arn": network.arn, "block": network.cidr_block,
            "group": cluster.vpc_config.cluster_security_group_id, "subnets": cluster.vpc_config.subnet_ids,
            "space": space.metadata.name, "labels": space.metadata.labels, "named": named.metadata.name,
            "text": pulumi.Output.concat("in ", network.id),
        })
        """
    )
    assert named(resources, "thing").properties == {
        "id": Hidden.UNKNOWN,
        "arn": Hidden.UNKNOWN,
        "block": "10.0.0.0/16",
        "group": Hidden.UNKNOWN,
        "subnets": ["a"],
        "space": Hidden.UNKNOWN,
        "labels": {"a": "b"},
        "named": "shop",
        "text": Hidden.UNKNOWN,
    }


def test_the_account_and_the_region_are_those_of_the_settings_whatever_the_caller_has(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("PGHOST", "elsewhere")
    resources = program(
        """
        import os
        import pulumi
        import pulumi_aws as aws
        told = {"account": aws.get_caller_identity_output().account_id, "region": aws.get_region_output().region}
        pulumi.CustomResource("t:p:Thing", "thing", {**told, "host": os.environ["PGHOST"]})
        aws.Provider("provider")
        """
    )
    assert named(resources, "thing").properties == {
        "account": "123456789012",
        "region": "eu-west-3",
        "host": "database.invalid",
    }
    assert "region" not in named(resources, "provider").properties


def test_a_resource_tells_which_provider_it_has(program: Program) -> None:
    resources = program(
        """
        import pulumi
        import pulumi_aws as aws
        away = aws.Provider("away", region="eu-west-1")
        aws.s3.Bucket("bucket", opts=pulumi.ResourceOptions(provider=away))
        """
    )
    assert named(resources, "bucket").properties["options:provider"] == "away"


def test_what_the_program_prints_is_no_part_of_its_graph(program: Program) -> None:
    resources = program('import os\nprint("{}")\nos.write(1, b"[]")\n')
    assert [one.name for one in resources] == ["shop-example"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "import pulumi\nraise pulumi.RunError('mend\\nthis')",
            "the program refuses it, Pulumi.example.yaml, mend this",
        ),
        (
            "import pulumi\nasync def main(): raise pulumi.RunError('mend this')\npulumi.run(main)",
            "the program refuses it, Pulumi.example.yaml, mend this",
        ),
        (
            "raise KeyError('a')",
            "the program fails (KeyError: 'a'), Pulumi.example.yaml, run `pulumi preview --stack example`, which tells "
            "where",
        ),
        (
            "import os\nos._exit(3)",
            "the program fails (exit code 3), Pulumi.example.yaml, run `pulumi preview --stack example`, which tells "
            "where",
        ),
        (
            "import pulumi\nimport pulumi_aws as aws\n"
            "pulumi.CustomResource('t:p:T', 'x', {'zones': aws.get_availability_zones_output().names})",
            "the program refuses it, Pulumi.example.yaml, the program calls "
            "aws:index/getAvailabilityZones:getAvailabilityZones, which has no answer without a cloud",
        ),
    ],
)
def test_a_program_that_does_not_come_to_its_end_is_told_in_one_line(program: Program, text: str, told: str) -> None:
    with pytest.raises(TenantryError) as raised:
        program(text)
    assert str(raised.value) == told


def test_a_program_that_waits_for_ever_is_ended(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parity_graph, "_SECONDS", 1.0)
    with pytest.raises(TenantryError, match="does not end within 1 s"):
        program("import threading\nthreading.Event().wait()")


def test_the_whole_platform_is_declared_as_the_harness_sees_it() -> None:
    # The harness answers every output, so nothing may be declared only once something is known.
    graph = environment_graph(lambda raw: raw.update(tenants=[]))
    raw = {key: value for key, value in raw_settings().items() if key != "tenants"}
    (found,) = declared([StackFile(Path("Pulumi.example.yaml"), {"config": {"tenantry:settings": raw}}, None)])
    declared_there = {(node.urn.split("::", 3)[2], node.name) for node in graph.nodes.values()}
    assert {(one.types, one.name) for one in found if one.type != "pulumi:pulumi:Stack"} == declared_there
