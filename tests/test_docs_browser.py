"""The pages in a browser that reaches nothing but the gateway: the reference is drawn, and its requests are real."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from gateway.api.problems import KINDS, slug
from gateway.errors import Code
from gateway.settings import key_digest
from gateway.spec.document import build
from tests.conftest import free_port
from tests.processes import CONFIG, ENVIRON, GATEWAY, KEY, SECRET
from tests.tools import need

DOCUMENT = build()
PUBLIC = "https://sms.example.com"
"""What the gateway is called elsewhere: another origin than the page's."""
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
]
VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (told) =>
  window.violations.push(`${told.violatedDirective} ${told.blockedURI} ${told.sourceFile}:${told.lineNumber}`));
"""
PALE = """
() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [red, green, blue] = colour.map((each) => each / 255)
      .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    const [red, green, blue, opaque = 1] = parts(getComputedStyle(element).backgroundColor);
    if (opaque === 1 || !element.parentElement) return [red, green, blue];
    const under = behind(element.parentElement);
    return [red, green, blue].map((each, index) => each * opaque + under[index] * (1 - opaque));
  };
  const contrast = (element) => {
    const [less, more] = [parts(getComputedStyle(element).color), behind(element)].map(light)
      .sort((a, b) => a - b);
    return (more + 0.05) / (less + 0.05);
  };
  const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const all = [...document.querySelectorAll("body *:not(noscript, script, option)")];
  return all.filter((element) => own(element) && element.checkVisibility() && contrast(element) < 4.5)
    .map((element) => `${element.tagName} ${element.className} ${element.textContent.slice(0, 30)}`);
}
"""
"""What can hardly be read (WCAG 2.2, 1.4.3)."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway whose vendor cannot be reached: what it accepts waits."""
    folder = tmp_path_factory.mktemp("gateway")
    port = free_port()
    settings = {"digest": key_digest(KEY).hex(), "secret": SECRET, "vendor_url": "http://127.0.0.1:9"}
    (folder / "gateway.toml").write_text(CONFIG.format(gateway=f'public_url = "{PUBLIC}"', **settings))
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [*GATEWAY, "serve", "--config", "gateway.toml", "--port", str(port)], cwd=folder, stderr=log, env=ENVIRON
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait(folder, process, f"{address}/health/ready")
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


def wait(folder: Path, process: subprocess.Popen[bytes], address: str) -> None:
    ends = time.monotonic() + 20
    while True:
        assert process.poll() is None, (folder / "log").read_text()
        try:
            if httpx.get(address).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < ends, (folder / "log").read_text()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = need("chromium")
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


class Watched:
    """A page, and all that it asked for and complained of."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        self.wrong: list[str] = []
        context.add_init_script(VIOLATIONS)
        context.on("request", lambda request: self.asked.append(request.url))
        context.on("requestfailed", lambda request: self.wrong.append(f"{request.url}: {request.failure}"))
        context.on("console", lambda told: self.wrong.append(f"{told.type}: {told.text}"))
        context.on("weberror", lambda told: self.wrong.append(str(told.error)))
        self.page: Page = context.new_page()

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.url}{path}")
        if path.startswith("/docs"):
            expect(self.page.locator("#swagger-ui .opblock").first).to_be_visible()
        return self.page

    def is_clean(self) -> None:
        """Nothing was asked of another host, blocked, or complained of; nothing was put by."""
        assert self.asked
        assert {urlsplit(each).netloc for each in self.asked if not each.startswith("data:")} == {
            urlsplit(self.url).netloc
        }
        assert self.wrong == []
        assert self.page.evaluate("window.violations") == []
        assert self.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


@pytest.fixture
def watch(browser: Browser, url: str) -> Iterator[Callable[..., Watched]]:
    contexts: list[BrowserContext] = []

    def open_(**more: Any) -> Watched:
        contexts.append(browser.new_context(**more))
        return Watched(contexts[-1], url)

    yield open_
    for context in contexts:
        context.close()


def operation(page: Page, id_: str) -> Locator:
    """Its box, opened."""
    box = page.locator(f"[id$='-{id_}'].opblock")
    box.locator(".opblock-summary-control").click()
    expect(box.locator(".opblock-body")).to_be_visible()
    return box


def authorize(page: Page, key: str) -> None:
    page.get_by_role("button", name="Authorize").click()
    page.get_by_label("auth-bearer-value").fill(key)
    page.get_by_role("button", name="Apply credentials").click()
    page.locator(".btn-done").click()


def tried(box: Locator) -> tuple[int, str, dict[str, Any]]:
    """What comes of trying it: the status, the address that was asked, the body."""
    box.get_by_role("button", name="Try it out").click()
    page = box.page
    with page.expect_response(lambda answer: "/docs" not in answer.url) as awaited:
        box.get_by_role("button", name="Execute").click()
    answer = awaited.value
    expect(box.locator(".live-responses-table .response-col_status").last).to_have_text(str(answer.status))
    shown = box.locator(".live-responses-table .response-col_description .microlight").first.inner_text()
    return answer.status, answer.url, json.loads(shown)


def test_every_operation_is_shown(watch: Callable[..., Watched]) -> None:
    watched = watch()
    page = watched.open("/docs")
    tags = [tag.get_attribute("data-tag") for tag in page.locator(".opblock-tag").all()]
    assert tags == [tag["name"] for tag in DOCUMENT["tags"]]
    for methods in DOCUMENT["paths"].values():
        for told in methods.values():
            box = page.locator(f"#operations-{told['tags'][0]}-{told['operationId']}")
            expect(box).to_be_visible()
            expect(box).to_contain_text(told["summary"])
    for name in DOCUMENT["webhooks"]:
        expect(page.locator(".webhooks .opblock").filter(has_text=name).first).to_be_visible()
    expect(page.locator("#quick-start")).to_contain_text(f"export GATEWAY_URL={PUBLIC}")
    assert page.locator("img, iframe, .info, .servers").count() == 0
    watched.is_clean()


def test_a_message_is_sent_from_the_page(watch: Callable[..., Watched], url: str) -> None:
    watched = watch()
    page = watched.open("/docs")
    authorize(page, KEY)
    status, asked, told = tried(operation(page, "sendMessage"))
    assert (status, asked) == (202, f"{url}/messages")  # and not at the gateway's other address
    found = httpx.get(f"{url}/messages/{told['id']}", headers={"Authorization": f"Bearer {KEY}"})
    assert (found.status_code, found.json()["id"]) == (200, told["id"])
    status, _, me = tried(operation(page, "getMe"))
    assert (status, me["client"]) == (200, "shop")
    watched.is_clean()
    page.reload()  # its address says what was open, and nothing of the key
    status, _, refused = tried(page.locator("#operations-Account-getMe"))
    assert (status, refused["code"]) == (401, "unauthorized")


def test_what_may_be_left_out_is_left_out(watch: Callable[..., Watched]) -> None:
    watched = watch()
    page = watched.open("/docs")
    authorize(page, KEY)
    status, asked, page_of_them = tried(operation(page, "listMessages"))
    assert (status, urlsplit(asked).query) == (200, "limit=20")
    assert "items" in page_of_them
    for id_ in ("sendBatch", "listReservations", "listEvents"):
        box = operation(page, id_)
        box.get_by_role("button", name="Try it out").click()
        for field in box.locator(".parameters-col_description input").all():
            default = (field.get_attribute("placeholder") or "") == "limit"
            assert bool(field.input_value()) == default
    expect(operation(page, "cancelMessage")).to_contain_text("Example: 8f14e45f-ceea-467f-a0e6-f2b1c1a8b3d7")
    watched.is_clean()


def test_moments_of_examples_lie_ahead(watch: Callable[..., Watched]) -> None:
    """Whenever it is tried: the document's own stand still."""
    watched = watch()
    watched.page.clock.install(time="2031-05-06T07:08:09Z")
    page = watched.open("/docs")
    box = operation(page, "sendMessage")
    box.get_by_role("button", name="Try it out").click()
    shown = {}
    for name in ("simple", "code", "reservation"):
        box.locator(".opblock-section-request-body .examples-select-element").select_option(name)
        shown[name] = json.loads(box.locator("textarea.body-param__text").input_value())
    assert "sendAt" not in shown["simple"]
    assert shown["code"]["expiresAt"] == "2031-05-08T00:05:00Z"
    assert shown["reservation"]["sendAt"] == "2031-05-08T09:00:00+09:00"
    watched.is_clean()


