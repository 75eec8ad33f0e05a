"""What is measured, part by part. Each part fills in rows of the report; DESIGN and budgets are in the documentation."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

import wire
from contestants import HERE, Door, Gatehouse, Nginx, Upstream, find_nginx, scratch
from measuring import AnswersWrong, Figures, Load, Options, job, sample, start_load, summarize, take_turns, until_ready
from processes import pss_bytes
from report import LoadRow, Report, row

ERAS = ("modern", "legacy")
PREFIX = "renamed_"
"""Put before the name of each tool, so that Gatehouse has to translate it."""
TOOLS = 10
EVENTS = 1000
SIZES = {"4 KB": ("r4096", 4096, 4.0), "256 KB": ("r262144", 262_144, 2.0)}
CALL_BUDGET = {"modern": 4.0, "legacy": 4.5}
LIST_BUDGET = 2.0
JUDGED = (16, 64)
"""How many connections the budgets are meant for."""
STREAM_BUDGET = 0.6
FLEET = {"50 upstreams": (50, 20), "1 upstream": (1, 1000)}
FLEET_BUDGET = 10.0
IDLE = 1000
MB = 1024 * 1024


@dataclass
class Bench:
    """What all parts share. Contestants are started when they are first needed, and ended with `stack`."""

    options: Options
    report: Report
    stack: ExitStack
    say: Callable[[str], None]
    doors: dict[str, list[Door]] = field(default_factory=dict[str, list[Door]])

    def __post_init__(self) -> None:
        self.upstream = self.stack.enter_context(Upstream())
        self.gatehouse: Gatehouse | None = None

    def fresh(self, **settings: str) -> Gatehouse:
        """A Gatehouse of its own, not started yet. `settings` are variables of its environment."""
        return Gatehouse(self.stack.enter_context(scratch()) / "data", settings)

    def open_doors(self) -> None:
        """The contestants, once: each with ten small tools (`small`) and with those of other sizes (`sizes`)."""
        if self.doors:
            return
        gatehouse = self.gatehouse = self.stack.enter_context(self.fresh())
        nginx = self._nginx()
        for label, kind in (("small", str(TOOLS)), ("sizes", "sizes")):
            path = f"/any/{kind}/mcp"
            gatehouse.add_upstream(label, self.upstream.url(path))
            self.doors[label] = [Door("direct", self.upstream.port, path)]
            if nginx:
                self.doors[label].append(Door("nginx", nginx.port, path, nginx.pid))
            self.doors[label].append(gatehouse.serve(label, [label], PREFIX))

    def _nginx(self) -> Nginx | None:
        binary = find_nginx()
        if binary is None:
            self.report.notes.append(
                "nginx is not installed: there is no floor to compare with, and no ratio is judged."
            )
            return None
        return self.stack.enter_context(Nginx(binary, self.stack.enter_context(scratch()), self.upstream.port))

    def measure(self, what: str, label: str, load: Load, budget: float | None) -> None:
        """Let the contestants take turns, and put down a row for each; the budget is Gatehouse's."""
        self.open_doors()
        self.say(f"{what}, {load.era}, c={load.connections}")
        for name, figures in take_turns(self.doors[label], load, self.options).items():
            self.put_down(what, load, name, figures, budget if name == "gatehouse" else None)

    def put_down(self, what: str, load: Load, who: str, figures: Figures, budget: float | None) -> None:
        met = None if budget is None or figures.floor is None else figures.floor <= budget
        self.report.loads.append(
            LoadRow(
                what=what,
                era=load.era,
                connections=load.connections,
                who=who,
                cpu=figures.cpu,
                floor=figures.floor,
                budget=budget,
                met=met,
                rate=figures.rate,
                p50=figures.p50,
                p99=figures.p99,
                calls=figures.calls,
            )
        )


