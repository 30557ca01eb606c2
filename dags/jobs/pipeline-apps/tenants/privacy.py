"""Differential privacy by OpenDP: whole numbers with discrete Laplace noise, each paid for out of one budget."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Callable

import opendp.prelude as dp

Noise = Callable[[int, float], int]
"""A whole number with noise of a scale."""

dp.enable_features("contrib")


@dataclass(frozen=True)
class Released:
    """A number that may be shown, and what it cost.

    :param sensitivity: how far one unit's presence can change the true number at the most
    :param scale: of the Laplace noise; the number is off by more than three times that in 5 of 100 cases
    """

    name: str
    value: int
    epsilon: float
    sensitivity: int
    scale: float


class Budget:
    """What may be spent; numbers are released until it is.

    :param epsilon: of all numbers together (sequential composition)
    :param noise: OpenDP's, which nobody can seed; a test may give another one
    """

    def __init__(self, epsilon: float, noise: Noise) -> None:
        self.epsilon, self.noise = epsilon, noise
        self.spent = 0.0
        self.released: list[Released] = []

    def release(self, name: str, true: int, *, epsilon: float, sensitivity: int) -> Released:
        """The number with noise for its share of the budget."""
        scale = sensitivity / epsilon
        cost = proven(sensitivity, scale)
        if self.spent + cost > self.epsilon * (1 + 1e-9):
            raise ValueError(f"{name} would cost {cost}, and {self.epsilon - self.spent} is left")
        released = Released(name, self.noise(true, scale), cost, sensitivity, scale)
        self.spent += cost
        self.released.append(released)
        return released

    def account(self) -> dict[str, Any]:
        """What was spent on which number; no number is in it that was not released."""
        return {
            "epsilon": self.epsilon,
            "spent": round(self.spent, 9),
            "mechanism": "discrete Laplace (OpenDP)",
            "numbers": [asdict(number) for number in self.released],
        }


def laplace(true: int, scale: float) -> int:
    """The number with OpenDP's discrete Laplace noise, from the system's secure source of chance."""
    return int(_measurement(scale)(true))


def proven(sensitivity: int, scale: float) -> float:
    """The epsilon that OpenDP proves for noise of that scale."""
    return float(_measurement(scale).map(sensitivity))


def _measurement(scale: float) -> Any:
    return dp.m.make_laplace(dp.atom_domain(T="i64"), dp.absolute_distance(T="i64"), scale=scale)
