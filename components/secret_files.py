"""Secrets as files of a service's pods, fetched by the pods themselves.

Owns what is fetched and as which files. The Secrets Store CSI driver fetches them from AWS Secrets Manager when a pod
starts, as the pod's own AWS identity; they are in its memory only, in no Kubernetes Secret, ConfigMap or environment.
Leaves the rights to the secrets' owners, and the mount to `Service`.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from infra.naming import labels


@dataclass(frozen=True, kw_only=True)
class SecretFile:
    """One secret.

    Args:
        name: of its file.
        secret: its ARN or its name in Secrets Manager.
        keys: of the JSON object that it is, each of which is a file `NAME.KEY` beside it; none for a plain value.
        mark: changes with every rotation; no secret itself.
    """

    name: str
    secret: pulumi.Input[str]
    mark: pulumi.Input[str]
    keys: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class SecretFilesArgs:
    """Arguments of `SecretFiles`.

    Args:
        namespace: the Kubernetes namespace.
        provider_class: the name of the SecretProviderClass.
        region: where the secrets are.
        files: the secrets, in the order of their names.
        after: the rights to them: a pod that starts earlier waits for the driver's next try.
    """

    namespace: pulumi.Input[str]
    provider_class: str
    region: str
    files: Sequence[SecretFile]
    after: Sequence[pulumi.Resource] = ()


class SecretFiles(pulumi.ComponentResource):
    """Tells where the secrets are, never what they are; a pod without rights to all of them does not start."""

    provider_class: pulumi.Output[str]
    """The SecretProviderClass, which pods name in a volume."""

    checksum: pulumi.Output[str]
    """Changes with every rotation of one of them; pods carry it, so that they roll."""

    def __init__(self, name: str, args: SecretFilesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:secret:SecretFiles", name, None, opts)
        objects = pulumi.Output.json_dumps([_object(file) for file in args.files], sort_keys=True)
        provided = CustomResource(
            f"{name}-class",
            api_version="secrets-store.csi.x-k8s.io/v1",
            kind="SecretProviderClass",
            metadata={
                "name": args.provider_class,
                "namespace": args.namespace,
                "labels": labels(args.provider_class, "secret-files"),
            },
            spec={
                "provider": "aws",
                # JSON is YAML, which the provider reads.
                "parameters": {"region": args.region, "usePodIdentity": "true", "objects": objects},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        # Known when the class is there. Its name alone would not make pods wait for it: it is in the program.
        self.provider_class = pulumi.Output.all(args.provider_class, provided.id).apply(lambda both: str(both[0]))
        self.checksum = pulumi.Output.all(objects, *(file.mark for file in args.files)).apply(_checksum)
        self.register_outputs({"provider_class": self.provider_class, "checksum": self.checksum})


def _object(file: SecretFile) -> dict[str, object]:
    parts = [{"path": key, "objectAlias": f"{file.name}.{key}"} for key in file.keys]
    named = {"objectName": file.secret, "objectType": "secretsmanager", "objectAlias": file.name}
    return {**named, **({"jmesPath": parts} if parts else {})}


def _checksum(known: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps([str(part) for part in known]).encode()).hexdigest()
