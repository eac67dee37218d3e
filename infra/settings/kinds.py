"""Domain types of settings: each an annotated plain type with the rule it obeys and a one-line meaning."""

import datetime
import ipaddress
import itertools
import re
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic.fields import FieldInfo

from infra.cidr import misfit
from infra.naming import SLUG_LENGTH
from infra.settings import database_names, regions, route_kinds, schedule, sizes, tenant_kinds, time_zones, versions

_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
_WEEKDAY = "(mon|tue|wed|thu|fri|sat|sun)"
_LARGEST_INTERNET_BLOCK = 16  # ours: 65,536 addresses are more than an office or a runner fleet has
_NOT_INTERNET = [
    ipaddress.IPv4Network(text)
    for text in ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
]


def _network(text: str) -> str:
    """Return a network's text.

    Raises:
        ValueError: it is none, or has bits beyond its length.
    """
    try:
        ipaddress.IPv4Network(text)
    except ValueError:
        raise ValueError(
            "an IPv4 network in CIDR notation, as `10.20.0.0/16`, without bits beyond its length"
        ) from None
    return text


def _vpc_block(text: str) -> str:
    """Return a VPC block's text.

    Raises:
        ValueError: it is too large or too small, or not private.
    """
    wrong = misfit(ipaddress.IPv4Network(text))
    if wrong:
        raise ValueError(wrong)
    return text


def _internet_block(text: str) -> str:
    """Return a network's text.

    Raises:
        ValueError: it is everybody, too much of the internet, or not a part of it.
    """
    network = ipaddress.IPv4Network(text)
    if network.prefixlen == 0:
        raise ValueError("everybody; name the networks of offices and runners, or none: then it answers inside only")
    if any(network.overlaps(inside) for inside in _NOT_INTERNET):
        raise ValueError("not a part of the internet; private networks are peered or come in by VPN")
    if network.prefixlen < _LARGEST_INTERNET_BLOCK:
        raise ValueError(f"too much of the internet; give networks of /{_LARGEST_INTERNET_BLOCK} or smaller")
    return text


def _utc_moment(value: object) -> datetime.datetime:
    """Return a moment as it is written, or as YAML and Pulumi read it when it has no quotes.

    Raises:
        ValueError: it is none, not in UTC, has parts of a second, or is outside 2000 to 2199.
    """
    # PyYAML makes a time of it, Pulumi a text.
    text = value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime.datetime) else str(value)
    text = re.sub(r"^(\S+) (\S+) \+0000 UTC$", r"\1T\2Z", text)
    try:
        if re.fullmatch(r"2[01]\d{2}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", text):
            return datetime.datetime.fromisoformat(text)
    except ValueError:
        pass  # no such day or hour
    raise ValueError("a moment in UTC, to the second, as `2026-11-01T00:00:00Z`") from None


def _node_type(text: str) -> str:
    return _known("nodes", "an EC2 instance type", text)


def _database_class(text: str) -> str:
    return _known("databases", "an RDS instance class for PostgreSQL", text)


def _known(table: sizes.Table, kind: str, name: str) -> str:
    """Return the name of an instance type.

    Raises:
        ValueError: there is none of that name.
    """
    if sizes.find(table, name) is None:
        near = sizes.nearest(table, name)
        raise ValueError(f"not {kind} that is known here" + (f"; did you mean {near}?" if near else ""))
    return name


Slug = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$", max_length=SLUG_LENGTH),
    Field(description="Lower-case letters, digits and dashes; begins with a letter, ends without a dash."),
]

ServiceName = Annotated[Slug, Field(max_length=38)]
"""An IAM role's name has 64 characters at most (IAM user guide, "IAM and AWS STS quotas"), of which
`cluster-pods-SERVICE-role-` and the provider's seven take 26."""

PoolName = Annotated[Slug, Field(max_length=30)]
"""A node group's name has 63 characters at most (API reference of CreateNodegroup), of which `cluster-POOL-ZONE-`, the
longest zone and the provider's seven take 32."""

AwsName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=3, max_length=30),
    Field(description="Lower-case letters, digits and single dashes between them; begins with a letter."),
]
"""What names in AWS begin with. Trails have 3 characters at least (API reference of CreateTrail), neither they nor
databases two dashes in a row (that of CreateDBInstance); that 30 are the most is ours."""

ImageDigest = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9./:_-]*@sha256:[0-9a-f]{64}$", max_length=512),
    Field(description="An image by digest, as `registry/name@sha256:...`; a tag can move, a digest cannot."),
]

Fqdn = Annotated[
    str,
    StringConstraints(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", max_length=253
    ),
    Field(description="A whole host name, as `shop.example.com`: lower-case, without a dot at its end."),
]

