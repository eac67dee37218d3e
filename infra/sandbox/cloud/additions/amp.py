"""Amazon Managed Service for Prometheus beyond moto: collectors, alert managers, and what the service refuses.

Nothing is collected here, no rule is evaluated and no message sent. Left out: that a collector's role gets an access
entry of its cluster. Refusals are those of the service's user guide ("Set up managed collectors for Amazon EKS",
"Configure alert manager to send messages to your Amazon SNS topic").
"""

import base64
import itertools
import json
import re
from typing import Any
from urllib.parse import unquote

import yaml
from moto.amp import urls
from moto.amp.exceptions import AmpException
from moto.amp.models import Workspace, amp_backends
from moto.amp.responses import PrometheusServiceResponse
from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time
from moto.eks.models import eks_backends
from moto.moto_api._internal import mock_random

from infra.sandbox.cloud.additions import references

Record = dict[str, Any]

_SCRAPERS = "tenantry_scrapers"
_DEFINITION = "tenantry_definition"
_KEY = "tenantry_key"
_ACTIVE = {"statusCode": "ACTIVE"}
_MARK = "AMPAgentlessScraper"  # the tag that a collector gives to its workspace
_ZONES = 2
_SHORTEST_SECONDS = 30
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}

_PATHS = ("scrapers", "scrapers/(?P<scraperId>[^/]+)", "workspaces/(?P<workspaceId>[^/]+)/alertmanager/definition")


class _Conflict(AmpException):
    code = 409


class _NotFound(AmpException):
    code = 404


class Additions(PrometheusServiceResponse):
    """moto's service with the rest."""

    def create_workspace(self) -> str:
        """As moto, unless its key does not exist."""
        key = self._said().get("kmsKeyArn")
        if key and not references.has_key(self.current_account, self.region, key):
            raise _invalid(f"The KMS key {key} does not exist")
        made = json.loads(super().create_workspace())
        vars(self.amp_backend.workspaces[made["workspaceId"]])[_KEY] = key
        return json.dumps(made)

    def describe_workspace(self) -> str:
        """As moto, with its key."""
        found = json.loads(super().describe_workspace())["workspace"]
        key = vars(self.amp_backend.workspaces[found["workspaceId"]]).get(_KEY)
        return json.dumps({"workspace": {**found, **({"kmsKeyArn": key} if key else {})}})

    def create_rule_groups_namespace(self) -> str:
        """As moto, unless it is no rules file, or there is one of this name."""
        said = self._said()
        _insist_on_rules(said["data"])
        if said["name"] in self._workspace().rule_group_namespaces:
            raise _Conflict("ConflictException", f"Rule groups namespace {said['name']} already exists")
        return super().create_rule_groups_namespace()

    def put_rule_groups_namespace(self) -> str:
        """As moto, unless it is no rules file."""
        _insist_on_rules(self._said()["data"])
        return super().put_rule_groups_namespace()

    def create_alert_manager_definition(self) -> str:
        """Keep it, unless the workspace has one."""
        if _DEFINITION in vars(self._workspace()):
            raise _Conflict("ConflictException", "The workspace has an alert manager definition")
        return self._keep_definition({"createdAt": unix_time()})

    def put_alert_manager_definition(self) -> str:
        """Put it in place of the one that is there."""
        return self._keep_definition(self._definition())

    def describe_alert_manager_definition(self) -> str:
        """Tell it."""
        return json.dumps({"alertManagerDefinition": self._definition()})

    def delete_alert_manager_definition(self) -> str:
        """Forget it."""
        self._definition()
        del vars(self._workspace())[_DEFINITION]
        return json.dumps({})

    def create_scraper(self) -> str:
        """Keep a collector, which is at once active, and mark its workspace."""
        said = self._said()
        self._insist_on_source(said["source"])
        self._insist_on_destination(said["destination"])
        _insist_on_scrape_configuration(said["scrapeConfiguration"]["configurationBlob"])
        identity = f"s-{mock_random.uuid4()}"
        prefix = f"arn:{self.partition}:iam::{self.current_account}:role/aws-service-role/scraper.aps.amazonaws.com"
        made = {
            **{name: value for name, value in said.items() if name not in ("clientToken", "tags")},
            "scraperId": identity,
            "arn": f"arn:{self.partition}:aps:{self.region}:{self.current_account}:scraper/{identity}",
            "roleArn": f"{prefix}/AWSServiceRoleForAmazonPrometheusScraper_{identity[2:20]}",
            "status": _ACTIVE,
            "createdAt": unix_time(),
            "lastModifiedAt": unix_time(),
        }
        self._scrapers()[identity] = made
        self.amp_backend.tag_resource(made["arn"], said.get("tags") or {})
        return json.dumps(self._told(made))

    def describe_scraper(self) -> str:
        """Tell of one."""
        return json.dumps({"scraper": self._told(self._scraper())})

    def list_scrapers(self) -> str:
        """Tell of all, without what they are configured with."""
        told = [self._told(one) for one in self._scrapers().values()]
        return json.dumps({"scrapers": [{**one, "scrapeConfiguration": None} for one in told]})

    def update_scraper(self) -> str:
        """Change all but the source."""
        said, found = self._said(), self._scraper()
        if "destination" in said:
            self._insist_on_destination(said["destination"])
        if "scrapeConfiguration" in said:
            _insist_on_scrape_configuration(said["scrapeConfiguration"]["configurationBlob"])
        changed = ("alias", "destination", "exporters", "roleConfiguration", "scrapeConfiguration")
        found.update({name: said[name] for name in changed if name in said}, lastModifiedAt=unix_time())
        return json.dumps(self._told(found))

    def delete_scraper(self) -> str:
        """Forget one; the mark of its workspace stays."""
        found = self._scraper()
        del self._scrapers()[found["scraperId"]]
        return json.dumps({"scraperId": found["scraperId"], "status": {"statusCode": "DELETING"}})

    def _said(self) -> Record:
        said: Record = json.loads(self.body) if self.body else {}
        return said

    def _workspace(self) -> Workspace:
        return self.amp_backend.describe_workspace(unquote(self.path).split("/workspaces/")[1].split("/")[0])

    def _definition(self) -> Record:
        kept: Record | None = vars(self._workspace()).get(_DEFINITION)
        if kept is None:
            raise _NotFound("ResourceNotFoundException", "Alert manager definition not found")
        return kept

    def _keep_definition(self, before: Record) -> str:
        data = self._said()["data"]
        _insist_on_alert_manager(data)
        kept = {**before, "data": data, "status": _ACTIVE, "modifiedAt": unix_time()}
        vars(self._workspace())[_DEFINITION] = kept
        return json.dumps({"status": _ACTIVE})

    def _scrapers(self) -> dict[str, Record]:
        return scrapers(self.current_account, self.region)

    def _scraper(self) -> Record:
        found = self._scrapers().get(unquote(self.path).rpartition("/")[2])
        if found is None:
            raise _NotFound("ResourceNotFoundException", "Scraper not found")
        return found

    def _told(self, kept: Record) -> Record:
        return {**kept, "tags": self.amp_backend.list_tags_for_resource(kept["arn"])}

    def _insist_on_source(self, source: Record) -> None:
        clusters = eks_backends[self.current_account][self.region].clusters.values()
        where = source.get("eksConfiguration") or source["vpcConfiguration"]
        if "clusterArn" in where:
            found = next((one for one in clusters if one.arn == where["clusterArn"]), None)
            if found is None:
                raise _invalid(f"The EKS cluster {where['clusterArn']} does not exist in {self.region}")
            if not found.resources_vpc_config.get("endpointPrivateAccess"):
                raise _invalid(f"The EKS cluster {found.name} has no private access to its endpoint")
        zones = set()
        for identity in where["subnetIds"]:
            subnet = references.subnet(self.current_account, self.region, identity)
            if subnet is None:
                raise _invalid(f"The subnet {identity} does not exist")
            zones.add(subnet.availability_zone)
        if len(zones) < _ZONES:
            raise _invalid("Subnets must be in at least two availability zones")
        for identity in where.get("securityGroupIds") or ():
            if references.security_group(self.current_account, self.region, identity) is None:
                raise _invalid(f"The security group {identity} does not exist")

    def _insist_on_destination(self, destination: Record) -> None:
        arn = (destination.get("ampConfiguration") or {}).get("workspaceArn")
        if arn is None:
            return
        found = next((one for one in self.amp_backend.workspaces.values() if one.arn == arn), None)
        if found is None:
            raise _invalid(f"The workspace {arn} does not exist in {self.region}")
        self.amp_backend.tag_resource(arn, {_MARK: ""})


