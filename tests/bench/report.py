"""One report: ratios first, then the figures behind them. Markdown for people, JSON beside it."""

import json
from dataclasses import asdict, dataclass, field

from harness import Race


@dataclass
class Ratio:
    """One figure that decides, and its goal: `>= 2.0` or `<= 1.15`."""

    what: str
    value: float
    goal: str = ""

    @property
    def verdict(self) -> str:
        if not self.goal:
            return ""
        sign, bound = self.goal.split()[:2]
        holds = self.value >= float(bound) if sign == ">=" else self.value <= float(bound)
        return "holds" if holds else "**missed**"


@dataclass
class Section:
    """What one bar found."""

    name: str
    title: str
    ratios: list = field(default_factory=list)
    equal: dict = field(default_factory=dict)
    tables: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    commands: dict = field(default_factory=dict)
    verbatim: list = field(default_factory=list)
    """What a script of its own has printed."""
    skipped: str = ""
    failed: str = ""
    figures: dict = field(default_factory=dict)

    def ratio(self, what: str, value: float, goal: str = "") -> None:
        self.ratios.append(Ratio(what, value, goal))

    def race(self, title: str, race: Race, rows: int = 0, size: int = 0) -> None:
        """The table of a race, what all agreed on, and how it was run."""
        extra = (["rows / CPU s"] if rows else []) + (["MB / CPU s"] if size else [])
        head = ["", *extra, "CPU s median", "min", "wall s median", "min", "peak MB", "runs"]
        table = []
        for name, costs in race.costs.items():
            cpu = race.median(name)
            speed = ([f"{rows / cpu:,.0f}"] if rows else []) + ([f"{size / cpu / 1e6:,.0f}"] if size else [])
            walls = [f"{race.median(name, 'wall'):.2f}", f"{race.least(name, 'wall'):.2f}"]
            cpus = [f"{cpu:.2f}", f"{race.least(name):.2f}"]
            table.append([name, *speed, *cpus, *walls, f"{race.peak(name) / 1e6:,.0f}", str(len(costs))])
        self.tables.append((title, head, table))
        self.notes += [f"{title}: {name} failed: {why}" for name, why in race.failures.items()]
        self.notes += [f"{title}: {name}: {why}" for name, why in race.notes.items()]
        agreed = {}
        for name, answer in race.answers.items():
            for what, value in answer.items():
                agreed.setdefault(what, {}).setdefault(value, []).append(name)
        for what, by_value in agreed.items():
            for value, names in by_value.items():
                self.equal.setdefault(f"{title}: {what}", []).append(f"{value} ({', '.join(names)})")
        self.commands |= {f"{title}: {name}": command for name, command in race.commands.items()}
        self.figures[title] = {
            name: [asdict(cost) | {"cpu": cost.cpu} for cost in costs] for name, costs in race.costs.items()
        }

    def withdraw(self, why: str) -> None:
        """No time stands where answers differ."""
        self.failed = f"no figure counts: {why}"
        self.ratios, self.tables, self.figures = [], [], {}

    def table(self, title: str, head: list, rows: list) -> None:
        self.tables.append((title, head, [[str(cell) for cell in row] for row in rows]))


def grid(head: list, rows: list) -> list:
    return [
        "| " + " | ".join(head) + " |",
        "| " + " | ".join(["---"] * len(head)) + " |",
        *("| " + " | ".join(row) + " |" for row in rows),
    ]


def markdown(sections: list, machine: list) -> str:
    out = ["# seatledger benchmark", ""]
    ratios = [(section, ratio) for section in sections for ratio in section.ratios]
    if ratios:
        rows = [
            [section.name, ratio.what, f"{ratio.value:.2f}", ratio.goal, ratio.verdict] for section, ratio in ratios
        ]
        out += grid(["bar", "ratio", "measured", "goal", ""], rows) + [""]
    out += [*machine, ""]
    for section in sections:
        out += [f"## {section.name}: {section.title}", ""]
        if section.skipped:
            out += [f"skipped: {section.skipped}", ""]
        if section.failed:
            out += [f"**Failed**, and what follows is not complete: {section.failed}", ""]
        if section.equal:
            out += ["Equal before anything was timed:", ""]
            out += [f"- {what}: {'; '.join(values)}" for what, values in section.equal.items()] + [""]
        for title, head, rows in section.tables:
            out += [title, "", *grid(head, rows), ""]
        for text in section.verbatim:
            out += ["```", text, "```", ""]
        out += [f"- {note}" for note in section.notes] + ([""] if section.notes else [])
        if section.commands:
            out += ["Commands:", "", "```"]
            out += [f"# {name}\n{command}" for name, command in section.commands.items()] + ["```", ""]
    return "\n".join(out)


def document(sections: list, machine: dict, command: list) -> str:
    return json.dumps({"command": command, "machine": machine, "bars": [asdict(s) for s in sections]}, indent=1)