def calls(bench: Bench) -> None:
    for era in ERAS:
        for connections in bench.options.connections:
            load = Load("call", era, "t0", size=180, connections=connections)
            bench.measure("tools/call", "small", load, CALL_BUDGET[era] if connections in JUDGED else None)
    check_counted(bench)


def check_counted(bench: Bench) -> None:
    """That Gatehouse's metrics were on, and saw every call that was measured; those of warming up come on top."""
    measured = sum(each.calls for each in bench.report.loads if each.who == "gatehouse" and each.what == "tools/call")
    assert bench.gatehouse
    counted = bench.gatehouse.calls_counted()
    if counted < measured:
        raise AnswersWrong(f"gatehouse_calls_total is {counted:.0f} after {measured} calls or more")


def lists(bench: Bench) -> None:
    for era in ERAS:
        for connections in bench.options.connections:
            load = Load("list", era, count=TOOLS, connections=connections)
            bench.measure(f"tools/list of {TOOLS}", "small", load, LIST_BUDGET if connections in JUDGED else None)


def results(bench: Bench) -> None:
    for words, (tool, size, budget) in SIZES.items():
        bench.measure(f"tools/call, {words} result", "sizes", Load("call", "modern", tool, size), budget)


def stream(bench: Bench) -> None:
    """CPU of an event in a stream, and of a plain call, in turns."""
    bench.open_doors()
    bench.say(f"SSE, {EVENTS} events")
    small, sizes = bench.doors["small"][-1], bench.doors["sizes"][-1]
    plain, streamed = Load("call", "modern", "t0"), Load("stream", "modern", f"s{EVENTS}", count=EVENTS, connections=4)
    rounds = [
        {"call": sample(small, plain, bench.options), "stream": sample(sizes, streamed, bench.options)}
        for _ in range(bench.options.rounds)
    ]
    call, whole = summarize("call", rounds), summarize("stream", rounds)
    assert call.cpu and whole.cpu
    event = whole.cpu / EVENTS
    note = f"{event * 1000:.4f} ms of CPU per event, {call.cpu * 1000:.4f} ms per tools/call, modern"
    bench.report.rows.append(row("SSE relay, per event", event / call.cpu, "of a call", STREAM_BUDGET, note))


def start(bench: Bench) -> None:
    """Start to listening and to the first call, and the memory of the worker after that."""
    bench.say("start and memory")
    gatehouse = bench.fresh()
    with gatehouse:
        gatehouse.add_upstream("small", bench.upstream.url(f"/any/{TOOLS}/mcp"))
        door = gatehouse.serve("small", ["small"], PREFIX)
    times = [start_once(gatehouse, door) for _ in range(bench.options.starts)]
    note = f"median of {len(times)}, SQLite, one HTTP upstream registered"
    rows = bench.report.rows
    rows.append(row("start to listening", median(each[0] for each in times), "s", 1.0, note))
    rows.append(row("start to the first call", median(each[1] for each in times), "s", 1.5, note))
    rows.append(
        row("idle memory of a worker, PSS", median(each[2] for each in times), "MB", 80, "after the first call")
    )


def start_once(gatehouse: Gatehouse, door: Door) -> tuple[float, float, float]:
    """Seconds to listening, seconds to the first call, and MB."""
    begun = time.monotonic()
    gatehouse.launch()
    try:
        gatehouse.program.until_listening(door.port)
        listening = time.monotonic() - begun
        call_once(door)
        called = time.monotonic() - begun
        time.sleep(1.0)  # what a start leaves behind settles
        return listening, called, pss_bytes(gatehouse.pid) / MB
    finally:
        gatehouse.stop()


def call_once(door: Door) -> None:
    wanted = job(door, Load("call", "modern", "t0", size=180), Options(0, 0, 0, (), 0))
    message = wire.call_template(wanted, b"").replace(b"%d", b"%d" % wire.FIRST_ID)
    with socket.create_connection(("127.0.0.1", door.port), timeout=30) as connection:
        connection.sendall(message)
        answer = b""
        while not answer.endswith(b"}"):
            answer += connection.recv(65536) or b"}"
    try:
        wire.check_call(wanted, wire.FIRST_ID, answer.partition(b"\r\n\r\n")[2])
    except wire.WrongAnswer as error:
        raise AnswersWrong(f"the first call after a start: {error}") from None


