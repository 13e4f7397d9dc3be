"""The results of the session stores as SVG, in the style of `bench.plots`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.engines import ASYNCHRONOUS_COMMIT
from bench.plots import INK, OURS, STYLE, svg, with_legend
from bench.results import SUBJECT, Group, Report, Suite
from bench.suites import load, row_per_refresh, stores, table_size

_BARE, _STORE = "#a3acb5", "#3d7fc4"
_ENGINES = {
    "SQLite": "#3f9d7a",
    "PostgreSQL, psycopg": "#3d7fc4",
    "PostgreSQL, asyncpg": "#7fb0de",
    "MariaDB, pymysql": "#9a6fc0",
    "Valkey": "#d9622b",
    "Valkey, asyncio": "#e8a27f",
}
_CALLS = {
    table_size.ROTATE: OURS,
    table_size.STATUS: "#3d7fc4",
    table_size.LIST: "#3f9d7a",
    table_size.PURGE: "#9a6fc0",
}


def drawings(report: Report) -> dict[str, str]:
    """Return SVG texts by file name."""
    draw: dict[str, Callable[[Suite], Figure]] = {
        "stores": _rotations,
        "load": _load,
        "table-size": _table_size,
        "row-per-refresh": _growth,
    }
    with mpl.rc_context(STYLE):
        return {
            f"{suite.name}.svg": svg(draw[suite.name](suite)) for suite in report.suites if suite.name in draw
        }


def _rotations(suite: Suite) -> Figure:
    """Draw a panel for each engine: a bare read and swap, the store's, a rotation."""
    groups = [group for group in suite.groups if group.rows]
    colours = {stores.BARE: _BARE, stores.STORE: _STORE, SUBJECT: OURS}
    figure = Figure(figsize=(9, 1.2 * -(-len(groups) // 3)), layout="constrained")
    panels: list[Any] = list(figure.subplots(-(-len(groups) // 3), 3, squeeze=False).flat)
    for panel in panels[len(groups) :]:
        panel.set_visible(False)
    for number, (panel, group) in enumerate(zip(panels, groups, strict=False)):
        found = [row for name in reversed(colours) if (row := group.row(name)) is not None]
        panel.barh(
            [row.contender for row in found],
            [row.value.median * 1e6 for row in found],
            xerr=(
                [(row.value.median - row.value.low) * 1e6 for row in found],
                [(row.value.high - row.value.median) * 1e6 for row in found],
            ),
            color=[colours[row.contender] for row in found],
            height=0.7,
            error_kw={"ecolor": INK},
        )
        if number % 3:
            panel.set_yticks([])
        panel.set_title(group.title)
        panel.set_xlabel("µs")
        panel.tick_params(axis="y", length=0)
    return figure


def _load(suite: Suite) -> Figure:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    rates, slowest = figure.subplots(1, 2)
    for panel, part, scale in ((rates, load.RATE, 1.0), (slowest, load.SLOWEST, 1000.0)):
        for group in suite.parts().get(part, ()):
            _line(panel, group, [load.title_of(number) for number in load.CLIENTS], load.CLIENTS, scale)
        panel.set_xscale("log", base=2)
        panel.set_xticks(load.CLIENTS, map(str, load.CLIENTS))
        panel.minorticks_off()
        panel.set_xlabel("clients")
    rates.set_title("rotations per second")
    rates.set_ylim(bottom=0)
    slowest.set_title("99 per cent answered within, ms")
    slowest.set_yscale("log")
    _plain(slowest)
    return with_legend(figure, rates, across=3)


def _table_size(suite: Suite) -> Figure:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    panel = figure.subplots()
    groups = suite.parts().get(table_size.RATE, ())
    places = [float(group.title.partition(" ")[0].replace(",", "")) for group in groups]
    for call, colour in _CALLS.items():
        points = [
            (place, row.value)
            for place, group in zip(places, groups, strict=True)
            if (row := group.row(call)) is not None
        ]
        _draw(panel, points, call, colour, 1.0)
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xticks(places, [f"{place:,.0f}" for place in places])
    panel.minorticks_off()
    _plain(panel)
    panel.set_xlabel("sessions in the table")
    panel.set_ylabel("per second")
    return with_legend(figure, panel)


def _growth(suite: Suite) -> Figure:
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    engines = [f"SQLite, {ASYNCHRONOUS_COMMIT}", f"PostgreSQL, psycopg, {ASYNCHRONOUS_COMMIT}"]
    panels = figure.subplots(1, 2)
    for panel, engine in zip(panels, engines, strict=True):
        groups = suite.parts().get(row_per_refresh.room_of(engine), ())
        places = [float(group.title.partition(" ")[0]) for group in groups]
        for name, colour in ((SUBJECT, OURS), (row_per_refresh.OTHER, _STORE)):
            points = [
                (place, row.value)
                for place, group in zip(places, groups, strict=True)
                if (row := group.row(name)) is not None
            ]
            _draw(panel, points, name, colour, 1 / 1024)
        panel.set_title(engine.rpartition(",")[0])
        panel.set_xlabel("refreshes of each session")
        panel.set_ylabel("KiB for each session")
        panel.set_ylim(bottom=0)
    return with_legend(figure, panels[0])


def _line(panel: Any, group: Group, names: Sequence[str], places: Sequence[float], scale: float) -> None:
    points = [
        (place, row.value)
        for name, place in zip(names, places, strict=True)
        if (row := group.row(name)) is not None
    ]
    _draw(panel, points, group.title, _ENGINES.get(group.title, INK), scale)


def _draw(panel: Any, points: Sequence[tuple[float, Any]], label: str, colour: str, scale: float) -> None:
    places = [place for place, _ in points]
    panel.plot(
        places,
        [value.median * scale for _, value in points],
        label=label,
        color=colour,
        linewidth=1.6,
        marker="o",
        markersize=3,
    )
    low, high = ([getattr(value, end) * scale for _, value in points] for end in ("low", "high"))
    panel.fill_between(places, low, high, color=colour, alpha=0.15, linewidth=0)


def _plain(panel: Any) -> None:
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
