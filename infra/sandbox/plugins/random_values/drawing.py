"""Drawing each kind of value from the operating system's entropy, and taking over values that exist already.

Every function returns a `Drawn`. Only a `seed`, which asks for the same value every time, uses another generator.
"""

import base64
import binascii
import random
import secrets
import string as alphabets
import time
import uuid
from dataclasses import dataclass, field

import bcrypt
import petname

from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_BCRYPT_BYTES = 72  # bcrypt hashes no more of a password; the official plugin cuts there too


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A value and what belongs to it.

    Args:
        id: the resource's id.
        results: its outputs beside the inputs.
        inputs: the inputs that an import implies.
    """

    id: str
    results: dict[str, Value]
    inputs: dict[str, Value] = field(default_factory=dict)


def password(inputs: Properties) -> Drawn:
    """Draw a password; its id says nothing about it."""
    return _password(_characters(inputs))


def known_password(text: str) -> Drawn:
    """Take over a password that exists."""
    drawn = _password(text)
    return Drawn(id=drawn.id, results=drawn.results, inputs=_implied(text))


def string(inputs: Properties) -> Drawn:
    """Draw a string, which is its own id."""
    text = _characters(inputs)
    return Drawn(id=text, results={"result": text})


def known_string(text: str) -> Drawn:
    """Take over a string that exists."""
    return Drawn(id=text, results={"result": text}, inputs=_implied(text))


def identifier(inputs: Properties) -> Drawn:
    """Draw bytes and spell them in four ways."""
    return _identifier(secrets.token_bytes(inputs["byteLength"]), inputs.get("prefix"))


def known_identifier(text: str) -> Drawn:
    """Take over `[PREFIX,]URL-SAFE-BASE64`."""
    prefix, _, encoded = text.rpartition(",")
    try:
        content = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except binascii.Error as error:
        raise ProviderError("the import id must be [PREFIX,]BYTES, the bytes in URL-safe base64") from error
    return _identifier(content, prefix or None)


def uuid4(inputs: Properties) -> Drawn:
    """Draw a UUID of version 4."""
    del inputs
    text = str(uuid.uuid4())
    return Drawn(id=text, results={"result": text})


def uuid7(inputs: Properties) -> Drawn:
    """Draw a UUID of version 7: 48 bits of time in milliseconds, the rest random (RFC 9562)."""
    del inputs
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    text = str(uuid.UUID(int=number))
    return Drawn(id=text, results={"result": text})


def known_uuid(text: str) -> Drawn:
    """Take over a UUID that exists."""
    try:
        result = str(uuid.UUID(text))
    except ValueError as error:
        raise ProviderError("the import id must be a UUID") from error
    return Drawn(id=result, results={"result": result})


def pet(inputs: Properties) -> Drawn:
    """Draw a pet name, which is the id."""
    name = petname.generate(inputs["length"], inputs["separator"]).lower()
    prefix = inputs.get("prefix")
    return Drawn(id=f"{prefix}{inputs['separator']}{name}" if prefix else name, results={})


def integer(inputs: Properties) -> Drawn:
    """Draw a whole number from a range that includes both ends."""
    result = _generator(inputs).randint(inputs["min"], inputs["max"])
    return Drawn(id=str(result), results={"result": result})


def known_integer(text: str) -> Drawn:
    """Take over `RESULT,MIN,MAX[,SEED]`."""
    parts = text.split(",")
    try:
        result, least, greatest = (int(part) for part in parts[:3])
    except ValueError as error:
        raise ProviderError("the import id must be RESULT,MIN,MAX or RESULT,MIN,MAX,SEED") from error
    inputs: dict[str, Value] = {"min": least, "max": greatest}
    if len(parts) > 3:
        inputs["seed"] = ",".join(parts[3:])
    return Drawn(id=parts[0], results={"result": result}, inputs=inputs)


def shuffle(inputs: Properties) -> Drawn:
    """Draw permutations of a list until there are enough items."""
    items, generator = inputs["inputs"], _generator(inputs)
    wanted = inputs.get("resultCount", len(items)) if items else 0
    results: list[Value] = []
    while len(results) < wanted:
        results.extend(generator.sample(items, len(items)))
    return Drawn(id="-", results={"results": results[:wanted]})


def octets(inputs: Properties) -> Drawn:
    """Draw bytes; as with the official plugin their base64 is also the id, which state keeps in the clear."""
    return _octets(secrets.token_bytes(inputs["length"]))


def known_octets(text: str) -> Drawn:
    """Take over bytes given in base64."""
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ProviderError("the import id must be the bytes in base64") from error
    drawn = _octets(content)
    return Drawn(id=drawn.id, results=drawn.results, inputs={"length": len(content)})


def _password(text: str) -> Drawn:
    hashed = bcrypt.hashpw(text.encode()[:_BCRYPT_BYTES], bcrypt.gensalt(10)).decode()
    return Drawn(id="none", results={"result": text, "bcryptHash": hashed})


def _identifier(content: bytes, prefix: str | None) -> Drawn:
    start = prefix or ""
    url = base64.urlsafe_b64encode(content).decode().rstrip("=")
    results = {
        "b64Url": start + url,
        "b64Std": start + base64.b64encode(content).decode(),
        "hex": start + content.hex(),
        "dec": start + str(int.from_bytes(content, "big")),
    }
    inputs: dict[str, Value] = {"byteLength": len(content)}
    if prefix:
        inputs["prefix"] = prefix
    return Drawn(id=url, results=results, inputs=inputs)


def _octets(content: bytes) -> Drawn:
    encoded = base64.b64encode(content).decode()
    return Drawn(id=encoded, results={"base64": encoded, "hex": content.hex()})


def _characters(inputs: Properties) -> str:
    sets = {
        "Upper": alphabets.ascii_uppercase,
        "Lower": alphabets.ascii_lowercase,
        "Numeric": alphabets.digits,
        "Special": inputs.get("overrideSpecial") or _SPECIAL,
    }
    drawn = [secrets.choice(letters) for name, letters in sets.items() for _ in range(inputs[f"min{name}"])]
    every = "".join(letters for name, letters in sets.items() if inputs[name.lower()])
    drawn += [secrets.choice(every) for _ in range(inputs["length"] - len(drawn))]
    secrets.SystemRandom().shuffle(drawn)
    return "".join(drawn)


def _implied(text: str) -> dict[str, Value]:
    flags: dict[str, Value] = dict.fromkeys(("lower", "upper", "numeric", "number", "special"), True)
    return {"length": len(text), **flags, **dict.fromkeys(("minLower", "minUpper", "minNumeric", "minSpecial"), 0)}


def _generator(inputs: Properties) -> random.Random:
    seed = inputs.get("seed")
    return random.Random(seed) if seed else secrets.SystemRandom()  # noqa: S311  # a seed asks to be predictable
