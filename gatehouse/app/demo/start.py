"""What `up --demo` does once a worker runs: it fills the gateway through its own API, and lives a month in it."""

from __future__ import annotations

import logging

from gatehouse.app.demo.child import Offer
from gatehouse.app.demo.furnish import Furnisher, tell
from gatehouse.app.demo.month import live_a_month
from gatehouse.app.demo.plan import ADMINISTRATOR, PASSWORD
from gatehouse.app.prepare import TOKEN_FILE
from gatehouse.app.worker import AfterStart, Worker

log = logging.getLogger("gatehouse")


def show_demo(url: str, offer: Offer) -> AfterStart:
    """Of several workers one does it. A second start on the same data finds all of it there."""

    async def show(worker: Worker) -> None:
        token = (worker.settings.data_dir / TOKEN_FILE).read_text().strip()
        try:
            fresh = await Furnisher(url, token, tell).furnish(offer)
            if fresh:
                await worker.watcher.settle()
                tell(f"demo: {await live_a_month(worker)} calls in a month")
        except Exception:
            log.exception("The demo could not be made")
            return
        print(f"\nThe demo is ready: {url}, as {ADMINISTRATOR} with the password {PASSWORD}\n", flush=True)

    return show
