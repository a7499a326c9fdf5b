"""Templates: the configuration's, those a vendor tells, those only the vendor can fill in."""

from __future__ import annotations

import msgspec
import pytest

from gateway.errors import Code, GatewayError
from gateway.provider import Provider, VendorTemplate
from gateway.settings import Template
from gateway.templates import Wanted, fill, find
from tests.fake_provider import TEXT, Fake

pytestmark = pytest.mark.anyio

WORDLESS = msgspec.structs.replace(TEXT, text="")
DEMO = VendorTemplate("demo", "Dear {{name%}}, {{name%}}: {{item%}}!", (("name", "{{name%}}"), ("item", "{{item%}}")))


async def told(provider: Provider, id: str) -> VendorTemplate | None:
    assert isinstance(provider, Fake)
    return next((template for template in provider.listed or () if template.id == id), None)


async def silent(provider: Provider, id: str) -> VendorTemplate | None:
    raise GatewayError(Code.PROVIDER_TIMEOUT, "no answer", provider=provider.name)


def pointers(error: pytest.ExceptionInfo[GatewayError]) -> list[str]:
    return [each.pointer for each in error.value.errors]


def test_a_value_is_never_read_as_a_hole() -> None:
    template = Template(text="{a} and {b}")
    assert fill(template, Wanted("t", {"a": "{b}", "b": "{a}"})) == "{b} and {a}"


MISSING, SURPLUS = "/template/values/a", "/template/values/z"


@pytest.mark.parametrize(
    ("values", "wrong"), [({}, [MISSING]), ({"a": "1", "z": "2"}, [SURPLUS]), ({"z": "1"}, [MISSING, SURPLUS])]
)
def test_values_must_fit_the_holes(values: dict[str, str], wrong: list[str]) -> None:
    with pytest.raises(GatewayError) as refused:
        fill(Template(text="Hello {a}"), Wanted("t", values))
    assert pointers(refused) == wrong


@pytest.mark.parametrize("value", ["", "x" * 2001, "\ud83d"])
def test_the_filled_text_must_be_one(value: str) -> None:
    with pytest.raises(GatewayError) as refused:
        fill(Template(text="{a}"), Wanted("t", {"a": value}))
    assert refused.value.code is Code.INVALID_REQUEST


async def test_what_a_vendor_tells_is_filled_in_here() -> None:
    wanted = Wanted("demo", {"name": "{{item%}}", "item": "tea"})
    found = await find(wanted, WORDLESS, (Fake("main", listed=(DEMO,)),), told)
    assert (found.text, found.template) == ("Dear {{item%}}, {{item%}}: tea!", None)


async def test_what_only_the_vendor_can_fill_in_is_named() -> None:
    found = await find(Wanted("7", {}), WORDLESS, (Fake("media", kept=frozenset({"7"})),), told)
    assert (found.text, found.template) == ("", "7")
    with pytest.raises(GatewayError) as refused:
        await find(Wanted("7", {"a": "b"}), WORDLESS, (Fake("media", kept=frozenset({"7"})),), told)
    assert pointers(refused) == ["/template/values/a"]


async def test_the_first_candidate_that_has_it_counts() -> None:
    lists, keeps = Fake("main", listed=(DEMO, VendorTemplate("7", "seven"))), Fake("media", kept=frozenset({"7"}))
    assert (await find(Wanted("7", {}), WORDLESS, (lists, keeps), told)).text == "seven"
    assert (await find(Wanted("7", {}), WORDLESS, (keeps, lists), told)).template == "7"


async def test_a_template_nobody_has() -> None:
    with pytest.raises(GatewayError) as refused:
        await find(Wanted("none", {}), WORDLESS, (Fake("plain"), Fake("main", listed=(DEMO,))), told)
    assert (refused.value.code, pointers(refused)) == (Code.INVALID_REQUEST, ["/template/id"])


async def test_a_vendor_that_does_not_answer_is_told_only_where_no_other_has_it() -> None:
    lists = Fake("main", listed=(DEMO,))
    with pytest.raises(GatewayError) as refused:
        await find(Wanted("7", {}), WORDLESS, (lists,), silent)
    assert refused.value.code is Code.PROVIDER_TIMEOUT
    found = await find(Wanted("7", {}), WORDLESS, (lists, Fake("media", kept=frozenset({"7"}))), silent)
    assert found.template == "7"
