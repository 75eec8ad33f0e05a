"""One measurement: a load on a door, in rounds that take turns with those of the others, since machines drift."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import msgspec
from contestants import HERE, Door
from processes import Program, cpu_seconds
from wire import Job, Measured


class AnswersWrong(Exception):
    """A contestant gave an answer that is not what it must be: its figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how often to measure. Times in seconds."""

    seconds: float
    warm: float
    rounds: int
    connections: tuple[int, ...]
    starts: int


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked; see `wire.Job`."""

    work: str
    era: str = "modern"
    tool: str = ""
    size: int = 0
    count: int = 0
    connections: int = 16


@dataclass(frozen=True, slots=True)
class Sample:
    """One round. `cpu` is seconds of the contestant's processes per call; None where it has none of its own."""

    calls: int
    cpu: float | None
    rate: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians of the rounds. `floor` is CPU per call as a multiple of nginx's in the same round."""

    cpu: float | None
    floor: float | None
    rate: float
    p50: float
    p99: float
    calls: int


def job(door: Door, load: Load, options: Options) -> Job:
    return Job(
        port=door.port,
        path=door.path,
        authorization=door.authorization,
        era=load.era,
        work=load.work,
        tool=door.prefix + load.tool,
        upstream_tool=load.tool,
        size=load.size,
        count=load.count,
        connections=load.connections,
        warm=options.warm,
        seconds=options.seconds,
    )


def start_load(wanted: Job) -> Program:
    """The load generator with its job, on its way to "ready"."""
    program = Program([sys.executable, str(HERE / "load.py")])
    program.say(msgspec.json.encode(wanted).decode())
    return program


def until_ready(program: Program, door: Door) -> None:
    line = program.line()
    if line != "ready":
        raise AnswersWrong(f"{door.name} {door.path}: {msgspec.json.decode(line, type=Measured).wrong}")


def sample(door: Door, load: Load, options: Options) -> Sample:
    with start_load(job(door, load, options)) as program:
        until_ready(program, door)
        before = cpu_seconds(door.pid) if door.pid else 0.0
        program.say("go")
        measured = msgspec.json.decode(program.line(), type=Measured)
        used = cpu_seconds(door.pid) - before if door.pid else 0.0
    if measured.wrong:
        raise AnswersWrong(f"{door.name} {door.path} ({load.work}, {load.era}): {measured.wrong}")
    cpu = used / measured.calls if door.pid else None
    return Sample(measured.calls, cpu, measured.calls / measured.seconds, measured.p50, measured.p99)


def take_turns(doors: Sequence[Door], load: Load, options: Options) -> dict[str, Figures]:
    """A B C, A B C, ...: the figures of each door by its name."""
    rounds = [{door.name: sample(door, load, options) for door in doors} for _ in range(options.rounds)]
    return {door.name: summarize(door.name, rounds) for door in doors}


def summarize(name: str, rounds: Sequence[dict[str, Sample]]) -> Figures:
    mine = [each[name] for each in rounds]
    cpus = [each.cpu for each in mine if each.cpu is not None]
    floors = [ratio for each in rounds if (ratio := _ratio(each[name], each.get("nginx"))) is not None]
    return Figures(
        cpu=median(cpus) if cpus else None,
        floor=median(floors) if floors else None,
        rate=median(each.rate for each in mine),
        p50=median(each.p50 for each in mine),
        p99=median(each.p99 for each in mine),
        calls=sum(each.calls for each in mine),
    )


def _ratio(mine: Sample, nginx: Sample | None) -> float | None:
    if nginx is None or mine.cpu is None or not nginx.cpu:
        return None
    return mine.cpu / nginx.cpu
