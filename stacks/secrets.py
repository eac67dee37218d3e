"""The secrets of an environment: settings -> components, and which service reads which.

Owns who is granted what. Leaves making, keeping and mounting secrets to the components.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.copied_secret import CopiedSecret, CopiedSecretArgs
from components.declared_secret import DeclaredSecret, DeclaredSecretArgs
from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.generated_secret import GeneratedSecret, GeneratedSecretArgs
from components.pod_identity import PodIdentity
from components.rotation_alarm import RotationAlarm, RotationAlarmArgs
from components.secret_files import SecretFile, SecretFiles, SecretFilesArgs
from infra.naming import stored_secret
from infra.settings.foundation import AwsSettings
from infra.settings.secrets import ExternalSecretSettings, GeneratedSecretSettings, SecretsSettings
from stacks.region import Region

SecretSettings = GeneratedSecretSettings | ExternalSecretSettings


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A secret: where it is, and as which file."""

    secret: DeclaredSecret | CopiedSecret
    file: SecretFile


class Secrets:
    """Every secret of the environment, each read by the services that it names."""

    def __init__(self, settings: SecretsSettings, region: Region, alarm_topic_arn: pulumi.Input[str]) -> None:
        """Declare them, with their key, when there are any; of copies nothing but who reads them.

        Args:
            settings: the stack's.
            region: where they are made.
            alarm_topic_arn: where it is told that a rotation is overdue.
        """
        self._settings = settings
        self._place: AwsSettings = region.place
        self._opts = region.opts
        self._alarm_topic_arn = alarm_topic_arn
        self._kept: Mapping[str, _Kept] = {}
        if settings.copies_of is not None:
            copied_from = settings.copies_of
            self._kept = {name: self._copy(name, copied_from, secret) for name, secret in settings.declared.items()}
        elif settings.declared:
            self._key = self._encryption_key("secrets-encryption", None)
            recovery = region.place.recovery_region
            copies = {recovery: self._encryption_key("secrets-copy-encryption", recovery)} if recovery else {}
            self._replica_keys = {name: key.arn for name, key in copies.items()}
            self._kept = {name: self._keep(name, secret) for name, secret in settings.declared.items()}

    @property
    def outputs(self) -> Mapping[str, pulumi.Input[object]]:
        """The stack's outputs about them: where each is."""
        arns = {name: kept.secret.arn for name, kept in self._kept.items() if isinstance(kept.secret, DeclaredSecret)}
        return {"secrets": arns} if arns else {}

    def deliver(
        self, service: str, namespace: pulumi.Input[str], identity: PodIdentity, opts: pulumi.ResourceOptions
    ) -> SecretFiles | None:
        """Let a service's pods read its secrets; None when it has none.

        Args:
            service: which one.
            namespace: where its pods are.
            identity: what they are to AWS.
            opts: with the provider of the cluster.
        """
        names = sorted(name for name, secret in self._settings.declared.items() if service in secret.services)
        if not names:
            return None
        args = SecretFilesArgs(
            namespace=namespace,
            provider_class=service,
            region=self._place.region,
            files=[self._kept[name].file for name in names],
            after=[self._kept[name].secret.grant_read(service, identity.role) for name in names],
        )
        return SecretFiles(f"{service}-secrets", args, opts)

    def _encryption_key(self, name: str, region: str | None) -> EncryptionKey:
        description = f"secrets of {self._place.name}" + (" copied here" if region else "")
        args = EncryptionKeyArgs(description=description, region=region, protect=self._settings.protect)
        return EncryptionKey(name, args, self._opts)

    def _copy(self, name: str, environment: str, settings: SecretSettings) -> _Kept:
        stored_as = stored_secret(environment, name)
        secret = CopiedSecret(f"secret-{name}", CopiedSecretArgs(secret_name=stored_as), self._opts)
        keys = settings.keys if isinstance(settings, ExternalSecretSettings) else ()
        return _Kept(secret=secret, file=SecretFile(name=name, secret=stored_as, mark=settings.rotation, keys=keys))

    def _keep(self, name: str, settings: SecretSettings) -> _Kept:
        stored = self._stored(name, settings)
        self._watch(name, stored.secret_name, settings)
        match settings:
            case GeneratedSecretSettings():
                args = GeneratedSecretArgs(bytes=settings.bytes, rotated_at=settings.rotation, stored=stored)
                made = GeneratedSecret(f"secret-{name}", args, self._opts)
                return _Kept(secret=made.secret, file=SecretFile(name=name, secret=made.secret.arn, mark=made.version))
            case ExternalSecretSettings():
                secret = DeclaredSecret(f"secret-{name}", stored, self._opts)
                return _Kept(
                    secret=secret,
                    file=SecretFile(name=name, secret=secret.arn, mark=settings.rotation, keys=settings.keys),
                )

    def _stored(self, name: str, settings: SecretSettings) -> DeclaredSecretArgs:
        return DeclaredSecretArgs(
            secret_name=stored_secret(self._place.name, name),
            description=f"{name} of {self._place.name}",
            owner=settings.owner if isinstance(settings, ExternalSecretSettings) else None,
            key_arn=self._key.arn,
            replica_keys=self._replica_keys,
            protect=self._settings.protect,
        )

    def _watch(self, name: str, stored_as: str, settings: SecretSettings) -> None:
        args = RotationAlarmArgs(
            secret_name=stored_as,
            remedy=f"run `tenantry secrets rotate {pulumi.get_stack()} {name}`",
            due=settings.due,
            topic_arn=self._alarm_topic_arn,
        )
        RotationAlarm(f"rotation-{name}", args, self._opts)
