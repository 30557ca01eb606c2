"""What the pages show: blocks of code, and the commands in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(?P<language>[^`\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The commands of a shell block, one text each, without comments."""
        joined = self.text.replace("\\\n", " ")
        lines = [re.sub(r"\s+#\s.*$", "", line).strip() for line in joined.splitlines()]
        return [re.sub(r"\s+", " ", line) for line in lines if line and not line.startswith("#")]


def blocks(language: str) -> list[Block]:
    """All blocks in that language, in the order of the pages."""
    return [
        Block(page, page.read_text()[: found.start()].count("\n") + 1, language, found["text"])
        for page in PAGES
        for found in FENCE.finditer(page.read_text())
        if found["language"] == language
    ]
