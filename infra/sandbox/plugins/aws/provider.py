"""The aws plugin itself: one flow for all kinds.

Owns checks against their tables, tags, regions, previews, what happens to a creation that an earlier engine did not
live to record, and how failures are told. Leaves what a type is to `kinds`.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress

from infra.sandbox.plugins import properties
from infra.sandbox.plugins.aws import documents, functions, naming, settings
from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.failures import explained
from infra.sandbox.plugins.aws.kind import Kind
from infra.sandbox.plugins.aws.kinds import KINDS
from infra.sandbox.plugins.aws.settings import Settings
from infra.sandbox.plugins.differences import Change
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
from infra.sandbox.plugins.values import UNKNOWN, Value, has_unknown, mark_like, reveal

_UNCONFIGURED = "the aws plugin has not been configured"
_BROKEN = "the cloud's log says why; mend that, or make it anew with `pulumi up --replace URN`"
_ADDING = "infra/sandbox/plugins/aws/kinds"


class AWSProvider(Provider):
    """The resource types of `kinds` in a cloud that speaks AWS's protocols."""

    name = "aws"

    def __init__(self) -> None:
        self._configured_settings: Settings | None = None
        self._configured_cloud: Cloud | None = None
        self._known: dict[str, str] = {}
        self._predecessors: dict[str, str] = {}

    def types(self) -> Collection[str]:
        """Return the tokens that it has."""
        return KINDS.keys()

    def check_config(self, inputs: Properties) -> list[Failure]:
        """Judge the settings; nothing is contacted."""
        return settings.check(inputs)

    def configure(self, config: Properties) -> None:
        """Take the settings, and refuse an account that they do not allow."""
        self._configured_settings = settings.read(config)
        self._configured_cloud = Cloud(self._settings.connection)
        if self._settings.allowed_accounts or self._settings.forbidden_accounts:
            self._insist_on_account()

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Run a function."""
        cloud = self._cloud
        with explained(token):
            return functions.invoke(cloud, token, reveal(arguments))

    def check(
        self, resource: Resource, old: Properties, new: Properties, seed: bytes
    ) -> tuple[Properties, list[Failure]]:
        """Judge the inputs by the kind's table and its rules; the cloud is asked only whether an automatic name is free
        and whether it has the version of an engine that is new to the resource.

        An automatic name follows from the URN and the name before it, not from chance, as in the postgresql plugin; for
        a replacement the engine checks a second time, without old inputs, so that name is remembered in between.
        """
        kind = _kind(resource)
        names = "".join(str(reveal(old.get(name, ""))) for name in kind.automatic)
        before = names or self._predecessors.get(resource.urn, "")
        self._predecessors[resource.urn] = before
        inputs, failures = naming.completed(kind, resource, old, new, before)
        while self._has_waiting_name(kind, old, inputs):
            before += "+"
            inputs, failures = naming.completed(kind, resource, old, new, before)
        for name in sorted(kind.documents & inputs.keys()):
            if not has_unknown(inputs[name]) and not documents.is_json(reveal(inputs[name])):
                failures.append(Failure(name, "must be a JSON object"))
        if not failures and not has_unknown(inputs):
            failures = [Failure(name, reason) for name, reason in kind.contradictions(reveal(inputs))]
        return inputs, failures or self._unavailable(kind, resource, old, inputs)

    def diff(
        self, resource: Resource, id: str, old_inputs: Properties, outputs: Properties, new: Properties
    ) -> Difference:
        """Compare by the kind's table; documents that mean the same are equal, and default tags count.

        What is ignored is not compared: in a refresh the engine leaves that to the provider.
        """
        kind = _kind(resource)
        cloud = self._cloud
        self._known[resource.urn] = id
        wanted = {
            name: old_inputs[name]
            if name in kind.documents and documents.same(reveal(old_inputs.get(name)), reveal(value))
            else value
            for name, value in new.items()
            if name not in resource.ignore_changes
        } | {name: old_inputs[name] for name in resource.ignore_changes if name in old_inputs}
        same_place = bool(kind.same_place) and all(
            not properties.is_automatic(wanted, name) and reveal(old_inputs.get(name)) == reveal(wanted.get(name))
            for name in kind.same_place
        )
        found = properties.diff(kind.table, old_inputs, outputs, wanted, same_place=same_place)
        changes, replace = dict(found.changes), set(found.replace)
        if kind.tagging is not None and not any(path.startswith("tags") for path in changes):
            known = reveal(outputs).get("tagsAll") or {}
            if not has_unknown(wanted.get("tags")) and self._all_tags(kind, reveal(wanted)) != known:
                changes["tagsAll"] = Change.UPDATE
        region = reveal(outputs).get("region")
        if region and "region" not in new and region != cloud.region:
            changes["region"] = Change.UPDATE
            replace.add("region")
        return Difference(
            changes=changes, replace=frozenset(replace), delete_before_replace=bool(replace) and same_place
        )

    def create(self, resource: Resource, inputs: Properties, *, preview: bool) -> tuple[str, Properties]:
        """Make it and read it back."""
        kind = _kind(resource)
        if preview:
            unknown = dict.fromkeys(kind.results, UNKNOWN)
            return "", {**unknown, **_filled(kind, properties.preview_outputs(kind.table, inputs), {})}
        region, wanted = self._region(inputs), reveal(inputs)
        with explained(f"creating {kind.noun} {resource.name}", inputs):
            identity, is_new = self._make(kind, resource.urn, region, wanted)
        try:
            with explained(f"{kind.noun} {resource.name} was created, but not as wanted", inputs):
                if is_new:
                    kind.settle(self._cloud, region, identity, wanted)
                outputs = self._outputs(kind, region, identity, inputs)
        except ProviderError as error:
            raise self._partial(error, resource, identity, inputs) from error
        return identity, outputs

    def read(self, resource: Resource, id: str, inputs: Properties, outputs: Properties) -> State | None:
        """Look at it; what means the same has not changed."""
        kind = _kind(resource)
        cloud = self._cloud
        self._known[resource.urn] = id
        region = str(reveal(outputs).get("region") or self._region(inputs))
        known = {**kind.imported(id), **reveal(outputs)}
        with explained(f"reading {kind.noun} {resource.name or id}", inputs):
            actual = kind.read(cloud, region, id, known)
        if actual is None:
            return None
        found = self._told(kind, region, inputs, outputs, actual)
        said = properties.inputs_of(kind.table, _bare(kind, found, inputs), inputs)
        if not inputs:
            said.pop("region", None)
        return State(id=id if outputs else kind.lasting_id(id, actual), outputs=found, inputs=said)

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
        """Change it in place and read it back."""
        kind = _kind(resource)
        cloud = self._cloud
        if preview:
            known = _filled(kind, properties.preview_outputs(kind.table, new, outputs), outputs)
            return {**known, **dict.fromkeys(kind.moving(reveal(old_inputs), reveal(new)), UNKNOWN)}
        region = str(reveal(outputs).get("region") or self._region(new))
        before, wanted = {**reveal(old_inputs), **_computed(kind, reveal(outputs))}, reveal(new)
        cleared = {name: None for name in reveal(old_inputs) if name in kind.table and name not in wanted}
        with explained(f"updating {kind.noun} {resource.name}", new):
            if kind.results and not any(name in outputs for name in kind.results):  # `_partial` could not look
                if not self._take_over(kind, region, id, wanted, self._all_tags(kind, wanted)):
                    raise ProviderError(f"{kind.noun} {id} is gone; run `pulumi refresh`")
                return self._outputs(kind, region, id, new)
            kind.update(cloud, region, id, before, {**cleared, **wanted})
            known = {**reveal(outputs), **wanted, "id": id}
            kind.retag(cloud, region, known, reveal(outputs).get("tagsAll") or {}, self._all_tags(kind, wanted))
            return self._outputs(kind, region, id, new)

    def delete(self, resource: Resource, id: str, inputs: Properties, outputs: Properties) -> None:
        """Delete it; succeeds when it is gone already."""
        kind = _kind(resource)
        cloud = self._cloud
        region = str(reveal(outputs).get("region") or self._region(inputs))
        with explained(f"deleting {kind.noun} {resource.name}", inputs), cloud.deleting(resource.urn):
            kind.delete(cloud, region, id, {**reveal(inputs), **reveal(outputs)})

    @property
    def _cloud(self) -> Cloud:
        if self._configured_cloud is None:
            raise ProviderError(_UNCONFIGURED)
        return self._configured_cloud

    @property
    def _settings(self) -> Settings:
        if self._configured_settings is None:
            raise ProviderError(_UNCONFIGURED)
        return self._configured_settings

    def _has_waiting_name(self, kind: Kind, old: Properties, inputs: Properties) -> bool:
        cloud = self._configured_cloud
        if cloud is None or has_unknown(inputs.get("region")):
            return False
        return naming.is_waiting(kind, cloud, self._region(inputs), old, inputs)

    def _unavailable(self, kind: Kind, resource: Resource, old: Properties, inputs: Properties) -> list[Failure]:
        cloud = self._configured_cloud
        known = {name: reveal(value) for name, value in inputs.items() if not has_unknown(value)}
        if cloud is None or known.get(kind.asked) in (None, reveal(old.get(kind.asked))):
            return []
        with explained(f"checking {kind.noun} {resource.name}"):
            found = kind.unavailable(cloud, self._region(known), known)
        return [Failure(name, reason) for name, reason in found]

    def _region(self, inputs: Properties) -> str:
        cloud = self._cloud
        return str(reveal(inputs).get("region") or cloud.region)

    def _all_tags(self, kind: Kind, inputs: Properties) -> dict[str, str]:
        told = self._settings
        return {**told.default_tags, **(inputs.get("tags") or {})} if kind.tagging is not None else {}

    def _partial(self, error: ProviderError, resource: Resource, id: str, inputs: Properties) -> PartialFailure:
        """Return what the engine is to record of a failed creation: what is there, so that an update does the rest.

        Where nobody can tell what is there, what was wanted.
        """
        kind, region = _kind(resource), self._region(inputs)
        outputs, said = {**_stated(kind, inputs), "region": region}, inputs
        with suppress(ProviderError), explained("looking at what is left", inputs):
            actual = kind.read(self._cloud, region, id, {**kind.imported(id), **reveal(inputs)})
            if actual is not None:
                outputs = self._told(kind, region, inputs, outputs, actual)
                found = self._told(kind, region, inputs, {}, actual)
                said = properties.inputs_of(kind.table, _bare(kind, found, inputs), inputs)
        return PartialFailure(str(error), id=id, outputs=outputs, inputs=said, reasons=[str(error)])

    def _make(self, kind: Kind, urn: str, region: str, wanted: Properties) -> tuple[str, bool]:
        """Create it, or take over what a creation left whose end the engine did not live to see.

        Returns:
            Its id, and whether it is new, so that what its creation had no parameter for is still to be said.
        """
        cloud = self._cloud
        tags = self._all_tags(kind, wanted)
        with cloud.creating(urn, known=self._known.get(urn, "")) as creation:
            identity = kind.create(cloud, region, wanted, tags)
        if creation.repeated:
            if self._take_over(kind, region, identity, wanted, tags):
                return identity, False
            with cloud.creating(urn, known="*"):
                identity = kind.create(cloud, region, wanted, tags)
        return identity, True

    def _take_over(self, kind: Kind, region: str, id: str, wanted: Properties, tags: Mapping[str, str]) -> bool:
        """Make what exists as wanted; whether that could be done, else it is gone now."""
        cloud = self._cloud
        actual = kind.read(cloud, region, id, {**kind.imported(id), **wanted})
        if actual is None:
            return False
        differing = {
            name: actual.get(name)
            for name, prop in kind.table.items()
            if name in wanted
            and name not in ("tags", "region")
            and not properties.equal(prop, actual.get(name), wanted[name])
        }
        if any(kind.table[name].replace and name in actual for name in differing):
            kind.delete(cloud, region, id, {**wanted, **actual})
            return False
        kind.update(cloud, region, id, {**wanted, **differing}, wanted)
        kind.retag(cloud, region, {**actual, "id": id}, actual.get("tagsAll") or {}, tags)
        return True

    def _outputs(self, kind: Kind, region: str, id: str, inputs: Properties) -> dict[str, Value]:
        cloud = self._cloud
        actual = kind.read(cloud, region, id, {**kind.imported(id), **reveal(inputs)})
        if actual is None:
            raise ProviderError(f"{kind.noun} {id} is gone; run `pulumi refresh`")
        if actual.get("status") in kind.broken:
            raise ProviderError(f"it is {actual['status']}: {_BROKEN}")
        stated = {**_filled(kind, _stated(kind, inputs), actual), "region": region}
        for name in kind.overruled & stated.keys() & actual.keys():
            stated[name] = mark_like(actual[name], stated[name])
        told = {name: value for name, value in actual.items() if name not in stated and value is not None}
        return {**told, **stated, **self._tags(kind, inputs, actual)}

    def _told(
        self, kind: Kind, region: str, inputs: Properties, outputs: Properties, actual: Properties
    ) -> dict[str, Value]:
        """Return the outputs with every property that has really changed as the cloud has it now."""
        found = {**outputs, "region": region}
        for name, value in actual.items():
            prop, before = kind.table.get(name), outputs.get(name)
            if name in ("tags", "tagsAll", "region"):
                continue
            if value is None:
                found.pop(name, None)
            elif prop is None:
                found[name] = value
            elif not (name in kind.documents and documents.same(reveal(before), value)):
                seen = _as_stated(reveal(before), value)
                if before is None or not properties.equal(prop, before, seen):
                    found[name] = mark_like(seen, before)
        return {**found, **self._tags(kind, inputs, actual)}

    def _tags(self, kind: Kind, inputs: Properties, actual: Properties) -> dict[str, Value]:
        if kind.tagging is None:
            return {}
        told = self._settings
        every = {
            key: value
            for key, value in (actual.get("tagsAll") or {}).items()
            if key not in told.ignored_keys and not key.startswith(("aws:", *told.ignored_prefixes))
        }
        stated = reveal(inputs).get("tags") or {}
        own = {key: value for key, value in every.items() if key in stated or told.default_tags.get(key) != value}
        return {"tagsAll": every, **({"tags": own} if own or stated else {})}

    def _insist_on_account(self) -> None:
        cloud, told = self._cloud, self._settings
        with explained("asking for the account"):
            account = cloud.client("sts").get_caller_identity()["Account"]
        if (told.allowed_accounts and account not in told.allowed_accounts) or account in told.forbidden_accounts:
            raise ProviderError(f"AWS account ID not allowed: {account}; the credentials belong to another account")


def _kind(resource: Resource) -> Kind:
    if resource.type not in KINDS:
        raise ProviderError(
            f"the offline aws plugin has no resource type {resource.type}; add an entry for it to a file of {_ADDING}, "
            f"it has {', '.join(sorted(token.rpartition(':')[2] for token in KINDS))}"
        )
    return KINDS[resource.type]


def _stated(kind: Kind, inputs: Properties) -> dict[str, Value]:
    """Return the inputs that outputs repeat."""
    return {name: value for name, value in inputs.items() if name in kind.table and not kind.table[name].write_only}


def _computed(kind: Kind, outputs: Properties) -> dict[str, Value]:
    return {name: value for name, value in outputs.items() if name in kind.table and kind.table[name].computed}


def _filled(kind: Kind, stated: Properties, source: Properties) -> dict[str, Value]:
    """Return `stated` with the fields that AWS fills in, as `source` has them; unknown where it does not."""
    result = dict(stated)
    for name, fields in kind.filled.items():
        if isinstance(stated.get(name), Mapping):
            known: Value = source.get(name)
            known = known if isinstance(known, Mapping) else dict.fromkeys(fields, UNKNOWN)
            result[name] = {**{key: known[key] for key in fields if key in known}, **stated[name]}
    return result


def _bare(kind: Kind, found: Properties, inputs: Properties) -> dict[str, Value]:
    """Return `found` without the fields that AWS fills in and the program does not state."""
    result = dict(found)
    for name, fields in kind.filled.items():
        if isinstance(found.get(name), Mapping):
            own = fields - (inputs.get(name) or {}).keys()
            result[name] = {key: value for key, value in found[name].items() if key not in own}
    return result


def _as_stated(before: Value, actual: Value) -> Value:
    """Return what AWS says of what the program stated: AWS fills in the parts that a program leaves out."""
    if isinstance(before, Mapping) and isinstance(actual, Mapping):
        return {key: _as_stated(before[key], value) for key, value in actual.items() if before.get(key) is not None}
    if isinstance(before, list) and isinstance(actual, list) and len(before) == len(actual):
        return [_as_stated(*pair) for pair in zip(before, actual, strict=True)]
    return actual
