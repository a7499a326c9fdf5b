"""From the file to `Settings`: the sections in turn, then what only shows between them."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from gateway.provider import ProviderSettings, ProviderTypes
from gateway.settings import rules
from gateway.settings.reader import BAD, Problem, Reader, SettingsError, join, suggestion
from gateway.settings.sections import Client, GatewaySection, Route, Settings, Template, Webhook, Weight

_PROVIDER_RULES = {
    "base_url": (rules.base_url,),
    "timeout": (rules.positive,),
    "callback_secret": (rules.callback_secret, msgspec.Meta(min_length=1)),
    "allow_callbacks_from": (rules.network_text,),
    "timezone": (rules.time_zone,),
}
"""Rules for the keys every provider has, whatever its type."""


def load(path: Path, types: ProviderTypes, environ: Mapping[str, str] = os.environ) -> Settings:
    """The configuration in the file at `path`. Raises SettingsError."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        raise SettingsError((Problem("", "there is no such file"),)) from None
    except OSError as error:
        raise SettingsError((Problem("", f"cannot be read: {error.strerror}"),)) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError((Problem("", f"line {line} is not UTF-8: save the file as UTF-8"),)) from None
    return parse(text, types, environ, path.absolute().parent)


def parse(text: str, types: ProviderTypes, environ: Mapping[str, str], base: Path) -> Settings:
    """The configuration in `text`; relative paths in it start at `base`. Raises SettingsError."""
    reader = Reader(environ)
    try:
        settings = _File(reader, reader.substitute(_toml(text)), types, base).settings()
    except RecursionError:
        raise SettingsError((Problem("", "is nested too deeply"),)) from None
    if reader.problems:
        raise SettingsError(tuple(sorted(set(reader.problems))))
    return settings


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and what int() says of too many digits
        end = f"at the end, line {text.count(chr(10)) + 1}"
        detail = str(error).replace("at end of document", end)
        raise SettingsError((Problem("", f"is not TOML: {detail}"),)) from None


