"""One resource of every type in one stack, run by the real engine; what each run did to each type is taken down."""

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.sandbox.cloud.service import Cloud
from infra.sandbox.plugins.aws.kinds import KINDS
from tests.plugins.aws.examples import EXAMPLES, amp
from tests.plugins.aws.examples.acm import issued
from tests.plugins.aws.examples.cloudtrail import trail
from tests.plugins.aws.examples.ecr import key
from tests.plugins.aws.examples.observability import log_group, topic
from tests.plugins.aws.examples.routing import address, new_vpc
from tests.plugins.aws.examples.s3 import bucket
from tests.plugins.aws.examples.security_groups import group
from tests.plugins.aws.examples.sqs import queue_url
from tests.plugins.aws.examples.wafv2 import web_acl
from tests.plugins.aws.world import REGION, Example, World
from tests.plugins.client import Object
from tests.plugins.language.harness import Project

_SECRET = {"password", "authToken", "secretString"}
PROGRAM = f"""
import json, pathlib
import pulumi

declared = json.loads(pathlib.Path(__file__).with_name("declared.json").read_text())
for token, inputs in declared.items():
    secret = {{name: pulumi.Output.secret(inputs[name]) for name in {_SECRET} & inputs.keys()}}
    pulumi.CustomResource(token, token.rpartition("/")[2].replace(":", "-"), inputs | secret)
"""
_NAMES = ("another", "elsewhere", "other")
"""What examples call a replacement."""


