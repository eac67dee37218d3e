"""What every case begins with, applied: resources of the types that our own stacks declare, well kept.

Owns their collection. Leaves what they say to the modules beside it, one for each place where they are.
"""

from functools import cache

from tests.gate.corpus.base_cloud import add_cloud
from tests.gate.corpus.base_cluster import add_cluster
from tests.gate.corpus.base_server import add_server
from tests.gate.corpus.declaring import Program


def base() -> Program:
    """Return it, to be changed."""
    return _base().copied()


@cache
def _base() -> Program:
    program = Program()
    add_cloud(program)
    add_cluster(program)
    add_server(program)
    program.add("output", "address", {"value": "https://app.example.tenantry.example"})
    return program
