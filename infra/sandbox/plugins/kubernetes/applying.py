"""Server-side apply: creating, updating, dry runs, giving fields up, deleting.

A create refuses an object that somebody else made, and takes over one that this very resource made before the engine
was killed: its field manager, which follows from the URN, has applied it. Leaves awaiting to `awaiting`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.sandbox.plugins.kubernetes.client import APPLY, ApiClient, ApiError, Object
from infra.sandbox.plugins.kubernetes.discovery import Discovery, Endpoint
from infra.sandbox.plugins.kubernetes.kinds import Kind
from infra.sandbox.plugins.kubernetes.manifests import dig

NOT_FOUND, CONFLICT, FORBIDDEN, BAD_REQUEST, NOT_ALLOWED = 404, 409, 403, 400, 405

_TRIES = 5  # as the official plugin: a namespace or CRD that is being created beside this object
_OWN_PREFIXES = ("kubectl", "before-first-apply", "pulumi-kubernetes", "pulumi-resource-kubernetes")
"""Managers whose fields an update takes over, as the official plugin does: a person's kubectl, and Pulumi itself."""


class Applier:
    """Writes objects of one API server."""

    def __init__(self, client: ApiClient, discovery: Discovery, *, force: bool, upsert: bool) -> None:
        """Prepare.

        Args:
            client: the API server.
            discovery: its kinds.
            force: whether every apply takes over the fields of others (`enablePatchForce`).
            upsert: whether a create takes over an existing object (`upsertExistingObjects`).
        """
        self._client = client
        self._discovery = discovery
        self._force = force
        self._upsert = upsert

    def get(self, endpoint: Endpoint, namespace: str, name: str) -> Object | None:
        """Return the live object, or None when there is none."""
        try:
            return self._client.call("GET", endpoint.item(namespace, name))
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def dry_create(self, endpoint: Endpoint, body: Object, manager: str) -> Object | None:
        """Return what a create would make, or None when only the update itself can tell.

        Raises:
            ApiError: the server would refuse the object whatever else the update creates.
        """
        query = {"dryRun": "All", "fieldValidation": "Strict", "fieldManager": manager}
        namespace = body["metadata"].get("namespace", "")
        try:
            return self._client.call("POST", endpoint.collection(namespace), body, query=query)
        except ApiError as error:
            if conclusive(error):
                raise
            return None

    def create(self, endpoint: Endpoint, body: Object, manager: str, *, force: bool) -> Object:
        """Create the object.

        Args:
            endpoint: where its kind is.
            body: its manifest.
            manager: its field manager.
            force: whether it takes over the fields of others.

        Raises:
            ApiError: the server refuses; with status 409, somebody else's object has the name.
        """
        metadata = body["metadata"]
        for attempt in range(_TRIES):
            try:
                live = self.get(endpoint, metadata.get("namespace", ""), metadata["name"])
                if live is not None and dig(live, "metadata", "deletionTimestamp"):
                    raise ApiError(CONFLICT, {"message": f"{_title(endpoint, body)} is being deleted"})
                if live is not None and not (self._upsert or applied_by(live, manager)):
                    raise ApiError(CONFLICT, {"message": _exists(endpoint, body), "reason": "AlreadyExists"})
                return self.apply(endpoint, body, manager, force=force)
            except ApiError as error:
                if error.status != NOT_FOUND or attempt == _TRIES - 1:
                    raise
            self._client.pause(float(2**attempt))
        raise AssertionError("the last try raises or returns")

    def apply(
        self, endpoint: Endpoint, body: Object, manager: str, *, force: bool = False, dry: bool = False
    ) -> Object:
        """Apply the object and return how it is then.

        Fields that a person changed with kubectl are taken over; a conflict with another controller is an error.

        Raises:
            ApiError: the server refuses.
        """
        force = force or self._force
        try:
            return self._patch(endpoint, body, manager, force=force, dry=dry)
        except ApiError as error:
            if force or not _takes_over(error):
                raise
        return self._patch(endpoint, body, manager, force=True, dry=dry)

    def relinquish(self, endpoint: Endpoint, kind: Kind, namespace: str, name: str, manager: str) -> None:
        """Give up every field that `manager` owns; fields that nobody else owns go."""
        metadata: dict[str, Any] = {"name": name, **({"namespace": namespace} if namespace else {})}
        body = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata}
        if self.get(endpoint, namespace, name) is not None:
            self._patch(endpoint, body, manager, force=False, dry=False)

    def annotate(self, endpoint: Endpoint, namespace: str, name: str, annotations: Mapping[str, str]) -> None:
        """Set annotations of an object that may be gone; the field manager is nobody's, so that they are not drift."""
        body = {"metadata": {"annotations": dict(annotations)}}
        query = {"fieldManager": "pulumi-kubernetes-replacement"}
        try:
            path = endpoint.item(namespace, name)
            self._client.call("PATCH", path, body, query=query, media="application/merge-patch+json")
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise

    def delete(self, endpoint: Endpoint, namespace: str, name: str, propagation: str) -> Object | None:
        """Ask for the deletion and return the object that is on its way out, or None when it is gone."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        try:
            answer = self._client.call("DELETE", endpoint.item(namespace, name), options)
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise
        return None if answer.get("kind") == "Status" and answer.get("apiVersion") == "v1" else answer

    def _patch(self, endpoint: Endpoint, body: Object, manager: str, *, force: bool, dry: bool) -> Object:
        query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry:
            query["dryRun"] = "All"
        metadata = body["metadata"]
        path = endpoint.item(metadata.get("namespace", ""), metadata["name"])
        return self._client.call("PATCH", path, body, query=query, media=APPLY)


def applied_by(live: Object, manager: str) -> bool:
    """Whether `manager` has applied the object before."""
    entries: Sequence[Mapping[str, Any]] = dig(live, "metadata", "managedFields") or []
    return any(entry.get("manager") == manager and entry.get("operation") == "Apply" for entry in entries)


def conclusive(error: ApiError) -> bool:
    """Whether a dry run's refusal will be the update's refusal too.

    It is not when it is about something that the same update may create or delete first: a namespace, a service
    account, quota, a port, the name itself; nor when the previewing identity may not write.
    """
    text = error.message
    if error.status in (NOT_FOUND, NOT_ALLOWED) or error.reason == "AlreadyExists":
        return False
    if error.status == FORBIDDEN:
        return "violates PodSecurity" in text or "denied" in text
    return not ("already allocated" in text or "does not support dry run" in text or "being terminated" in text)


def _takes_over(error: ApiError) -> bool:
    managers = [str(cause.get("message", "")).partition('"')[2].partition('"')[0] for cause in error.causes]
    conflict = error.status == CONFLICT and bool(managers)
    return conflict and all(manager.startswith(_OWN_PREFIXES) for manager in managers)


def _title(endpoint: Endpoint, body: Object) -> str:
    return f'{endpoint.plural} "{body["metadata"]["name"]}"'


def _exists(endpoint: Endpoint, body: Object) -> str:
    return (
        f"{_title(endpoint, body)} already exists. Import it with `pulumi import`, give a renamed resource an alias, "
        "manage single fields of it with a Patch resource, or set upsertExistingObjects on the provider"
    )
