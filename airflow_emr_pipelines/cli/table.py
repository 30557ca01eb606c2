"""Text tables: columns as wide as what stands in them, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, indent: str = "  ") -> str:
    """The rows under their columns' names."""
    texts = [list(columns), *([text_of(cell) for cell in row] for row in rows)]
    widths = [max(len(row[index]) for row in texts) for index in range(len(columns))]
    right = [all(isinstance(row[index], (int, float)) for row in rows) for index in range(len(columns))]
    lines = []
    for row in texts:
        cells = [cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right, strict=True)]
        lines.append((indent + "  ".join(cells)).rstrip())
    lines.insert(1, indent + "  ".join("─" * width for width in widths))
    return "\n".join(lines)


def text_of(cell: object) -> str:
    """A cell as text: whole numbers with a separator of thousands, others with two digits."""
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        return "–" if cell is None else str(cell)
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:,.2f}"


def bar(start: float, end: float, total: float, width: int = 30) -> str:
    """Where on the way from 0 to ``total`` something began and ended."""
    first = min(width - 1, int(start / total * width))
    last = max(first + 1, min(width, round(end / total * width)))
    return "·" * first + "█" * (last - first) + "·" * (width - last)
