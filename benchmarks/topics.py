"""Creations through the offline aws plugin, 64 at once: `python -m benchmarks.topics`.

The promise is 100 a second for cheap types, and 300 MB for the idle plugin and cloud together, on 2 cores (issue 4). An
SNS topic is such a type: one call makes it, two read it back. It runs in a cloud of its own, deleted at the end. The
plugin is asked as the engine asks it; the engine's own share is left out.
"""

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import psutil

from infra.sandbox.cloud.service import Cloud
from infra.sandbox.instance import create
from tests.plugins.client import Object, Plugin, running

PROMISED = 100.0  # creations a second
COUNT = 1000
_PARALLEL = 64
_TOPIC = "aws:sns/topic:Topic"


def measure() -> dict[str, float]:
    """Return creations a second as `rate`, and the memory of plugin and cloud in MiB as `memory`."""
    instance = create(f"bench-topics-{os.getpid()}")
    cloud = Cloud(instance)
    try:
        cloud.start(lambda _line: None)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with running("infra.sandbox.plugins.aws", environment | cloud.environment()) as plugin:
            return _measured(plugin, cloud)
    finally:
        cloud.stop()
        shutil.rmtree(instance.directory, ignore_errors=True)


def _measured(plugin: Plugin, cloud: Cloud) -> dict[str, float]:
    plugin.configure(region="eu-west-1")

    def make(number: int) -> str:
        return Object(plugin, _TOPIC, f"topic-{number}").create().id

    make(COUNT)  # loads the service on both sides
    server = cloud.instance.daemon("cloud").process()
    assert server is not None
    memory = sum(process.memory_full_info().pss for process in (server, psutil.Process(plugin.process.pid)))
    start = time.monotonic()
    with ThreadPoolExecutor(_PARALLEL) as pool:
        made = set(pool.map(make, range(COUNT)))
    seconds = time.monotonic() - start
    assert len(made) == COUNT
    return {"rate": round(COUNT / seconds, 1), "memory": round(memory / 2**20, 1)}


if __name__ == "__main__":
    print(measure())  # noqa: T201