def scrapers(account: str, region: str) -> dict[str, Record]:
    """Return the collectors of a region by their ids."""
    kept: dict[str, Record] = vars(amp_backends[account][region]).setdefault(_SCRAPERS, {})
    return kept


def _invalid(what: str) -> JsonRESTError:
    return JsonRESTError("ValidationException", what)


def _document(blob: str, holding: str) -> Record:
    """Return a YAML document of bytes in base64; refuses what is none, or does not hold what it must."""
    try:
        found = yaml.safe_load(base64.b64decode(blob))
    except yaml.YAMLError as error:
        raise _invalid(f"The document is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict) or not found.get(holding):
        raise _invalid(f"The document has no {holding}")
    return found


def _insist_on_rules(blob: str) -> None:
    for group in _document(blob, "groups")["groups"]:
        for rule in group.get("rules") or ():
            if not rule.get("expr") or ("alert" in rule) == ("record" in rule):
                raise _invalid(f"A rule of group {group.get('name')} needs expr, and either alert or record")


def _insist_on_alert_manager(blob: str) -> None:
    text = str(_document(blob, "alertmanager_config")["alertmanager_config"])
    within = base64.b64encode(text.encode()).decode()
    receivers = {one.get("name"): one for one in _document(within, "receivers")["receivers"]}
    if _document(within, "route")["route"].get("receiver") not in receivers:
        raise _invalid("The route's receiver is not among the receivers")
    for name, receiver in receivers.items():
        if set(receiver) - {"name", "sns_configs"}:
            raise _invalid(f"Receiver {name}: Amazon SNS is the only receiver")
        for topic in receiver.get("sns_configs") or ():
            if not topic.get("topic_arn") or not (topic.get("sigv4") or {}).get("region"):
                raise _invalid(f"Receiver {name} needs a topic_arn, and a region in sigv4")


def _insist_on_scrape_configuration(blob: str) -> None:
    said = _document(blob, "scrape_configs")
    for part in (said.get("global") or {}, *said["scrape_configs"]):
        if _seconds(str(part.get("scrape_interval", "1m"))) < _SHORTEST_SECONDS:
            raise _invalid(f"scrape_interval must be {_SHORTEST_SECONDS}s or more")


def _seconds(duration: str) -> float:
    """Return a duration of Prometheus, as `1h30m`, in seconds."""
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)(ms|[smhd])", duration))


def install() -> None:
    """Let moto's service answer with the additions; doing it again changes nothing."""
    paths = itertools.chain((f"{{0}}/{path}$" for path in _PATHS), list(urls.url_paths))
    urls.url_paths.update(dict.fromkeys(paths, Additions.dispatch))
