"""What is written of iotcall in docs/vendors/iotcall.md is complete."""

from __future__ import annotations

from pathlib import Path

from gateway.providers.iotcall import codes
from gateway.sandbox.iotcall_letter import FIELDS, RANGE
from tests.providers.iotcall_tools import CALLS, MESSAGES

ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|")[:2])
    for line in (Path(__file__).parents[2] / "docs/vendors/iotcall.md").read_text().splitlines()
    if line.startswith("|") and not line.startswith(("| what |", "|---"))
]
RULE = "`/pattern/URLキー"
PATHS = {
    "①": (f"{RULE}/call`",),
    "②": (f"{RULE}/tel`",),
    "③": (f"{RULE}/tel`",),
    "④ A": ("`/pattern/callog`", "`/pattern/smslog`"),
    "④ B": (f"{RULE}/calllog`", f"{RULE}/smslog`"),
    "④ C": (f"{RULE}/calllog/latest`", f"{RULE}/smslog/latest`"),
    "④ E": (f"{RULE}/発動ID`",),
}
"""As printed."""
LOGGED = ("to", "response_no", "duration", "start_time", "end_time", "created_at", "memo", "rule_id", "code")


def test_every_path_header_parameter_field_and_country_has_a_row() -> None:
    wanted = {(path, section) for section, paths in PATHS.items() for path in paths}
    wanted |= {("`Authorization`", section) for section in "①②③④"}
    wanted |= {("`Content-Type`", section) for section in "③④"}
    wanted |= {(f"`call_to_tels[0][{name}]`", "③") for name in FIELDS}
    wanted |= {(f"`{name}`", "④ D") for name in RANGE}
    wanted |= {(f"country {place}", "③") for place in codes.COUNTRIES}
    wanted |= {(f"`{name}`", "④ A") for name in ("status", "list", *LOGGED)}
    wanted |= {(f"`{name}`", "④ E") for name in ("0", "sms_logs", "call_logs")}
    wanted |= {("`status` of a call", "④ A"), ("`status` of a message", "④ A")}
    assert not wanted - set(ROWS)


def test_the_fields_are_those_of_the_examples() -> None:
    printed = CALLS + MESSAGES
    assert all(f'"{name}"' in printed for name in LOGGED)
