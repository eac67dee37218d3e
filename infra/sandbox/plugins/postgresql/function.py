"""`postgresql.Function`: CREATE [OR REPLACE] and DROP FUNCTION.

Types, defaults and what a function returns are SQL of the program, as its body is; names are quoted.
"""

import re
from typing import ClassVar, Final

from psycopg.sql import SQL, Composable, Identifier, Literal

from infra.sandbox.plugins.postgresql.kind import Kind, flag, name_of
from infra.sandbox.plugins.postgresql.server import Cursor, Server, lock, membership, value
from infra.sandbox.plugins.postgresql.tags import Tag
from infra.sandbox.plugins.properties import Property, Shape, Table
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_WRAPPED = re.compile(r".*?\$[A-Za-z]*\$\s(.*)\s\$[A-Za-z]*\$.*", re.DOTALL)
_MODES: Final = ("IN", "OUT", "INOUT", "VARIADIC")
_MODE_LETTERS: Final = {"i": "IN", "o": "OUT", "b": "INOUT", "v": "VARIADIC"}
_VOLATILITY: Final = {"v": "VOLATILE", "s": "STABLE", "i": "IMMUTABLE"}
_PARALLEL: Final = {"u": "UNSAFE", "r": "RESTRICTED", "s": "SAFE"}
_SIGNATURE: Final = "to_regprocedure(format('%%I.%%I', %s::text, %s::text) || '(' || %s::text || ')')"
_READ: Final = f"""
    SELECT p.prosrc, l.lanname::text, p.provolatile, p.proparallel, p.prosecdef, p.proisstrict,
           pg_get_function_result(p.oid), coalesce(p.proallargtypes, p.proargtypes::oid[])::regtype[]::text[],
           p.proargnames, p.proargmodes::text[],
           ARRAY(SELECT pg_get_function_arg_default(p.oid, n) FROM generate_series(1,
                 cardinality(coalesce(p.proallargtypes, p.proargtypes::oid[]))) n ORDER BY n),
           obj_description(p.oid, 'pg_proc'), pg_get_userbyid(p.proowner)::text
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.oid = {_SIGNATURE}
"""  # noqa: S608  # only constants are joined


class Function(Kind):
    """A function, known by its schema, name and argument types."""

    type_name: ClassVar[str] = "postgresql:index/function:Function"
    noun: ClassVar[str] = "function"
    table: ClassVar[Table] = {
        "name": name_of(automatic=True, replace=True),
        "database": name_of(computed=True, replace=True),
        "schema": name_of(computed=True, replace=True),
        "args": Property(
            shape=Shape.LIST,
            replace=True,
            item=Property(
                shape=Shape.OBJECT,
                fields={
                    "type": Property(shape=Shape.STRING, required=True, replace=True, minimum=1),
                    "name": name_of(replace=True),
                    "mode": Property(shape=Shape.STRING, default="IN", replace=True, choices=_MODES),
                    "default": Property(shape=Shape.STRING),
                },
            ),
        ),
        "returns": Property(shape=Shape.STRING, computed=True, replace=True),
        "language": Property(shape=Shape.STRING, default="plpgsql", replace=True),
        "body": Property(shape=Shape.STRING, required=True),
        "parallel": Property(shape=Shape.STRING, default="UNSAFE", choices=tuple(_PARALLEL.values())),
        "volatility": Property(shape=Shape.STRING, default="VOLATILE", choices=tuple(_VOLATILITY.values())),
        "securityDefiner": flag(False),
        "strict": flag(False),
        "dropCascade": flag(False),
    }

    def identifier(self, inputs: Properties, main: str) -> str:
        """Return `DATABASE.SCHEMA.NAME(TYPES)`."""
        schema = inputs.get("schema") or "public"
        return f"{inputs.get('database') or main}.{schema}.{inputs['name']}({_types(inputs)})"

    def described_by(self, id: str, main: str) -> Properties:
        """Split `[DATABASE.]SCHEMA.NAME(TYPES)`."""
        match = re.fullmatch(r"(?:([^.(]+)\.)?([^.(]+)\.([^.(]+)\((.*)\)", id, re.DOTALL)
        if match is None:
            raise ProviderError("the import id must be DATABASE.SCHEMA.NAME(TYPES)")
        database, schema, name, types = match.groups()
        return {"database": database or main, "schema": schema, "name": name, "signature": types}

    def create(self, server: Server, wanted: Properties, tag: Tag) -> None:
        """Create the function, or replace the one that this resource's interrupted creation left."""

        def work(cursor: Cursor) -> None:
            lock(cursor, _key(wanted))
            existing = _find(cursor, wanted)
            ours = existing is not None and tag.owns(existing["comment"])
            _write(cursor, wanted, replace=ours)
            statement = SQL("COMMENT ON FUNCTION {} IS {}")
            cursor.execute(statement.format(_quoted_signature(cursor, wanted), Literal(tag.text)))

        server.transaction(work, wanted.get("database"))

    def read(self, server: Server, known: Properties) -> Properties | None:
        """Return the function's definition as the server spells it."""
        database = known.get("database") or server.main
        if not server.has_database(database):
            return None
        actual = server.transaction(lambda cursor: _find(cursor, known), database)
        if actual is None:
            return None
        place = {"database": database, "schema": known.get("schema") or "public", "name": known["name"]}
        return {**place, **{name: value for name, value in actual.items() if name not in ("comment", "owner")}}

    def update(self, server: Server, before: Properties, wanted: Properties) -> None:
        """Replace the definition."""

        def work(cursor: Cursor) -> None:
            lock(cursor, _key(wanted))
            with membership(cursor, [(_find(cursor, wanted) or {}).get("owner")]):
                _write(cursor, wanted, replace=True)

        server.transaction(work, before.get("database"))

    def delete(self, server: Server, known: Properties, tag: Tag) -> None:
        """Drop the function, with what depends on it if the program says so."""

        def work(cursor: Cursor) -> None:
            lock(cursor, _key(known))
            existing = _find(cursor, known)
            if existing is None or tag.was_superseded(existing["comment"]):
                return
            with membership(cursor, [existing["owner"]]):
                mode = SQL("CASCADE") if known.get("dropCascade") else SQL("RESTRICT")
                cursor.execute(SQL("DROP FUNCTION {} {}").format(_quoted_signature(cursor, known), mode))

        database = known.get("database") or server.main
        if server.has_database(database):
            server.transaction(work, database)


