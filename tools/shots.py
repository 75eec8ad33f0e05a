"""Pictures of every page of the console on the demo's data: `./run shots [NAME...] [--url URL] [--language ko]`.

Each page at 1440 and 390 px, light and dark, into `.cache/shots/`. Errors in a page fail the run. Needs Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import APIRequestContext, Browser, Page, Response, ViewportSize, sync_playwright

ROOT = Path(__file__).parents[1]
SHOTS = ROOT / ".cache" / "shots"
ADMINISTRATOR = {"email": "demo@example.com", "password": "gatehouse-demo"}
Theme = Literal["light", "dark"]
WIDTHS = (1440, 390)
THEMES: tuple[Theme, ...] = ("light", "dark")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
READY_WITHIN = 180
PORT = 4655
LOCALES = {"en": "en-US", "ko": "ko-KR"}
PAGES: dict[str, str] = {
    "overview": "",
    "map": "/map",
    "start": "/start",
    "mcp-servers": "/upstreams",
    "mcp-server-new": "/upstreams/new",
    "mcp-server": "/upstreams/{upstream}",
    "mcp-server-used": "/upstreams/{upstream}?tab=used",
    "mcp-server-health": "/upstreams/{upstream}?tab=health",
    "mcp-server-settings": "/upstreams/{upstream}?tab=settings",
    "mcp-server-down": "/upstreams/{down}",
    "virtual-servers": "/servers",
    "virtual-server-new": "/servers/new",
    "virtual-server": "/servers/support",
    "virtual-server-compose": "/servers/support?tab=compose",
    "virtual-server-connect": "/servers/support?tab=connect",
    "virtual-server-try": "/servers/support?tab=try",
    "virtual-server-usage": "/servers/support?tab=usage",
    "virtual-server-settings": "/servers/support?tab=settings",
    "tools": "/tools",
    "tool": "/tools/{tool}",
    "tool-try": "/tools/{tool}?tab=try",
    "tool-usage": "/tools/{tool}?tab=usage",
    "prompts": "/prompts",
    "prompt-new": "/prompts/new",
    "resources": "/resources",
    "duplicates": "/duplicates",
    "unused": "/unused",
    "registry": "/registry?category=development",
    "registry-entry": "/registry/{entry}",
    "registry-sources": "/registry/sources",
    "agents": "/agents",
    "agent": "/agents/editor",
    "agent-new": "/agents/new",
    "roots": "/roots",
    "metrics": "/metrics?since=30d",
    "calls": "/calls",
    "call": "/calls/{call}",
    "events": "/events",
    "tokens": "/tokens",
    "token-new": "/tokens/new",
    "token": "/tokens/{token}",
    "teams": "/teams",
    "team": "/teams/support",
    "users": "/users",
    "user": "/users/{user}",
    "roles": "/roles",
    "sign-on": "/sign-on",
    "audit": "/audit",
    "explain": "/explain?server=support&tool=find_ticket",
    "settings": "/settings",
    "transfer": "/transfer",
    "account": "/account",
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run shots", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PAGES)}; all where left out")
    parser.add_argument("--url", help="a demo that runs already")
    parser.add_argument("--language", choices=("en", "ko"), default="en", help="of the pages (default: en)")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(PAGES):
        parser.error(f"there is no page {', '.join(sorted(unknown))}")
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        parser.error("Chromium was not found: install it, or google-chrome")
    SHOTS.mkdir(parents=True, exist_ok=True)
    with gateway(asked.url) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        wrong = take_all(browser, url, asked.names or list(PAGES), asked.language)
        browser.close()
    print(f"{len(list(SHOTS.glob('*.png')))} pictures in {SHOTS.relative_to(ROOT)}")
    for line in wrong:
        print(line, file=sys.stderr)
    return int(bool(wrong))


@contextmanager
def gateway(url: str | None) -> Generator[str]:
    """A demo of its own, unless there is one."""
    if url is not None:
        yield url.rstrip("/")
        return
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "log"
        command = [sys.executable, "-m", "gatehouse", "up", "--demo", "--no-browser", "--port", str(PORT)]
        with log.open("wb") as stream:
            running = subprocess.Popen(
                [*command, "--data", str(Path(directory) / "data")], stdout=stream, stderr=stream
            )
        try:
            wait_until_ready(running, log)
            yield f"http://127.0.0.1:{PORT}"
        finally:
            running.terminate()
            running.wait()


def wait_until_ready(running: subprocess.Popen[bytes], log: Path) -> None:
    print("shots: making the demo ...", flush=True)
    end = time.monotonic() + READY_WITHIN
    while "The demo is ready" not in log.read_text():
        if running.poll() is not None or time.monotonic() > end:
            sys.exit(f"The demo did not start:\n{log.read_text()[-3000:]}")
        time.sleep(0.2)


def take_all(browser: Browser, url: str, names: list[str], language: str) -> list[str]:
    """What went wrong."""
    wrong: list[str] = []
    mark = "" if language == "en" else f"-{language}"
    for width in WIDTHS:
        for theme in THEMES:
            size: ViewportSize = {"width": width, "height": 900}
            context = browser.new_context(viewport=size, color_scheme=theme, locale=LOCALES[language])
            context.request.post(f"{url}/api/v1/auth/login", data=ADMINISTRATOR)
            page = context.new_page()
            watch(page, wrong)
            things = examples(context.request, f"{url}/api/v1")
            for name in names:
                take(page, f"{url}/console{PAGES[name].format(**things)}", SHOTS / f"{name}-{width}-{theme}{mark}.png")
            print(f"shots: {width} px, {theme}", flush=True)
            context.close()
    return wrong


def watch(page: Page, wrong: list[str]) -> None:
    def answered(answer: Response) -> None:
        if answer.status >= 400:
            wrong.append(f"{answer.status} {answer.url}")

    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    page.on("response", answered)


def take(page: Page, address: str, file: Path) -> None:
    page.goto(address)
    page.locator("body[data-settled='true']").wait_for(timeout=20_000)
    page.wait_for_timeout(250)
    page.screenshot(path=file, full_page=True)


def examples(request: APIRequestContext, api: str) -> dict[str, str]:
    """One thing of each kind, for the pages of one thing."""

    def first(path: str, **fields: str) -> dict[str, Any]:
        items: list[dict[str, Any]] = request.get(api + path).json()["items"]
        return next(one for one in items if fields.items() <= one.items())

    return {
        "upstream": "tracker",
        "down": "legacy-erp",
        "tool": first("/tools?upstream=tracker&q=search_issues")["id"],
        "entry": first("/registry?q=github", title="GitHub")["id"],
        "call": first("/calls?outcome=ok")["id"],
        "token": first("/tokens?limit=100", name="support agent")["id"],
        "user": first("/users?q=minji")["id"],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
