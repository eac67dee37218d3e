"""A plugin for the tests of the server: it answers with what it was asked, and fails in every way there is."""

import threading
import time

from infra.sandbox.plugins.differences import differences
from infra.sandbox.plugins.provider import (
    Difference,
    Failure,
    PartialFailure,
    Properties,
    Provider,
    ProviderError,
    Resource,
    State,
)
from infra.sandbox.plugins.server import serve
from infra.sandbox.plugins.values import Secret


class Echo(Provider):
    name = "echo"

    def __init__(self) -> None:
        self._together = threading.Barrier(64)

    def check(
        self, resource: Resource, old: Properties, new: Properties, seed: bytes
    ) -> tuple[Properties, list[Failure]]:
        failures = [Failure(name, "is bad") for name in new if name.startswith("bad")]
        failures += [Failure(f"{name}[0]", "is bad") for name in new if name.startswith("inside")]
        return {**new, "seed": seed.hex()}, failures

    def diff(
        self,
        resource: Resource,
        id: str,  # noqa: A002
        old_inputs: Properties,
        outputs: Properties,
        new: Properties,
    ) -> Difference:
        changes = differences(old_inputs, new)
        return Difference(changes=changes, replace=frozenset(path for path in changes if path.startswith("fixed")))

    def create(self, resource: Resource, inputs: Properties, *, preview: bool) -> tuple[str, Properties]:
        match resource.name:
            case "meet":  # answers once 64 requests are here at the same time
                self._together.wait(timeout=30)
            case "slow":
                time.sleep(1)
            case "stuck":
                threading.Event().wait()
            case "partial":
                raise PartialFailure(
                    "half done", id="left", outputs={"secret": Secret("s")}, inputs=inputs, reasons=["one", "two"]
                )
            case "refused":
                raise ProviderError("no: é\n%s {} second line")
        return f"id of {resource.name}", inputs

    def read(self, resource: Resource, id: str, inputs: Properties, outputs: Properties) -> State | None:  # noqa: A002
        return None if id == "gone" else State(id=id, outputs=outputs, inputs=inputs)

    def update(
        self,
        resource: Resource,
        id: str,  # noqa: A002
        old_inputs: Properties,
        outputs: Properties,
        new: Properties,
        *,
        preview: bool,
    ) -> Properties:
        return new

    def delete(self, resource: Resource, id: str, inputs: Properties, outputs: Properties) -> None:  # noqa: A002
        """Nothing: it keeps nothing."""

    def configure(self, config: Properties) -> None:
        if config.get("password") == "wrong":
            raise ProviderError("refused settings")


if __name__ == "__main__":
    serve(Echo(), "1.2.3")