@dataclass(frozen=True)
class Run:
    """What one run of the CLI did, or would do; each by type.

    Args:
        seen: the types that it looked at.
        operations: the engine's words, as `update`; nothing for a resource that stays as it is.
        differing: the inputs that made it do so.
        found: the inputs and outputs that a refresh found changed.
        failures: what went wrong.
    """

    seen: set[str] = field(default_factory=set)
    operations: Mapping[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    differing: Mapping[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    found: Mapping[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    failures: Mapping[str, str] = field(default_factory=lambda: defaultdict(str))

    def note(self, step: Mapping[str, Any], old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> None:
        """Take down a step of a preview, or an event of a run, with the states before and after it."""
        token = step["urn"].split("::")[2]
        self.seen.add(token)
        if step["op"] == "refresh":
            self.found[token].update(_differing(old or {}, new or {}))
        elif step["op"] != "same":
            self.operations[token].add(step["op"])
            self.differing[token].update(path.partition("[")[0].partition(".")[0] for path in _paths(step))

    def is_idle(self, token: str) -> bool:
        """Whether there was nothing to find and nothing to do."""
        return token in self.seen and not self.found[token] and not self.operations[token]


def _paths(step: Mapping[str, Any]) -> Mapping[str, Any]:
    return step.get("detailedDiff") or {}


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for part in ("inputs", "outputs"):
        before, after = old.get(part) or {}, new.get(part) or {}
        yield from (name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


@dataclass(frozen=True)
class WholeStack(Project):
    """A project that declares one resource of every type, in an account of its own.

    Args:
        cloud: the account.
        world: what changes it behind the program's back.
        declared: type -> inputs; written for the program before each run.
        beside: what is in the account but not the program's.
    """

    cloud: Cloud
    world: World
    declared: dict[str, dict[str, Any]] = field(default_factory=dict)
    beside: set[str] = field(default_factory=set)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in super().environment.items() if not name.startswith("AWS_")}
        return kept | {
            **self.cloud.environment(),
            "AWS_REGION": REGION,
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            "PULUMI_SKIP_CHECKPOINTS": "true",  # no run is killed; writing the state at each step is most of the work
        }

    @contextlib.contextmanager
    def behind_its_back(self) -> Iterator[World]:
        """Let boto3 do something; what it makes is none of the program's."""
        before = set(self.cloud.contents())
        yield self.world
        self.beside.update(set(self.cloud.contents()) - before)

    def secrets(self) -> set[str]:
        """Return the values that nobody may read."""
        return {inputs[name] for inputs in self.declared.values() for name in _SECRET & inputs.keys()}

    def states(self) -> dict[str, dict[str, Any]]:
        """Return type -> what the stack's state has of it."""
        resources = json.loads(self.pulumi("stack", "export").stdout)["deployment"]["resources"]
        return {resource["type"]: resource for resource in resources if resource["type"] in KINDS}

    def preview(self, *arguments: str) -> Run:
        """Ask what an `up` would do."""
        self._write(self.declared)
        run = Run()
        for step in json.loads(self.pulumi("preview", "--json", *arguments).stdout)["steps"]:
            run.note(step, step.get("oldState"), step.get("newState"))
        return run

    def run(self, *arguments: str) -> Run:
        """Do it; a failure stops nothing but what depends on it."""
        self._write(self.declared)
        run, refreshing = Run(), set()
        result = self.pulumi(*arguments, "--yes", "--skip-preview", "--json", code=None)
        for line in result.stdout.splitlines():
            event = json.loads(line)
            if event.get("resourcePreEvent", {}).get("metadata", {}).get("op") == "refresh":
                refreshing.add(event["resourcePreEvent"]["metadata"]["urn"])
            if "resOutputsEvent" in event:
                step = event["resOutputsEvent"]["metadata"]
                if step["urn"] in refreshing:  # the engine then says what became of it, as `update`
                    refreshing.remove(step["urn"])
                    step = {**step, "op": "refresh"}
                run.note(step, step.get("old"), step.get("new"))
            told = event.get("diagnosticEvent", {})
            if told.get("severity") == "error":
                run.failures[told.get("urn", "::::").split("::")[2]] += told["message"]
        assert result.returncode == 0 or run.failures, result.stderr
        return run

    def up(self, *arguments: str) -> Run:
        """Apply what is declared."""
        return self.run("up", "--continue-on-error", *arguments)

    def refusal(self, declared: Mapping[str, Mapping[str, Any]]) -> str:
        """Return what a preview says that refuses `declared`."""
        self._write(declared)
        result = self.pulumi("preview", code=1)
        return result.stdout + result.stderr

    def _write(self, declared: Mapping[str, Mapping[str, Any]]) -> None:
        (self.root / "infra" / "declared.json").write_text(json.dumps(declared))


def identity_for_import(world: World, example: Example, state: Mapping[str, Any]) -> str:
    """Return what a user gives to `pulumi import` for a resource in this state."""
    known = Object(world.plugin, example.token, "known", state["id"], state["inputs"], state["outputs"])
    return known.id if example.import_id is None else example.import_id(known)


def replacements(world: World) -> dict[str, dict[str, Any]]:
    """Return type -> what it has to say to be replaced, with everything that this names in place.

    An example names what does not exist where only the comparison matters: here it is made. Names that several types
    share become each one's own. Two more than that: a NAT gateway needs another address, as its old one is in use until
    the old gateway is gone, and the simulated EC2 wants another destination for a second flow log, whatever it logs.
    """
    said = {example.token: dict(example.replacement) for example in EXAMPLES if example.replacement}
    for token, inputs in said.items():
        inputs |= {name: world.name(value) for name, value in inputs.items() if value in _NAMES}
        if "bucket" in inputs and token != "aws:s3/bucket:Bucket":
            inputs["bucket"] = bucket(world, versions=True)
        if "securityGroupId" in inputs:
            inputs["securityGroupId"] = group(world)
    said["aws:cloudtrail/trail:Trail"] = {
        key: value for key, value in trail(world).items() if key in ("name", "s3BucketName")
    }
    said["aws:cloudwatch/logMetricFilter:LogMetricFilter"] = {"logGroupName": log_group(world)}
    said["aws:amp/workspace:Workspace"] = {"kmsKeyArn": key(world)}
    said["aws:amp/scraper:Scraper"] = {"source": amp.source(world)}
    for kind in ("ruleGroupNamespace:RuleGroupNamespace", "alertManagerDefinition:AlertManagerDefinition"):
        said[f"aws:amp/{kind}"] = {"workspaceId": amp.workspace(world)["workspaceId"]}
    said["aws:acm/certificateValidation:CertificateValidation"] = {"certificateArn": issued(world)}
    said["aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"] = {"resourceArn": web_acl(world)}
    said["aws:sns/topicPolicy:TopicPolicy"] = {"arn": topic(world)}
    for kind in ("queuePolicy:QueuePolicy", "redriveAllowPolicy:RedriveAllowPolicy"):
        said[f"aws:sqs/{kind}"] = {"queueUrl": queue_url(world)}
    said["aws:ec2/natGateway:NatGateway"] = {"subnetId": world.subnet(), "allocationId": address(world)}
    said["aws:ec2/routeTable:RouteTable"] = {"vpcId": new_vpc(world)}
    said["aws:ec2/routeTableAssociation:RouteTableAssociation"] = {"subnetId": world.subnet()}
    said["aws:ec2/flowLog:FlowLog"]["logDestination"] = f"arn:aws:logs:{REGION}:123456789012:log-group:others"
    return said
