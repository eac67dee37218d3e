"""A secret that the program draws, as an encryption key or what JWTs are signed with.

Owns drawing it. Leaves where it is kept, and who may read it, to `DeclaredSecret`.

It follows from a RandomPassword, not from RandomBytes: the id of that one is its value, in plain text in the state and
in every preview.
"""

import base64
import hashlib
from dataclasses import dataclass, replace

import pulumi
import pulumi_random as random

from components.declared_secret import DeclaredSecret, DeclaredSecretArgs


@dataclass(frozen=True, kw_only=True)
class GeneratedSecretArgs:
    """Arguments of `GeneratedSecret`.

    Args:
        bytes: how long it is.
        rotated_at: when it was declared to be rotated; another one draws another value.
        stored: where it is kept; its content is what is drawn, in base64.
    """

    bytes: int
    rotated_at: str
    stored: DeclaredSecretArgs


class GeneratedSecret(pulumi.ComponentResource):
    """Drawn once for each declared rotation; nobody has ever typed it."""

    secret: DeclaredSecret
    """The secret, to grant rights on."""

    version: pulumi.Output[str]
    """Changes with the value, and tells nothing of it."""

    def __init__(self, name: str, args: GeneratedSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:secret:GeneratedSecret", name, None, opts)
        drawn = random.RandomPassword(
            f"{name}-value",
            length=2 * args.bytes,  # letters and digits, of 5.9 bits each: more than the 8 of each byte
            special=False,
            keepers={"rotated_at": args.rotated_at},
            opts=pulumi.ResourceOptions(parent=self, protect=args.stored.protect),
        )
        content = drawn.result.apply(lambda text: _bytes_of(text, args.bytes))
        stored = replace(args.stored, content=pulumi.Output.secret(content))
        self.secret = DeclaredSecret(name, stored, pulumi.ResourceOptions(parent=self))
        self.version = self.secret.version
        self.register_outputs({"version": self.version})


def _bytes_of(password: str, length: int) -> str:
    """Return as many bytes as are asked for, in base64; each is as likely as any other."""
    return base64.b64encode(hashlib.shake_256(password.encode()).digest(length)).decode()
