"""Results as SVG, in colours that are legible on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from bench.peers import RUST_BACKED
from bench.primitives import RAW
from bench.results import SUBJECT, Report, Suite
from bench.suites import keys, parallel, size

INK = "#7a848e"
OURS = "#d9622b"
_IN_PYTHON, _IN_RUST = "#3d7fc4", "#9a6fc0"
_OTHERS = {
    "PyJWT": _IN_PYTHON,
    keys.CLIENT: _IN_PYTHON,
    "joserfc": "#3f9d7a",
    "ryjwt": _IN_RUST,
    RAW: "#a3acb5",
}
STYLE: Any = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "jwtkit",  # the same result draws the same file
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}


def drawings(report: Report) -> dict[str, str]:
    """Return SVG texts by file name: one for each suite of the report that says more as a picture."""
    draw: dict[str, Callable[[Suite], Figure]] = {
        "validate": _bars,
        "issue": _bars,
        "size": _sizes,
        "keys": _keys,
        "parallel": _parallel,
    }
    with mpl.rc_context(STYLE):
        return {
            f"{suite.name}.svg": svg(draw[suite.name](suite)) for suite in report.suites if suite.name in draw
        }


def _bars(suite: Suite) -> Figure:
    """Draw a panel for each algorithm, with a bar for each contender; dashed is the raw primitive."""
    across = 3
    down = -(-len(suite.groups) // across)
    most = max(len(group.rows) for group in suite.groups)
    figure = Figure(figsize=(9, down * (0.5 + 0.22 * most)), layout="constrained")
    panels: list[Any] = list(figure.subplots(down, across, squeeze=False).flat)
    for panel in panels[len(suite.groups) :]:
        panel.set_visible(False)
    for panel, group in zip(panels, suite.groups, strict=False):
        rows = sorted((row for row in group.rows if row.contender != RAW), key=lambda row: -row.value.median)
        names = [row.contender for row in rows]
        values = [row.value.median * 1e6 for row in rows]
        lows = [(row.value.median - row.value.low) * 1e6 for row in rows]
        highs = [(row.value.high - row.value.median) * 1e6 for row in rows]
        panel.barh(
            names,
            values,
            xerr=(lows, highs),
            color=list(map(_bar_colour, names)),
            height=0.7,
            error_kw={"ecolor": INK},
        )
        # As thick as the bars of a panel that has them all.
        panel.set_ylim(len(rows) - 0.5 - most + 1, len(rows) - 0.5)
        if (raw := group.row(RAW)) is not None:
            panel.axvline(raw.value.median * 1e6, color=INK, linestyle="--", linewidth=1)
        panel.set_title(group.title)
        panel.set_xlabel("µs")
        panel.tick_params(axis="y", length=0)
    return figure


def _bar_colour(name: str) -> str:
    return OURS if name == SUBJECT else _IN_RUST if name in RUST_BACKED else _IN_PYTHON


def _sizes(suite: Suite) -> Figure:
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    for panel, algorithm in zip(figure.subplots(1, 2), size.ALGORITHMS, strict=True):
        titles = {size.title_of(algorithm, each): each / 1024 for each in size.SIZES}
        _lines(panel, suite, titles)
        panel.set_title(algorithm)
        panel.set_xlabel("size of the token, KB")
    return with_legend(figure, panel)


def _keys(suite: Suite) -> Figure:
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    panel = figure.subplots()
    _lines(panel, suite, {keys.title_of(count): float(count) for count in keys.COUNTS})
    panel.set_xlabel("keys in the set")
    return with_legend(figure, panel)


def _lines(panel: Any, suite: Suite, titles: dict[str, float]) -> None:
    """Draw time per call over what the groups differ in, both on logarithmic axes."""
    groups = {at: group for title, at in titles.items() if (group := suite.group(title)) is not None}
    names = dict.fromkeys(row.contender for group in groups.values() for row in group.rows)
    for name in names:
        points = [(at, row.value) for at, group in groups.items() if (row := group.row(name)) is not None]
        colour = OURS if name == SUBJECT else _OTHERS.get(name, INK)
        places = [at for at, _ in points]
        panel.plot(
            places,
            [value.median * 1e6 for _, value in points],
            label=name,
            color=colour,
            linewidth=2.2 if name == SUBJECT else 1.4,
            linestyle="--" if name == RAW else "-",
            marker="o",
            markersize=3,
        )
        low, high = ([getattr(value, end) * 1e6 for _, value in points] for end in ("low", "high"))
        panel.fill_between(places, low, high, color=colour, alpha=0.2, linewidth=0)
    _on_logarithmic_axes(panel, list(groups))
    panel.set_ylabel("µs per validation")


def _on_logarithmic_axes(panel: Any, places: list[float]) -> None:
    panel.set_xscale("log", base=2 if len(places) > 4 else 10)
    panel.set_yscale("log")
    panel.set_xticks(places, [f"{at:,.2g}" if at < 1 else f"{at:,.0f}" for at in places])
    panel.minorticks_off()
    panel.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")


def _parallel(suite: Suite) -> Figure:
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    for panel, algorithm in zip(figure.subplots(1, 2), parallel.ALGORITHMS, strict=True):
        for name in parallel.CONTENDERS:
            for kind, line in (("threads", "--"), ("processes", "-")):
                titles = {
                    workers: parallel.title_of(algorithm, workers, kind) for workers in parallel.WORKERS
                }
                points = [
                    (workers, 1 / row.value.median / 1000)
                    for workers, title in titles.items()
                    if (group := suite.group(title)) is not None and (row := group.row(name)) is not None
                ]
                panel.plot(
                    *zip(*points, strict=True),
                    label=f"{name}, {kind}",
                    color=OURS if name == SUBJECT else _OTHERS[name],
                    linestyle=line,
                    marker="o",
                    markersize=3,
                )
        panel.set_title(algorithm)
        panel.set_xlabel("workers")
        panel.set_xticks(parallel.WORKERS)
        panel.set_ylabel("thousand validations per second")
        panel.set_ylim(bottom=0)
    return with_legend(figure, panel)


def with_legend(figure: Figure, panel: Any, *, across: int | None = None) -> Figure:
    """Write below what the lines of a panel are, so many side by side, or all."""
    handles, labels = panel.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=across or len(labels))
    return figure


def svg(figure: Figure) -> str:
    text = StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"
