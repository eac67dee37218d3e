"""Ten thousand tenants, read and checked: `python -m benchmarks.tenants`.

The promise is 2 s for 10,000 (issue 7). Each of them has all that a tenant commonly has: a name, a domain, a ring, a
contact, and one in three a lifecycle, features and a quota. Counted is the CPU time of this process, so that other work
of the machine changes nothing; it needs no other process and waits for nothing.
"""

import statistics
import tempfile
import time
from pathlib import Path

import yaml

from benchmarks.rows import Row
from infra.settings import SETTINGS_KEY, stack_file, tenant_file
from infra.settings.checking import any_settings_of
from infra.tenancy.tenant_edit import Text, added

COUNT = 10_000
PROMISED = 2.0  # seconds of CPU
_RUNS = 3  # their median counts
_STACK = "bench"
_PLANS = ("free", "pro", "enterprise")
_IMAGE = "registry.tenantry.invalid/tools@sha256:" + "6" * 64
_SETTINGS = {
    "cluster": {"existing": {"context": "none"}},
    "database": {"existing": {}},
    "flags": {"ai_forecasting": {"on": True, "plans": ["enterprise"]}},
    "tenancy": {"lifecycle": {"image": _IMAGE}},
}


def measure() -> list[Row]:
    """Return the rows of reading and of adding one."""
    with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as folder:
        source = Path(folder) / f"Pulumi.{_STACK}.yaml"
        source.write_text(yaml.safe_dump({"config": {SETTINGS_KEY: _SETTINGS}}), encoding="utf-8")
        listed = tenant_file.path_of(_STACK, stack_file.read(source).settings, source.parent)
        listed.parent.mkdir(parents=True)
        text = "".join(map(_entry, range(COUNT)))
        listed.write_text(text, encoding="utf-8")
        read = statistics.median(_cpu(source) for _ in range(_RUNS))
    command = "python -m benchmarks.tenants"
    what = f"{COUNT:,} tenants read and checked with their stack, CPU, median of {_RUNS}"
    started = time.process_time()
    made = added(Text("bench", text), {"slug": "shop-05000-b", "plan": "pro"})
    edited = time.process_time() - started
    assert made.count("\n") == COUNT + 1
    return [
        Row(what, f"{read:.2f} s", f"{PROMISED:.1f} s", command, kept=read <= PROMISED),
        Row(f"one tenant added to the text of {COUNT:,}, CPU", f"{edited:.2f} s", "", command),
    ]


def _cpu(source: Path) -> float:
    """Return how many seconds of CPU it takes to read and check a stack with its tenants."""
    started = time.process_time()
    count = len(any_settings_of(source).tenants)
    seconds = time.process_time() - started
    assert count == COUNT
    return seconds


def _entry(number: int) -> str:
    plan = _PLANS[number % len(_PLANS)]
    fields = [
        f"slug: shop-{number:05}",
        f'name: "Shop No. {number}, the one & only"',
        f"plan: {plan}",
        f"domains: [www.shop-{number:05}.example.com]",
        f"ring: {('early', 'standard', 'late')[number // 3 % 3]}",
        f"contacts: [owner-{number:05}@example.com]",
    ]
    if plan == "enterprise":
        fields += ["features: { ai_forecasting: false }", 'quota: { connection_limit: 30, cpu: "2" }']
    elif plan == "free":
        fields += ["lifecycle: { state: trial, ends: 2027-01-01T00:00:00Z }"]
    return f"- {{ {', '.join(fields)} }} # since {2000 + number % 27}\n"


if __name__ == "__main__":
    for row in measure():
        print(*row.cells(), sep="\t")  # noqa: T201
