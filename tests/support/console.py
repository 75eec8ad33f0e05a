"""The console in a real browser, beside a real gateway: what tests of pages begin with."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import httpx
from playwright.async_api import Browser, Page, Request, Response, async_playwright

from tests.support.environments import unavailable
from tests.support.gateway import Gateway
from tests.support.program import ROOT

EMAIL, PASSWORD = "dana@example.com", "correct horse battery"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
AXE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
# `region` is off: tips and menus stand outside of the page's landmarks, as they must.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_SETUP = re.compile(r"/setup#(\S+)")


@dataclass
class Visit:
    """One person's look at the console. What went wrong that nobody expected is kept, and `close` raises it."""

    page: Page
    base: str
    wrong: list[str] = field(default_factory=list[str])
    expected: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])

    def watch(self) -> None:
        self.page.on("console", lambda message: self._said(message.type, message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(f"error in the page: {error}"))
        self.page.on("response", self._answered)
        self.page.on("requestfailed", self._failed)

    def expect(self, status: int, path: str) -> None:
        """That a request to this path of the API is refused belongs to the test."""
        self.expected.add((status, path))

    async def go(self, path: str) -> None:
        """To a page, as `/tools`, until it has what it shows."""
        await self.page.goto(f"{self.base}/console{path}")
        await self.settle()

    async def settle(self) -> None:
        await self.page.locator("body[data-settled='true']").wait_for(timeout=20_000)

    async def check(self) -> None:
        """The page as it is now: accessible in both themes, and not wider than the window."""
        for scheme in ("light", "dark"):
            await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await self.page.locator(f"html[data-theme='{scheme}']").wait_for(state="attached")
            await self.page.evaluate(AXE.read_text())
            found = await self.page.evaluate(
                "rules => axe.run(document, {runOnly: rules, rules: {region: {enabled: false}}})", RULES
            )
            assert not found["violations"], f"{scheme} {self.page.url}: {_told(found['violations'])}"
        wide, window = await self.page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= window, f"{self.page.url} is {wide} px wide in a window of {window} px"

    def finish(self) -> None:
        assert not self.wrong, "\n".join(self.wrong)

    def _said(self, kind: str, text: str) -> None:
        refused = "Failed to load resource" in text  # Told by `_answered`, with its address.
        if kind in ("error", "warning") and not refused:
            self.wrong.append(f"console {kind}: {text}")

    def _answered(self, response: Response) -> None:
        path = httpx.URL(response.url).path.removeprefix("/api/v1")
        if response.status >= 400 and (response.status, path) not in self.expected:
            sent = response.request.post_data or ""
            self.wrong.append(f"{response.request.method} {response.url}: {response.status} {sent[:300]}")

    def _failed(self, request: Request) -> None:
        # A page that is left lets go of what it was getting.
        if request.failure and "ERR_ABORTED" not in request.failure:
            self.wrong.append(f"{request.method} {request.url}: {request.failure}")


@contextlib.asynccontextmanager
async def browser() -> AsyncGenerator[Browser]:
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        unavailable("Chromium was not found: install it, or google-chrome.")
    if not AXE.exists():
        unavailable("axe-core was not found: `npm ci` in console/ installs it, and ./run console does.")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield running
        finally:
            await running.close()


@contextlib.asynccontextmanager
async def visit(
    running: Browser, gateway: Gateway, *, width: int = 1440, email: str = EMAIL, language: str = "en-US"
) -> AsyncGenerator[Visit]:
    """Signed in as `email` (empty: not signed in). Afterwards nothing may have gone wrong."""
    context = await running.new_context(viewport={"width": width, "height": 900}, locale=language)
    await context.grant_permissions(["clipboard-read", "clipboard-write"], origin=gateway.url)
    if email:
        answer = await context.request.post(
            f"{gateway.url}/api/v1/auth/login", data={"email": email, "password": PASSWORD}
        )
        assert answer.ok, await answer.text()
    page = await context.new_page()
    page.set_default_timeout(15_000)
    visit = Visit(page, gateway.url)
    visit.watch()
    try:
        yield visit
        visit.finish()
    except BaseException:
        with contextlib.suppress(Exception):
            shots = ROOT / ".cache" / "browser"
            shots.mkdir(parents=True, exist_ok=True)
            await page.screenshot(path=shots / "last-failure.png", full_page=True)
        raise
    finally:
        await context.close()


async def set_up(gateway: Gateway) -> None:
    """Make the first administrator, as the link that `up` printed does."""
    found = _SETUP.search(gateway.log)
    assert found, "`up` printed no link for the set-up"
    body = {"code": found[1], "email": EMAIL, "name": "Dana Moon", "password": PASSWORD}
    await gateway.expect(200, "POST", "/auth/setup", body)


def _told(violations: list[dict[str, Any]]) -> str:
    lines: list[str] = []
    for one in violations:
        nodes = "; ".join(f"{node['html'][:200]} ({node.get('failureSummary', '')[:300]})" for node in one["nodes"][:3])
        lines.append(f"{one['id']}: {one['help']}: {nodes}")
    return "\n".join(lines)
