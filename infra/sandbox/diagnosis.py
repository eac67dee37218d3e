"""What `tenantry doctor` finds: is everything there, does it run, and the command that mends what does not."""

import shutil
import sys

from infra.errors import TenantryError
from infra.findings import Finding
from infra.paths import PROJECT_ROOT, SANDBOX_ROOT
from infra.sandbox import engine, lifecycle
from infra.sandbox import instance as instances
from infra.sandbox.instance import Instance
from infra.sandbox.plugins import installation
from infra.settings import checking

_FREE_GIB = 8  # an empty build needs 6 GB of Go build cache and 0.6 GB of binaries (measured)


def examine() -> list[Finding]:
    """Look at everything, and return one finding each."""
    return [_python(), _space(), *_engine(), *_plugins(), *_stack_files(), *_instances()]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer, then `make up`")


def _space() -> Finding:
    free = shutil.disk_usage(PROJECT_ROOT).free / 2**30
    return Finding("disk space", free >= _FREE_GIB, f"{free:.0f} GiB free", f"free {_FREE_GIB} GiB on this disk")


def _engine() -> list[Finding]:
    return [Finding(part.name, part.ok, part.detail, part.remedy) for part in engine.status()]


def _plugins() -> list[Finding]:
    findings = []
    for package in installation.RESOURCE_PLUGINS:
        try:
            findings.append(Finding(f"plugin {package}", True, f"v{installation.version_of(package)}, offline"))
        except TenantryError as error:
            findings.append(Finding(f"plugin {package}", False, error.what, error.remedy))
    return findings


def _stack_files() -> list[Finding]:
    return [
        Finding(file, not faults, "; ".join(map(str, faults)) or "valid", "tenantry config check, and mend its lines")
        for file, faults in checking.check().items()
    ]


def _instances() -> list[Finding]:
    names = instances.names()
    if not names:
        return [Finding("sandbox", False, f"no instance in {SANDBOX_ROOT.name}", "make up")]
    return [_instance(name) for name in names]


def _instance(name: str) -> Finding:
    subject = f"sandbox {name}"
    try:
        instance = instances.load(name)
    except TenantryError as error:
        return Finding(subject, False, f"{error.what}, {error.where}", error.remedy)
    if instance is None:
        return Finding(subject, True, "deleted a moment ago")
    rows = lifecycle.status(instance)
    if not any(row.running for row in rows):
        return Finding(subject, True, f"stopped; `{_start(instance)}` starts it")
    bad = [f"{row.name} {row.detail or 'stopped'}" for row in rows if not row.healthy]
    detail = "; ".join(bad) if bad else f"{len(rows)} server{'s' * (len(rows) != 1)} healthy"
    return Finding(subject, not bad, detail, _start(instance))


def _start(instance: Instance) -> str:
    """Return the command that starts an instance, whose stack need not be called as it is."""
    stacks = sorted(path.name.split(".")[1] for path in (instance.directory / "pulumi").glob("Pulumi.*.yaml"))
    if not stacks or instance.name in stacks:
        return f"tenantry sandbox up {instance.name}"
    return f"tenantry sandbox up {stacks[0]} --instance {instance.name}"