def _key(known: Properties) -> str:
    return f"function:{known.get('schema') or 'public'}.{known['name']}"


def _types(known: Properties) -> str:
    """Return the argument types that tell the function from others of its name."""
    if "signature" in known:
        return str(known["signature"])
    return ",".join(argument["type"] for argument in known.get("args") or [] if argument.get("mode", "IN") != "OUT")


def _arguments_of(known: Properties) -> list[str]:
    return [known.get("schema") or "public", known["name"], _types(known)]


def _find(cursor: Cursor, known: Properties) -> dict[str, Value] | None:
    row = cursor.execute(_READ, _arguments_of(known)).fetchone()
    if row is None:
        return None
    body, language, volatility, parallel, definer, strict, returns, types, names, modes, defaults, comment, owner = row
    arguments = []
    for index, spelled in enumerate(types):
        mode = _MODE_LETTERS.get(modes[index] if modes else "i")
        if mode is None:
            continue  # a column of RETURNS TABLE
        argument = {"type": spelled, "mode": mode, "name": names[index] if names else "", "default": defaults[index]}
        arguments.append({name: value for name, value in argument.items() if value})
    return {
        "body": body,
        "language": language,
        "volatility": _VOLATILITY[volatility],
        "parallel": _PARALLEL[parallel],
        "securityDefiner": definer,
        "strict": strict,
        "returns": returns,
        "args": arguments,
        "comment": comment,
        "owner": owner,
    }


def _write(cursor: Cursor, wanted: Properties, *, replace: bool) -> None:
    arguments = SQL(", ").join(map(_argument, wanted.get("args") or []))
    parts: list[Composable] = [
        SQL("CREATE OR REPLACE FUNCTION") if replace else SQL("CREATE FUNCTION"),
        SQL("{}({})").format(Identifier(wanted.get("schema") or "public", wanted["name"]), arguments),
    ]
    returns = wanted.get("returns") or ("" if _has_results(wanted) else "void")
    if returns:
        parts.append(SQL("RETURNS ") + _source(returns))
    parts += [
        SQL("LANGUAGE {}").format(Identifier(wanted["language"].lower())),
        _source(wanted["volatility"]),
        SQL("PARALLEL ") + _source(wanted["parallel"]),
    ]
    if wanted["securityDefiner"]:
        parts.append(SQL("SECURITY DEFINER"))
    if wanted["strict"]:
        parts.append(SQL("STRICT"))
    parts.append(SQL("AS {}").format(Literal(_unwrapped(wanted["body"]))))
    cursor.execute(SQL(" ").join(parts))


def _has_results(wanted: Properties) -> bool:
    return any(argument.get("mode") in ("OUT", "INOUT") for argument in wanted.get("args") or [])


def _argument(argument: Properties) -> Composable:
    parts: list[Composable] = [_source(argument.get("mode") or "IN")]
    name = argument.get("name")
    if name:
        # unquoted names fold to lower case, and bodies rely on it
        parts.append(Identifier(name.lower() if re.fullmatch(r"[A-Za-z_][\w$]*", name) else name))
    parts.append(_source(argument["type"]))
    if argument.get("default"):
        parts.append(SQL("DEFAULT ") + _source(argument["default"]))
    return SQL(" ").join(parts)


def _source(text: str) -> Composable:
    """Return the program's own SQL as it is."""
    return SQL(text)


def _quoted_signature(cursor: Cursor, known: Properties) -> Composable:
    """Return the function's name and argument types as PostgreSQL itself quotes them."""
    cursor.execute("SET LOCAL search_path = ''")
    text = value(cursor, f"SELECT {_SIGNATURE}::text", *_arguments_of(known))
    cursor.execute("RESET search_path")
    if text is None:
        raise ProviderError("PostgreSQL does not find it by its argument types")
    return _source(text)


def _unwrapped(body: str) -> str:
    """Return what is between dollar quotes; the official plugin allows a body with them."""
    match = _WRAPPED.fullmatch(body)
    return match.group(1) if match else body
