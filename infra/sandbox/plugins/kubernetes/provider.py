"""The provider: each request of the engine, in terms of the modules beside it."""

import contextlib
from collections.abc import Mapping
from typing import Any

from infra.sandbox.plugins.differences import differences, join
from infra.sandbox.plugins.kubernetes import naming, replacing, secrets
from infra.sandbox.plugins.kubernetes.applying import CONFLICT, NOT_FOUND, Applier, conclusive
from infra.sandbox.plugins.kubernetes.awaiting.verdict import READY
from infra.sandbox.plugins.kubernetes.awaiting.waiting import NotReady, Waiter
from infra.sandbox.plugins.kubernetes.awaiting.workloads import job
from infra.sandbox.plugins.kubernetes.client import ApiClient, ApiError, Object, Unreachable
from infra.sandbox.plugins.kubernetes.discovery import Discovery, Endpoint
from infra.sandbox.plugins.kubernetes.ignoring import without_ignored
from infra.sandbox.plugins.kubernetes.kinds import Kind, is_list, kind_of
from infra.sandbox.plugins.kubernetes.kubeconfig import Target, select
from infra.sandbox.plugins.kubernetes.manifests import (
    PATCH_FORCE,
    PROPAGATION,
    REPLACE_UNREADY,
    REPLACED_BY,
    annotation,
    from_server,
    identity,
    manifest,
    normalized,
    peek,
    split_identity,
    with_metadata,
    without_servers_own,
)
from infra.sandbox.plugins.kubernetes.reading import observed
from infra.sandbox.plugins.kubernetes.settings import Settings, failures, parse
from infra.sandbox.plugins.kubernetes.states import Subject
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
from infra.sandbox.plugins.values import Value, has_unknown

_REGISTRATION = 15.0  # seconds that a kind may take to be served after its CRD was made
_SCHEMA_WORDS = "failed to create typed patch object"


