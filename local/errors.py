"""What can go wrong when a whole Airflow and an emulator run on one machine.

LocalError
├── ApiError      Airflow's API server refused a call
├── BrokenDags    a file in the DAGs folder cannot be imported
├── JarNotBuilt   the compiler refused the source of an example's jar
├── NotReady      something did not happen in time
├── PortTaken     somebody else listens where a server should
├── ProcessDied   a process that should be running has ended
├── RunFailed     the DAG run did not end as it should
└── StillUp       what runs would have to be stopped first
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


class LocalError(Exception):
    """Anything here that is not our caller's mistake in words, but a fault of what runs."""


class ApiError(LocalError):
    """Airflow's API server refused a call."""

    def __init__(self, method: str, path: str, status: int, answer: str) -> None:
        super().__init__(method, path, status, answer)
        self.method, self.path, self.status, self.answer = method, path, status, answer

    def __str__(self) -> str:
        return f"{self.method} {self.path} was answered with {self.status}: {self.answer[:500]}"


class BrokenDags(LocalError):
    """A file in the DAGs folder cannot be imported."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(errors)
        self.errors = errors

    def __str__(self) -> str:
        return "\n".join(f"{name} cannot be imported:\n{trace}" for name, trace in self.errors.items())


class JarNotBuilt(LocalError):
    """The compiler refused the source of an example's jar."""

    def __init__(self, source: Path, said: str) -> None:
        super().__init__(source, said)
        self.source, self.said = source, said

    def __str__(self) -> str:
        return f"{self.source} does not compile:\n{self.said.strip()}"


class NotReady(LocalError):
    """Something did not happen in time."""

    def __init__(self, what: str, seconds: float, log: Path) -> None:
        super().__init__(what, seconds, log)
        self.what, self.seconds, self.log = what, seconds, log

    def __str__(self) -> str:
        return f"{self.what} did not come within {self.seconds:.0f} seconds. {self.log} ends with:\n{tail(self.log)}"


class PortTaken(LocalError):
    """Somebody else listens where a server should."""

    def __init__(self, what: str, port: int, option: str) -> None:
        super().__init__(what, port, option)
        self.what, self.port, self.option = what, port, option

    def __str__(self) -> str:
        return (
            f"Port {self.port} is taken by another program, and {self.what} should listen there. "
            f"Choose another one: {self.option} {self.port + 1}, or {self.option} 0 for any that is free."
        )


class ProcessDied(LocalError):
    """A process that should be running has ended: which, how, and the end of what it said."""

    def __init__(self, name: str, code: int | None, log: Path) -> None:
        super().__init__(name, code, log)
        self.name, self.code, self.log = name, code, log

    def __str__(self) -> str:
        return f"{self.name} {self.how}. Its log, {self.log}, ends with:\n{tail(self.log)}"

    @property
    def how(self) -> str:
        """How it ended, as far as that is known."""
        if self.code is None:
            return "has ended"
        return f"was killed by signal {self.code - 128}" if self.code > 128 else f"ended with exit code {self.code}"


class RunFailed(LocalError):
    """The DAG run did not end as it should: a line for each cause."""

    def __init__(self, causes: Sequence[str]) -> None:
        super().__init__(causes)
        self.causes = list(causes)

    def __str__(self) -> str:
        return "\n".join(self.causes)


class StillUp(LocalError):
    """What is asked for differs from what runs, which would have to be stopped first."""

    def __init__(self, home: Path, dags_folder: str, port: int, emulator_port: int) -> None:
        super().__init__(home, dags_folder, port, emulator_port)
        self.home, self.dags_folder, self.port, self.emulator_port = home, dags_folder, port, emulator_port

    def __str__(self) -> str:
        return (
            f"{self.home} is up, with the DAGs of {self.dags_folder}, Airflow on port {self.port} and the emulator on "
            f"port {self.emulator_port}. To change that, or another option of it, stop it first (make down)."
        )


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a text file, or the reason why there are none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 65536))
            said = file.read().decode(errors="replace").splitlines()[-lines:]
    except OSError as error:
        return f"    ({error.strerror})"
    return "\n".join(f"    {line}" for line in said) or "    (nothing)"