class _File:
    """One file being read. Its methods note mistakes at the reader and go on with BAD in their place:
    what they return is of use only where nothing was noted."""

    def __init__(self, reader: Reader, tree: dict[str, Any], types: ProviderTypes, base: Path) -> None:
        self._reader = reader
        self._tree = tree
        self._types = types
        self._base = base
        self._rule_owners: dict[str, str] = {}
        """The enabled provider that each rule is of, by the rule's name."""

    def settings(self) -> Settings:
        self._reader.refuse_unknown(self._tree, Settings.__struct_fields__, "")
        for section in ("clients", "providers"):
            if self._tree.get(section, {}) == {}:
                self._reader.note(section, f"at least one is needed: write a [{section}.NAME]")
        providers = self._named("providers", self._provider)
        enabled = {name: provider for name, provider in providers.items() if provider is not None}
        return Settings(
            gateway=self._gateway(),
            clients=self._clients(),
            providers=enabled,
            routes=tuple(self._route(raw, path, enabled) for raw, path in self._listed("routes")),
            templates=self._named("templates", lambda _, raw, path: self._reader.struct(raw, Template, path)),
            webhooks=self._webhooks(),
        )

    def _gateway(self) -> Any:
        fields = self._reader.fields(self._tree.get("gateway", {}), GatewaySection, "gateway")
        hours, days = fields.get("idempotency_hours", 24), fields.get("retention_days", 30)
        if BAD not in (hours, days) and hours > days * 24:
            self._reader.note("gateway.idempotency_hours", "must not be longer than retention_days")
        # abspath, not resolve: where a link in the path points to is the operator's to change.
        data_dir = fields.get("data_dir", GatewaySection().data_dir)
        if data_dir is not BAD:
            fields["data_dir"] = Path(os.path.abspath(self._base / data_dir))
        return self._reader.build(GatewaySection, fields, "gateway")

    def _clients(self) -> dict[str, Any]:
        owners: dict[bytes, str] = {}

        def read(name: str, raw: Any, path: str) -> Any:
            types = {
                "providers": Annotated[frozenset[str], self._known("providers")],
                "rules": Annotated[frozenset[str], self._known_rule()],
            }
            fields = self._reader.fields(raw, Client, path, given={"name": name}, override=types)
            keys = fields.get("keys", BAD)
            for index, key in enumerate(() if keys is BAD else keys):
                place = f"{path}.keys[{index}].sha256"
                owner = owners.setdefault(key.sha256, place)
                if owner != place:
                    self._reader.note(place, f"is the key of {owner} too: a key names one client, once")
            return self._reader.build(Client, fields, path)

        return self._named("clients", read)

    def _provider(self, name: str, raw: Any, path: str) -> Any:
        """The built provider; None for a disabled one, which is only checked."""
        reader = self._reader
        table = {key: value for key, value in raw.items() if key != "type"}
        kind: Any = reader.value(raw["type"], str, f"{path}.type") if "type" in raw else None
        if kind not in self._types:
            if kind is not BAD:
                wrong = "is missing" if kind is None else "unknown provider type"
                reader.note(f"{path}.type", f"{wrong}; known: {', '.join(sorted(self._types))}")
            self._common(table, path)
            return BAD
        cls = self._types[kind].settings
        fields = reader.fields(table, cls, path, override=_provider_fields(cls))
        if fields.get("enabled", True) is not False:
            self._own_rules(table, path)
        settings = reader.build(cls, fields, path)
        if settings is BAD or not settings.enabled:
            return None
        return reader.build(lambda: self._types[kind].build(name, settings), {}, path)

    def _own_rules(self, table: dict[str, Any], path: str) -> None:
        """A rule's name is known without that of its provider: notes those that another provider has too."""
        for name in _rules_in(table):
            owner = self._rule_owners.setdefault(name, path)
            if owner != path:
                detail = f"is the name of a rule of {owner} too: a rule is of one provider"
                self._reader.note(join(f"{path}.rules", name), detail)

    def _common(self, table: dict[str, Any], path: str) -> None:
        """Checks what can be checked of a provider whose type is not known."""
        cls = ProviderSettings
        table = {key: value for key, value in table.items() if key in cls.__struct_fields__}
        given = {} if "base_url" in table else {"base_url": ""}
        self._reader.fields(table, cls, path, given=given, override=_provider_fields(cls))

    def _route(self, raw: Any, path: str, enabled: Collection[str]) -> Any:
        reader, known = self._reader, self._known("providers")
        weights = dict[Annotated[str, known], Weight]
        types = {
            "clients": Annotated[tuple[str, ...], self._known("clients")],
            "providers": Annotated[tuple[Annotated[str, known], ...] | weights, msgspec.Meta(min_length=1)],
            "weights": Annotated[weights, msgspec.Meta(min_length=1)],
        }
        fields = reader.fields(raw, Route, path, override=types)
        given = [fields[key] for key in ("providers", "weights") if key in fields]
        if not given:
            reader.note(f"{path}.providers", "is missing")
        elif len(given) == 2:
            reader.note(f"{path}.weights", "write either providers or weights")
        elif given[0] is not BAD:
            if len(set(given[0])) < len(given[0]):
                reader.note(f"{path}.providers", "names a provider twice")
            fields["providers"] = tuple(name for name in given[0] if name in enabled)
            shares = given[0] if isinstance(given[0], dict) else {}
            fields["weights"] = {name: share for name, share in shares.items() if name in enabled}
        return reader.build(Route, fields, path)

    def _webhooks(self) -> tuple[Any, ...]:
        reader, webhooks, owners = self._reader, [], dict[str, str]()
        for number, (raw, path) in enumerate(self._listed("webhooks"), 1):
            named = {"name": f"webhook-{number}", **raw}
            fields = reader.fields(named, Webhook, path, override={"client": Annotated[str, self._known("clients")]})
            name = fields["name"]
            if name is not BAD and owners.setdefault(name, path) != path:
                reader.note(f"{path}.name", f"is the name of {owners[name]} too")
            webhooks.append(reader.build(Webhook, fields, path))
        return tuple(webhooks)

    def _named(self, section: str, read: Callable[[str, Any, str], Any]) -> dict[str, Any]:
        """What `read` makes of each `[section.NAME]`, given its name, table and path."""
        table = self._tree.get(section, {})
        if not self._reader.expect(dict, table, section):
            return {}
        values = {}
        for name, raw in table.items():
            path = join(section, name)
            self._reader.value(name, Annotated[str, rules.name], path)
            values[name] = read(name, raw, path) if self._reader.expect(dict, raw, path) else BAD
        return values

    def _listed(self, section: str) -> list[tuple[dict[str, Any], str]]:
        """Each `[[section]]` with its path."""
        entries = self._tree.get(section, [])
        if not self._reader.expect(list, entries, section):
            return []
        places = [(raw, f"{section}[{index}]") for index, raw in enumerate(entries)]
        return [(raw, path) for raw, path in places if self._reader.expect(dict, raw, path)]

    def _known(self, section: str) -> Callable[[str], str]:
        """The rule for a name that must be in that section, whether what it names is right or not."""
        table = self._tree.get(section, {})

        def known(value: str) -> str:
            if isinstance(table, dict) and value not in table:
                raise ValueError(f"there is no [{section}.NAME] of this name; {suggestion(value, table)}")
            return value

        return known

    def _known_rule(self) -> Callable[[str], str]:
        """The rule for the name of a call tree that some provider has, whether it is right or not."""
        providers = self._tree.get("providers", {})
        tables = providers.values() if isinstance(providers, dict) else ()
        names = {name for table in tables for name in _rules_in(table)}

        def known(value: str) -> str:
            if value not in names:
                raise ValueError(f"no [providers.NAME] has a rule of this name; {suggestion(value, names)}")
            return value

        return known


def _rules_in(provider: Any) -> Collection[str]:
    """The names of the rules in a `[providers.NAME]`, whatever is written there."""
    table = provider.get("rules") if isinstance(provider, dict) else None
    return table if isinstance(table, dict) else ()


def _provider_fields(cls: type[ProviderSettings]) -> dict[str, Any]:
    return {
        field.name: Annotated[(field.type, *_PROVIDER_RULES[field.name])]
        for field in msgspec.structs.fields(cls)
        if field.name in _PROVIDER_RULES
    }
