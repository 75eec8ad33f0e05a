"""Gatehouse's performance beside that of nginx, on one machine in one run, with the budgets and whether they are kept.

Everything is on: a bearer token, its scope, the names of tools mapped, metrics counted. Every answer is verified.
The figure to trust is CPU time per call as a multiple of nginx's ("x floor"); absolute times drift with the machine.
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import msgspec
from crowd import CROWD_PARTS
from measuring import AnswersWrong, Options
from parts import PARTS as PLAIN_PARTS
from parts import Bench
from report import Report, machine, markdown, show
from rich.console import Console
from tracing import TRACING_PARTS
from watched import WATCHED_PARTS

PARTS = PLAIN_PARTS | CROWD_PARTS | WATCHED_PARTS | TRACING_PARTS
QUICK = Options(seconds=0.2, warm=0.1, rounds=1, connections=(16,), starts=1)


def main(arguments: list[str]) -> int:
    asked = parse(arguments)
    if sys.platform != "linux":
        print("The benchmark reads /proc, which only Linux has.", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _end)
    allow_many_files()
    report, wrong = Report(machine()), False
    try:
        run(asked.only, options(asked), report)
    except AnswersWrong as error:
        wrong = True
        report.notes.append(f"An answer was wrong, and ended the run: {error}")
    except KeyboardInterrupt:
        return 130
    show(report, Console(width=None if sys.stdout.isatty() else 160))
    if asked.output:
        asked.output.write_text(markdown(report))
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    return 1 if wrong or (asked.check and report.missed) else 0


def run(parts: list[str], chosen: Options, report: Report) -> None:
    begun = time.monotonic()
    with ExitStack() as stack:
        bench = Bench(chosen, report, stack, lambda words: print(f"{words} ...", file=sys.stderr, flush=True))
        for part in parts:
            PARTS[part](bench)
    report.seconds = time.monotonic() - begun


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=_parts, default=list(PARTS), metavar="PART,...", help=", ".join(PARTS))
    parser.add_argument("--seconds", type=float, default=1.0, metavar="N", help="of each measurement in a round")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="whose medians are taken")
    parser.add_argument("--quick", action="store_true", help="one short round at 16 connections: to see that it works")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a budget is missed")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the tables as Markdown, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON, too")
    return parser.parse_args(arguments)


def options(asked: argparse.Namespace) -> Options:
    if asked.quick:
        return QUICK
    return Options(asked.seconds, min(asked.seconds, 0.3), asked.rounds, connections=(1, 16, 64), starts=5)


def allow_many_files() -> None:
    """A thousand streams are as many open files, here and in Gatehouse."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _parts(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return names


def _end(number: int, frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that what was started is stopped."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