def test_an_address_may_lead_into_the_reference(watch: Callable[..., Watched]) -> None:
    watched = watch()
    page = watched.open("/docs#/Messages/sendMessage")
    body = page.locator("#operations-Messages-sendMessage .opblock-body")
    expect(body).to_be_visible()
    expect(page.locator("#operations-Messages-sendMessage")).to_be_in_viewport()
    page.get_by_role("link", name="Problems", exact=True).click()
    expect(page.locator("#problems h2")).to_be_in_viewport()
    watched.is_clean()


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1280)])
def test_it_fits_and_can_be_read(watch: Callable[..., Watched], scheme: str, width: int) -> None:
    watched = watch(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = watched.open("/docs")
    assert page.evaluate(PALE) == []
    authorize(page, KEY)
    box = operation(page, "sendMessage")
    tried(box)
    operation(page, "putRuleNumbers").get_by_role("button", name="Try it out").click()
    fits(page)
    for tab in page.get_by_role("tab", name="Schema").all():
        tab.click()
    fits(page)
    page.mouse.move(0, 0)
    expect(box.locator(".json-schema-2020-12").first).to_be_visible()
    page.wait_for_function(f"({PALE})().length === 0")  # buttons fade from colour to colour
    for code in (Code.RATE_LIMITED, Code.IDEMPOTENCY_KEY_REUSED):
        watched.open(f"/problems/{slug(code)}")
        fits(page)
        assert page.evaluate(PALE) == []
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (scheme == "dark")
    watched.is_clean()


def fits(page: Page) -> None:
    """Nothing has to be scrolled sideways but what scrolls by itself."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_problems_lead_there_and_back(watch: Callable[..., Watched]) -> None:
    watched = watch()
    page = watched.open("/docs")
    page.locator("#problems").get_by_role("link", name=Code.NO_ROUTE, exact=True).click()
    expect(page).to_have_url(f"{watched.url}/problems/no-route")
    expect(page.get_by_role("heading", level=1)).to_have_text(KINDS[Code.NO_ROUTE].title)
    expect(page.get_by_role("region")).to_contain_text("HTTP/1.1 422")
    page.get_by_role("link", name="All problems").click()
    expect(page.locator("#problems h2")).to_be_in_viewport()
    watched.is_clean()


def test_the_keyboard_finds_the_content_first(watch: Callable[..., Watched]) -> None:
    page = watch().open("/problems/gone")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main$"))


def test_without_scripts_it_says_where_the_reference_is(browser: Browser, url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{url}/docs")
    for section in ("quick-start", "conventions", "promises", "providers", "problems"):
        expect(page.locator(f"#{section}")).to_be_visible()
    expect(page.locator("#reference .note")).to_contain_text("openapi.yaml")
    context.close()


def test_on_paper_there_is_what_can_be_read(watch: Callable[..., Watched]) -> None:
    page = watch().open("/docs")
    page.emulate_media(media="print")
    for hidden in ("#reference", "header"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator("#quick-start")).to_be_visible()