Duration = Annotated[
    str,
    StringConstraints(pattern=r"^[1-9][0-9]{0,5}[smhd]$"),
    Field(description="A length of time: a whole number and a unit, as `30s`, `15m`, `12h` or `7d`."),
]
"""`infra.units.seconds` reads it."""

Memory = Annotated[
    str,
    StringConstraints(pattern=r"^[1-9][0-9]{0,6}(Mi|Gi|Ti)$"),
    Field(description="Memory: a whole number and a unit, as `512Mi` or `8Gi`."),
]
"""`infra.units.mebibytes` reads it."""

Cpu = Annotated[
    str,
    StringConstraints(pattern=r"^[1-9][0-9]{0,5}m?$"),
    Field(description="Processors, in quotes: whole ones as `2`, or thousandths as `250m`."),
]
"""`infra.units.millicores` reads it. No fractions: Kubernetes would write them back as thousandths."""

Percent = Annotated[int, Field(ge=0, le=100, description="A share of a hundred: 0 to 100, without a percent sign.")]

CronSchedule = Annotated[
    str,
    StringConstraints(max_length=100),
    AfterValidator(schedule.checked),
    Field(description="When: minute, hour, day of the month, month, weekday, as `0 2 * * *`."),
]

TimeZone = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$", max_length=64),
    AfterValidator(time_zones.checked),
    Field(description="A time zone of the IANA database, as `Etc/UTC` or `Europe/Berlin`."),
]

Port = Annotated[int, Field(ge=1, le=65535, description="A TCP port.")]

HttpPath = Annotated[
    str,
    StringConstraints(pattern=r"^/[^\s?#]*$", max_length=256),
    Field(description="An absolute HTTP path without query, as `/api/health`."),
]

VariableName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=64),
    Field(description="An environment variable: upper-case letters, digits and underscores; begins with a letter."),
]

ConfigurationValue = Annotated[
    str, StringConstraints(max_length=4096), Field(description="Text; numbers, `true` and `false` in quotes.")
]

AcmeServer = Annotated[
    str,
    StringConstraints(pattern=r"^https://[a-z0-9.-]+(/[A-Za-z0-9._/-]*)?$", max_length=253),
    Field(description="An ACME directory, as `https://acme-v02.api.letsencrypt.org/directory`."),
]

DatabaseName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=database_names.LONGEST),
    AfterValidator(database_names.checked),
    Field(description="A PostgreSQL name that needs no quotes: lower-case letters, digits and underscores."),
]

Cidr = Annotated[
    str,
    StringConstraints(pattern=r"^([0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}$", max_length=18),
    AfterValidator(_network),
    Field(description="An IPv4 network in CIDR notation, as `10.20.0.0/16`."),
]

VpcBlock = Annotated[Cidr, AfterValidator(_vpc_block)]
"""A private network of /16 to /20 (`infra.cidr`)."""

InternetBlock = Annotated[Cidr, AfterValidator(_internet_block)]
"""Public addresses, /16 or smaller: of offices and runners, not of half the world."""

AwsService = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)?$", max_length=64),
    Field(description="An AWS service as VPC endpoints name it, without `com.amazonaws.REGION`: `sts`, `ecr.api`."),
]

LabelKey = Annotated[
    str,
    StringConstraints(pattern=r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"),
    Field(description="A Kubernetes label's key, as `example.com/purpose`: 63 characters at most behind the slash."),
]

LabelValue = Annotated[
    str,
    StringConstraints(pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$"),
    Field(description="A Kubernetes label's value: letters, digits, dots, dashes and underscores, 63 at most."),
]

AwsRegion = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2,4}(-[a-z]+)+-[0-9]$", max_length=32),
    AfterValidator(regions.checked),
    Field(description="An AWS region, as `eu-central-1`."),
]

AwsZone = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2,4}(-[a-z]+)+-[0-9][a-z]$", max_length=33),
    Field(description="An availability zone, as `eu-central-1a`."),
]

AwsAccountId = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{12}$"),
    Field(description="An AWS account's number: twelve digits, in quotes."),
]

PrincipalArn = Annotated[
    str,
    StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_/-]+$", max_length=2048),
    Field(description="An IAM role's or user's ARN, as `arn:aws:iam::123456789012:role/operators`; not a session's."),
]

SecurityGroupId = Annotated[
    str,
    StringConstraints(pattern=r"^sg-[0-9a-f]{8,17}$"),
    Field(description="A security group, as `sg-0123456789abcdef0`."),
]

RepositoryName = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*$", min_length=2, max_length=200
    ),
    Field(description="Lower-case letters and digits, joined by single dots, dashes, underscores and slashes."),
]

