"""The one TOML file: typed when it is right, every mistake named when it is not."""

from gateway.settings.keys import key_digest, new_key
from gateway.settings.load import load, parse
from gateway.settings.reader import Problem, SettingsError, describe
from gateway.settings.rules import Network
from gateway.settings.sections import Client, GatewaySection, Key, Route, Settings, Template, Webhook

__all__ = [
    "Client",
    "GatewaySection",
    "Key",
    "Network",
    "Problem",
    "Route",
    "Settings",
    "SettingsError",
    "Template",
    "Webhook",
    "describe",
    "key_digest",
    "load",
    "new_key",
    "parse",
]
