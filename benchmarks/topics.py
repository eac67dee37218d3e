"""Creations through the offline aws plugin, 64 at once: `python -m benchmarks.topics`.

The promise is 100 a second for cheap types on 2 cores (issue 4). An SNS topic is such a type: one call makes it, two
read it back. It runs in a cloud of its own, deleted at the end. The plugin is asked as the engine asks it; the engine's
own share is left out, the asking side's is in it.
"""

import os
import shutil
import statistics
from concurrent.futures import ThreadPoolExecutor

from benchmarks.rows import Row, timed
from infra.sandbox.cloud.service import Cloud
from infra.sandbox.instance import create
from tests.plugins.client import Object, Plugin, running

PROMISED = 100.0  # creations a second
COUNT = 1000
_RUNS = 3  # their median counts
_PARALLEL = 64
_TOPIC = "aws:sns/topic:Topic"


def measure() -> list[Row]:
    """Return the row of creations a second."""
    instance = create(f"bench-topics-{os.getpid()}")
    cloud = Cloud(instance)
    try:
        cloud.start(lambda _line: None)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with running("infra.sandbox.plugins.aws", environment | cloud.environment()) as plugin:
            plugin.configure(region="eu-west-1")
            rates = [_rate(plugin, f"run-{run}") for run in range(_RUNS)]
    finally:
        cloud.stop()
        shutil.rmtree(instance.directory, ignore_errors=True)
    what = f"{COUNT} SNS topics through the aws plugin, 64 at once, median of {_RUNS}"
    rate, limit = statistics.median(rates), f"{PROMISED:.0f} creates/s"
    return [Row(what, f"{rate:.0f} creates/s", limit, "python -m benchmarks.topics", kept=rate >= PROMISED)]


def _rate(plugin: Plugin, prefix: str) -> float:
    def make(number: int) -> str:
        return Object(plugin, _TOPIC, f"{prefix}-{number}").create().id

    make(COUNT)  # loads the service on both sides
    with ThreadPoolExecutor(_PARALLEL) as pool:
        seconds, made = timed(lambda: set(pool.map(make, range(COUNT))))
    assert len(made) == COUNT
    return COUNT / seconds


if __name__ == "__main__":
    for row in measure():
        print(*row.cells(), sep="\t")  # noqa: T201