KubernetesVersion = Annotated[
    str,
    StringConstraints(pattern=r"^1\.[0-9]{2}$"),
    AfterValidator(versions.kubernetes),
    WithJsonSchema({"type": "string", "enum": list(versions.KUBERNETES)}),
    Field(description="A Kubernetes version without patch, as `1.34`, in quotes."),
]

PostgresqlVersion = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{1,2}(\.[0-9]{1,2})?$"),
    AfterValidator(versions.postgresql),
    WithJsonSchema({"type": "string", "enum": [*versions.POSTGRESQL, *itertools.chain(*versions.POSTGRESQL.values())]}),
    Field(description="A version as `18` or `18.1`, in quotes; without its second part it takes minor upgrades."),
]

CacheVersion = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]\.[0-9]$"),
    WithJsonSchema({"type": "string", "enum": sorted(itertools.chain(*versions.CACHES.values()))}),
    Field(description="A version of two parts, as `8.1`, in quotes."),
]

Email = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9._%+-]+@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$", max_length=254),
    Field(description="An e-mail address, as `oncall@example.com`; the part behind the `@` in lower case."),
]

Ec2Type = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$", max_length=32),
    AfterValidator(_node_type),
    Field(description="An EC2 instance type, as `m7i.large`."),
]

DatabaseClass = Annotated[
    str,
    StringConstraints(pattern=r"^db\.[a-z][a-z0-9]*\.[a-z0-9]+$", max_length=32),
    AfterValidator(_database_class),
    Field(description="An RDS instance class, as `db.r8g.large`."),
]

CacheType = Annotated[
    str,
    StringConstraints(pattern=r"^cache\.[a-z][a-z0-9]*\.[a-z0-9]+$", max_length=32),
    Field(description="An ElastiCache node type, as `cache.r7g.large`."),
]

SecretName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]([a-z0-9_]*[a-z0-9])?$", max_length=SLUG_LENGTH),
    Field(description="Lower-case letters, digits and underscores; begins with a letter, ends without an underscore."),
]

FlagName = SecretName
"""A feature flag's: services ask for it by this name, so it reads like one of their own."""

UtcMoment = Annotated[
    datetime.datetime,
    BeforeValidator(_utc_moment),
    WithJsonSchema({"type": "string", "pattern": r"^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$"}),
    Field(description="A moment in UTC, to the second, as `2026-11-01T00:00:00Z`; with or without quotes."),
]

DailyWindow = Annotated[
    str,
    StringConstraints(pattern=f"^{_CLOCK}-{_CLOCK}$"),
    Field(description="A window of each day in UTC, as `02:00-03:00`."),
]

WeeklyWindow = Annotated[
    str,
    StringConstraints(pattern=f"^{_WEEKDAY}:{_CLOCK}-{_WEEKDAY}:{_CLOCK}$"),
    Field(description="A window of the week in UTC, as `sun:04:00-sun:05:00`."),
]

SnapshotName = Annotated[
    str,
    StringConstraints(
        pattern=r"^((arn:aws[a-z-]*:rds:[a-z0-9-]+:[0-9]{12}:snapshot:)?(rds:)?[A-Za-z](-?[A-Za-z0-9])*)$",
        max_length=512,
    ),
    Field(description="A database snapshot's identifier, as `before-migration`, or its ARN."),
]

BackupsArn = Annotated[
    str,
    StringConstraints(pattern=r"^arn:aws[a-z-]*:rds:[a-z0-9-]+:[0-9]{12}:auto-backup:ab-[a-z0-9]+$", max_length=256),
    Field(description="Automated backups, as `arn:aws:rds:REGION:ACCOUNT:auto-backup:ab-...`."),
]

StackName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100),
    Field(description="A stack of this project: letters, digits, dots, dashes and underscores."),
]

LogRetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""CloudWatch Logs keeps a log group for one of these periods (its API reference, PutRetentionPolicy)."""

Plan = Literal["free", "pro", "enterprise"]
Isolation = Literal["pool", "schema", "database"]
Slot = Literal["blue", "green"]
SslMode = Literal["require", "verify-ca", "verify-full"]


def meanings_by_pattern() -> dict[str, str]:
    """Return the one-line meaning of each type that has a pattern; users read it instead of the pattern."""
    meanings: dict[str, str] = {}
    for kind in [
        *globals().values(),
        *vars(route_kinds).values(),
        *vars(tenant_kinds).values(),
    ]:  # so that none can be forgotten
        parts: tuple[Any, ...] = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
        patterns = [part.pattern for part in parts if isinstance(part, StringConstraints) and part.pattern]
        if patterns:
            meanings[str(patterns[0])] = next(part.description or "" for part in parts if isinstance(part, FieldInfo))
    return meanings
