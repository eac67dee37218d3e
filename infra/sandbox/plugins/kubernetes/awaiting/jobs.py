"""Jobs: whether they are over, and what their pods said before they were gone."""

from infra.sandbox.plugins.kubernetes.awaiting.reports import pods
from infra.sandbox.plugins.kubernetes.awaiting.verdict import Verdict
from infra.sandbox.plugins.kubernetes.awaiting.workloads import job
from infra.sandbox.plugins.kubernetes.client import ApiClient, Object


class JobCheck:
    """Judges one Job. A pod of one that is past its deadline is deleted, so its troubles are kept from before."""

    def __init__(self, client: ApiClient) -> None:
        """Prepare."""
        self._client = client
        self._seen: list[str] = []

    def __call__(self, live: Object) -> Verdict:
        """Judge the Job as it is now."""
        verdict = job(live)
        if verdict.ready:
            return verdict
        self._seen = pods(self._client, live) or self._seen
        reasons = [*verdict.reasons, *(self._seen if verdict.failed else [])]
        return Verdict(ready=False, failed=verdict.failed, reasons=reasons)