def lock(bench: Bench) -> None:
    """Those of other platforms and Gatehouse itself are counted, too."""
    text = (HERE.parent / "requirements.lock").read_text()
    installed = len(re.findall(r"^[a-z0-9-]+==", text, re.MULTILINE)) + 1
    bench.report.rows.append(row("installed distributions", installed, "", 44, "requirements.lock and Gatehouse"))


def fleet(bench: Bench) -> None:
    """A list of 1000 tools must cost the same wherever they come from."""
    gatehouse = bench.stack.enter_context(bench.fresh())
    doors = [_fleet_door(bench, gatehouse, words, *numbers) for words, numbers in FLEET.items()]
    bench.say("tools/list of 1000")
    load = Load("list", "modern", count=1000, connections=1)
    rounds = [{door.name: sample(door, load, bench.options) for door in doors} for _ in range(bench.options.rounds)]
    figures = {door.name: summarize(door.name, rounds) for door in doors}
    for words, each in figures.items():
        bench.put_down("tools/list of 1000", load, f"gatehouse, {words}", each, None)
    many, one = figures.values()
    assert many.cpu and one.cpu
    note = f"{many.cpu * 1000:.3f} ms of CPU, {many.cpu / one.cpu:.2f} x that of 1000 tools of 1 upstream"
    what = "tools/list of 1000 tools of 50 upstreams, p50"
    bench.report.rows.append(row(what, many.p50 * 1000, "ms", FLEET_BUDGET, note))


def _fleet_door(bench: Bench, gatehouse: Gatehouse, words: str, upstreams: int, tools: int) -> Door:
    bench.say(f"registering {words} of {tools} tools")
    slug = words.replace(" ", "-")
    names = [f"{slug}-{number}" for number in range(upstreams)]
    for name in names:
        gatehouse.add_upstream(name, bench.upstream.url(f"/any/{tools}/{name}/mcp"))
    door = gatehouse.serve(slug, names)
    return Door(words, door.port, door.path, door.pid, door.authorization)


def idle(bench: Bench) -> None:
    """Memory that quiet legacy clients take: their sessions, and a GET stream for each."""
    bench.say(f"{IDLE} idle streams")
    with bench.fresh() as gatehouse:
        gatehouse.add_upstream("small", bench.upstream.url(f"/any/{TOOLS}/mcp"))
        door = gatehouse.serve("small", ["small"], PREFIX)
        call_once(door)
        hold(door, 20, bench.options)
        before = pss_bytes(gatehouse.pid)
        sessions, streams = hold(door, IDLE, bench.options, gatehouse.pid)
    rows = bench.report.rows
    rows.append(row(f"{IDLE} legacy sessions", (sessions - before) / MB, "MB", None, "with their connections, PSS"))
    rows.append(
        row(f"{IDLE} idle legacy GET streams", (streams - sessions) / MB, "MB", 20, "on top of their sessions, PSS")
    )


def hold(door: Door, connections: int, options: Options, pid: int = 0) -> tuple[int, int]:
    """Open sessions and then streams; the memory in bytes after each, where there is a process to look at."""
    load = Load("hold", "legacy", connections=connections)
    with start_load(job(door, load, options)) as program:
        seen: list[int] = []
        for _ in range(2):
            until_ready(program, door)
            seen.append(pss_bytes(pid) if pid else 0)
            program.say("go")
        program.line()
    return seen[0], seen[1]


PARTS: dict[str, Callable[[Bench], None]] = {
    "calls": calls,
    "list": lists,
    "results": results,
    "stream": stream,
    "start": start,
    "lock": lock,
    "fleet": fleet,
    "idle": idle,
}