class KubernetesProvider(Provider):
    """Every kind of object of one cluster."""

    name = "kubernetes"

    def __init__(self) -> None:
        """Start unconfigured."""
        self._settings = Settings()
        self._autonaming = naming.Autonaming()

    def check_config(self, inputs: Properties) -> list[Failure]:
        """Refuse settings that this plugin leaves out."""
        return failures({key: peek(value) for key, value in inputs.items()})

    def diff_config(self, old: Properties, new: Properties) -> Difference:
        """Replace every resource when the settings lead to another cluster."""
        changes = differences(old, new)
        names = {"kubeconfig", "context", "cluster"} & {path.split(".")[0] for path in changes}
        before, after = peek(old, "clusterIdentifier"), peek(new, "clusterIdentifier")
        if before and after:
            moved = {"clusterIdentifier"} if before != after else set()
        else:
            moved = names if names and _cluster(old) != _cluster(new) else set()
        return Difference(changes=changes, replace=frozenset(path for path in changes if path.split(".")[0] in moved))

    def configure(self, config: Properties) -> None:
        """Read the kubeconfig; the cluster itself is first contacted when a resource needs it."""
        self._settings = parse(config)
        target = select(self._settings.kubeconfig, self._settings.context, self._settings.cluster)
        self._namespace = self._settings.namespace or target.namespace
        self._client = ApiClient(target, self._settings.timeout)
        self._discovery = Discovery(self._client)
        self._applier = Applier(
            self._client, self._discovery, force=self._settings.patch_force, upsert=self._settings.upsert
        )
        self._waiter = Waiter(self._client)

    def check(
        self, resource: Resource, old: Properties, new: Properties, seed: bytes
    ) -> tuple[Properties, list[Failure]]:
        """Fill in version, kind, name and namespace, and mark the data of Secrets."""
        if old and self._settings.skip_update_unreachable and not self._reachable():
            return old, []
        kind = kind_of(resource.type, new)
        if is_list(kind):
            raise ProviderError(
                "list resources exist for manifests only and cannot be created; use the resources in the list"
            )
        inputs = normalized(new, kind)
        if wrong := naming.failures(inputs, patch=kind.patch):
            return inputs, wrong
        if not peek(inputs, "metadata", "namespace") and self._namespaced(kind):
            inputs = with_metadata(inputs, {"namespace": self._namespace})
        namespace = peek(inputs, "metadata", "namespace")
        inputs = self._autonaming.named(
            resource.urn, resource.name, old, inputs, lambda name: self._successor(kind, namespace, name)
        )
        return secrets.mark_inputs(inputs, kind), []

    def diff(
        self, resource: Resource, id: str, old_inputs: Properties, outputs: Properties, new: Properties
    ) -> Difference:
        """Compare the inputs, and ask the API server whether the change is possible in place."""
        kind = kind_of(resource.type, new)
        namespaced = self._namespaced(kind)
        before, after = _comparable(old_inputs, namespaced), _comparable(new, namespaced)
        changes = differences(before, after)
        replace = replacing.forced(kind, new, self._settings, changes)
        if changes and not replace and not kind.patch:
            replace = self._refused(resource, kind, outputs, new, frozenset(changes))
        if annotation(new, REPLACE_UNREADY) == "true" and kind.name == "Job" and not self._is_ready(kind, id):
            path = join("metadata.annotations", REPLACE_UNREADY)
            changes, replace = {**changes, path: differences({}, {"x": 1})["x"]}, replace | {path}
        name = peek(after, "metadata", "name")
        same = (name, peek(after, "metadata", "namespace")) == (
            peek(before, "metadata", "name"),
            peek(before, "metadata", "namespace"),
        )
        fixed = bool(replace) and same and naming.is_named(new) and not naming.is_autonamed(new)
        return Difference(changes=changes, replace=replace, delete_before_replace=fixed)

    def create(self, resource: Resource, inputs: Properties, *, preview: bool) -> tuple[str, Properties]:
        """Apply the object unless somebody else's has its name, and wait until it does its work."""
        kind = kind_of(resource.type, inputs)
        manager = naming.field_manager(resource.urn, inputs, {})
        if preview:
            return "", self._preview(resource, kind, inputs, manager)
        try:
            endpoint = self._endpoint(kind)
            body = manifest(inputs, namespaced=endpoint.namespaced)
            force = annotation(inputs, PATCH_FORCE) == "true"
            if kind.patch:
                live = self._applier.apply(endpoint, body, manager, force=force)
            else:
                self._mark_predecessor(resource, endpoint, body)
                live = self._applier.create(endpoint, body, manager, force=force)
        except ApiError as error:
            what = f'resource "{resource.urn}" was not successfully created by the Kubernetes API server'
            raise _failure(what, error, inputs) from error
        return identity(live), self._awaited(resource, Subject(kind, endpoint, manager), live, inputs)

    def read(self, resource: Resource, id: str, inputs: Properties, outputs: Properties) -> State | None:
        """Return the object with the inputs that it stands for now."""
        try:
            return self._read(resource, id, inputs, outputs)
        except Unreachable:
            if self._settings.delete_unreachable:
                return None
            if self._settings.skip_update_unreachable:
                return State(id=id, outputs=outputs, inputs=inputs)
            raise

    def update(
        self,
        resource: Resource,
        id: str,
        old_inputs: Properties,
        outputs: Properties,
        new: Properties,
        *,
        preview: bool,
    ) -> Properties:
        """Apply the new inputs and wait until the object does its work."""
        kind = kind_of(resource.type, new)
        old_manager = naming.field_manager(resource.urn, old_inputs, outputs)
        manager = naming.field_manager(resource.urn, new, outputs)
        if preview and (has_unknown(new) or self._discovery.find(kind) is None):
            return new
        try:
            endpoint = self._endpoint(kind)
            subject = Subject(kind, endpoint, manager)
            body = self._body(resource, endpoint, new, manager)
            force = annotation(new, PATCH_FORCE) == "true"
            live = self._applier.apply(endpoint, body, manager, force=force, dry=preview)
            if preview:
                return subject.previewed(live, new)
            if manager != old_manager:
                self._applier.relinquish(endpoint, kind, *split_identity(id), old_manager)
        except ApiError as error:
            if preview and not conclusive(error):
                return new
            raise _failure(f'update of resource "{resource.urn}" failed', error, new, old_inputs) from error
        return self._awaited(resource, subject, live, new)

    def delete(self, resource: Resource, id: str, inputs: Properties, outputs: Properties) -> None:
        """Delete the object and return once it is gone; give the fields up where it is a Patch resource."""
        kind = kind_of(resource.type, outputs)
        namespace, name = split_identity(id)
        try:
            endpoint = self._discovery.find(kind)
            if endpoint is None:
                return  # its CRD is gone, and so is it
            if kind.patch:
                manager = naming.field_manager(resource.urn, inputs, outputs)
                self._applier.relinquish(endpoint, kind, namespace, name, manager)
                return
            live = self._applier.delete(endpoint, namespace, name, _propagation(inputs))
            if live is not None:
                path = endpoint.item(namespace, name)
                self._waiter.until_gone(kind, path, live, inputs, resource.timeout)
        except ApiError as error:
            raise _failure(f'deletion of resource "{resource.urn}" failed', error, inputs, outputs) from error
        except NotReady as error:
            text = "; ".join([f'deletion of resource "{resource.urn}": {error.message}', *error.reasons])
            raise ProviderError(secrets.scrub(text, inputs, outputs)) from error
        except Unreachable:
            if not self._settings.delete_unreachable:
                raise

    def cancel(self) -> None:
        """End every wait."""
        if hasattr(self, "_client"):
            self._client.cancelled.set()

    def close(self) -> None:
        """Close the connections."""
        if hasattr(self, "_client"):
            self._client.close()

    def _preview(self, resource: Resource, kind: Kind, inputs: Properties, manager: str) -> Properties:
        if has_unknown(inputs) or kind.patch:
            return inputs
        try:
            endpoint = self._discovery.find(kind)
            if endpoint is None:
                return inputs  # its CRD may be a part of the same update
            body = manifest(inputs, namespaced=endpoint.namespaced)
            live = self._applier.dry_create(endpoint, body, manager)
        except ApiError as error:
            what = f'resource "{resource.urn}" would not be created by the Kubernetes API server'
            raise _failure(what, error, inputs) from error
        return inputs if live is None else Subject(kind, endpoint, manager).previewed(live, inputs)

    def _successor(self, kind: Kind, namespace: Value, name: str) -> str:
        """Return the name that an interrupted replacement marked an object with."""
        try:
            endpoint = self._discovery.find(kind)
            if endpoint is None or not isinstance(namespace, str | None):
                return ""
            live = self._applier.get(endpoint, namespace or "", name)
        except (ApiError, Unreachable):
            return ""  # whoever cannot look has no interrupted replacement either
        return annotation(live, REPLACED_BY)

    def _mark_predecessor(self, resource: Resource, endpoint: Endpoint, body: Object) -> None:
        predecessor, metadata = self._autonaming.predecessor(resource.urn), body["metadata"]
        if predecessor and predecessor != metadata["name"] and naming.is_autonamed(body):
            mark = {REPLACED_BY: metadata["name"]}
            self._applier.annotate(endpoint, metadata.get("namespace", ""), predecessor, mark)

    def _refused(
        self, resource: Resource, kind: Kind, outputs: Properties, new: Properties, changed: frozenset[str]
    ) -> frozenset[str]:
        """Return the changed paths that the API server calls immutable."""
        if has_unknown(new):
            return frozenset()
        try:
            endpoint = self._discovery.find(kind)
            if endpoint is not None:
                manager = naming.field_manager(resource.urn, new, outputs)
                body = self._body(resource, endpoint, new, manager)
                self._applier.apply(endpoint, body, manager, force=True, dry=True)
        except ApiError as error:
            return replacing.immutable(error, changed)
        except Unreachable:
            return frozenset()  # the update itself will say so
        return frozenset()

    def _body(self, resource: Resource, endpoint: Endpoint, new: Properties, manager: str) -> Object:
        body = manifest(new, namespaced=endpoint.namespaced)
        if not resource.ignore_changes:
            return body
        live = self._applier.get(endpoint, body["metadata"].get("namespace", ""), body["metadata"]["name"])
        return body if live is None else without_ignored(body, resource.ignore_changes, live, manager)

    def _awaited(self, resource: Resource, subject: Subject, live: Object, inputs: Properties) -> Properties:
        """Return the outputs once the object does its work; fail partially when it does not."""
        try:
            live = self._waiter.until_ready(subject.kind, subject.path(live), live, inputs, resource.timeout)
            return subject.outputs(live, inputs)
        except NotReady as error:
            live, problem, reasons = error.live, error.message, error.reasons
        except (ApiError, ProviderError) as error:
            problem, reasons = str(error), []
        problem = f'resource "{resource.urn}" ({subject.kind.name} {identity(live)}) is applied, but {problem}'
        lines = [secrets.scrub(line, inputs) for line in (problem, *reasons)]
        raise PartialFailure(
            "; ".join(lines), id=identity(live), outputs=subject.outputs(live, inputs), inputs=inputs, reasons=lines
        )

    def _read(self, resource: Resource, id: str, inputs: Properties, outputs: Properties) -> State | None:
        kind = kind_of(resource.type, inputs or outputs)
        namespace, name = split_identity(id)
        endpoint = self._discovery.find(kind)
        if endpoint is None:
            return None
        if endpoint.namespaced and not namespace:
            namespace = peek(inputs, "metadata", "namespace") or self._namespace
        try:
            live = self._applier.get(endpoint, namespace, name)
            if live is None:
                return None
            subject = Subject(kind, endpoint, naming.field_manager(resource.urn, inputs, outputs))
            current = self._inputs(subject, live, inputs)
        except ApiError as error:
            raise _failure(f'resource "{resource.urn}" cannot be read', error, inputs, outputs) from error
        try:
            live, verdict = (
                (live, READY) if not inputs else self._waiter.settled(kind, subject.path(live), live, inputs)
            )
        except NotReady:
            return None  # it was deleted just now
        state = State(id=id, outputs=subject.outputs(live, current), inputs=current)
        if not verdict.ready:
            reasons = [secrets.scrub(reason, inputs) for reason in verdict.reasons]
            message = f'resource "{resource.urn}" is not ready: {"; ".join(reasons)}'
            raise PartialFailure(message, id=id, outputs=state.outputs, inputs=state.inputs, reasons=[message])
        return state

    def _inputs(self, subject: Subject, live: Object, inputs: Properties) -> Properties:
        """Return the inputs that a live object stands for."""
        if not inputs:
            return secrets.mark_inputs(from_server(without_servers_own(live)), subject.kind)
        body = applied = manifest(inputs, namespaced=subject.endpoint.namespaced)
        with contextlib.suppress(ApiError):  # not allowed to, or no longer valid: compare with what was sent
            applied = self._applier.apply(subject.endpoint, body, subject.manager, force=True, dry=True)
        return secrets.mark_inputs(observed(inputs, from_server(live), from_server(applied)), subject.kind)

    def _is_ready(self, kind: Kind, id: str) -> bool:
        endpoint = self._discovery.find(kind)
        live = None if endpoint is None else self._applier.get(endpoint, *split_identity(id))
        return live is None or job(live).ready

    def _reachable(self) -> bool:
        try:
            self._client.call("GET", "/version")
        except ApiError:
            return True
        except Unreachable:
            return False
        return True

    def _namespaced(self, kind: Kind) -> bool:
        try:
            known = self._discovery.namespaced(kind)
        except (ApiError, Unreachable):
            known = None
        return known is not False  # a kind whose CRD is still to come most likely is

    def _endpoint(self, kind: Kind) -> Endpoint:
        endpoint = self._discovery.wait_for(kind, _REGISTRATION)
        if endpoint is None:
            text = f"it serves no {kind.name} in {kind.api_version}; create its CustomResourceDefinition first"
            raise ApiError(NOT_FOUND, {"message": text})
        return endpoint


def _cluster(config: Properties) -> Mapping[str, Any] | None:
    try:
        target: Target = select(peek(config, "kubeconfig"), peek(config, "context"), peek(config, "cluster"))
    except ProviderError:
        return None
    return target.cluster


def _comparable(inputs: Properties, namespaced: bool) -> dict[str, Value]:
    namespace = (peek(inputs, "metadata", "namespace") or "default") if namespaced else None
    return with_metadata(inputs, {"namespace": namespace})


def _propagation(inputs: Properties) -> str:
    chosen = annotation(inputs, PROPAGATION).lower()
    return {"orphan": "Orphan", "background": "Background"}.get(chosen, "Foreground")


def _failure(what: str, error: ApiError, *properties: Properties) -> ProviderError:
    message = error.message
    if _SCHEMA_WORDS in message:
        message = message.partition(": ")[2] or message
    if error.status == CONFLICT and error.causes:
        message += f"; set the annotation {PATCH_FORCE} to take the fields over"
    return ProviderError(secrets.scrub(f"{what}: {message}", *properties))
