"""A picture of what a run's clusters did: a bar a step, over the life of its cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from airflow_emr_pipelines.run_report.report import ClusterRun, StepSpan

WIDTH, NAMES, ROW = 960, 260, 24
COLOURS = {"COMPLETED": "#2e7d32", "FAILED": "#c62828", "RUNNING": "#1565c0"}
OTHER, TOLERATED, LIFE = "#757575", "#ef6c00", "#cfd8dc"


def timeline(runs: Sequence[ClusterRun]) -> str:
    """The clusters and their steps as SVG; the same for the same runs."""
    rows = [row for run in runs for row in _rows(run)]
    height = ROW * (len(rows) + 1)
    drawn = "".join(row.format(y=ROW * place + ROW // 2) for place, row in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>{drawn}</svg>\n'
    )


def _rows(run: ClusterRun) -> Iterator[str]:
    scale = (WIDTH - NAMES - 100) / run.life_seconds if run.life_seconds else 0.0
    yield _row(f"{run.cluster_id} {run.state}", 0.0, run.life_seconds, scale, LIFE)
    for step in run.steps:
        yield _row(step.name, step.start, step.end, scale, _colour(step))


def _row(name: str, start: float | None, end: float | None, scale: float, colour: str) -> str:
    shown = _text(name if len(name) <= 38 else name[:37] + "…")
    title = _text(name)
    label = f'<text x="8" y="{{y}}" dy="4"><title>{title}</title>{shown}</text>'
    if start is None or end is None:
        return label + f'<text x="{NAMES}" y="{{y}}" dy="4" fill="{OTHER}">never ran</text>'
    x, width = NAMES + start * scale, max(1.0, (end - start) * scale)
    return (
        label
        + f'<rect x="{x:.1f}" y="{{y}}" width="{width:.1f}" height="14" transform="translate(0 -7)" fill="{colour}"/>'
        + f'<text x="{x + width + 6:.1f}" y="{{y}}" dy="4">{end - start:.0f} s</text>'
    )


def _colour(step: StepSpan) -> str:
    return TOLERATED if step.tolerated else COLOURS.get(step.state, OTHER)


def _text(text: str) -> str:
    """Text within a picture, which is put together by str.format later; without characters that XML does not have."""
    legal = "".join(
        char if char >= " " and not "\ud800" <= char <= "\udfff" and char < "\ufffe" else "�" for char in text
    )
    return escape(legal).replace("{", "{{").replace("}", "}}")
