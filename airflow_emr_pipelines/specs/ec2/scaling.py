"""How a cluster's size follows its load: managed scaling of the whole, or rules of one group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal, get_args

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.specs.values.base import Spec
from airflow_emr_pipelines.specs.values.templates import is_rendered, is_text

UnitType = Literal["InstanceFleetUnits", "Instances", "VCPU"]
ScalingStrategy = Literal["DEFAULT", "ADVANCED"]
PERFORMANCE_INDEXES = (1, 25, 50, 75, 100)
Comparison = Literal["GREATER_THAN_OR_EQUAL", "GREATER_THAN", "LESS_THAN", "LESS_THAN_OR_EQUAL"]
Adjustment = Literal["CHANGE_IN_CAPACITY", "PERCENT_CHANGE_IN_CAPACITY", "EXACT_CAPACITY"]
Statistic = Literal["SAMPLE_COUNT", "AVERAGE", "SUM", "MINIMUM", "MAXIMUM"]
COMPARISONS, ADJUSTMENTS, STATISTICS = (get_args(words) for words in (Comparison, Adjustment, Statistic))
EMR_NAMESPACE = "AWS/ElasticMapReduce"
NOT_OF_EMR = ("CPUUtilization", "StreamingBatchProcessingTime")
"""Metrics that people ask for and EMR's namespace does not have
(https://docs.aws.amazon.com/emr/latest/ManagementGuide/UsingEMR_ViewingMetrics.html)."""
METRIC_SECONDS = 300
DIMENSIONS = ("JobFlowId", "JobId")
THIS_CLUSTER = "${emr.clusterId}"
"""What EMR replaces by the id of the cluster that is being created."""
SIZES = tuple(f"{size}{unit}" for unit in ("BYTES", "BITS") for size in ("", "KILO_", "MEGA_", "GIGA_", "TERA_"))
UNITS = (
    *("NONE", "COUNT", "PERCENT", "SECONDS", "MILLI_SECONDS", "MICRO_SECONDS", *SIZES, "COUNT_PER_SECOND"),
    *(f"{size}_PER_SECOND" for size in SIZES),
)
"""Units of CloudWatch's metrics (botocore: shape Unit of service emr)."""


@dataclass(frozen=True)
class ManagedScaling(Spec):
    """Limits within which EMR sizes the cluster by the load of YARN; not with automatic scaling rules.

    It wants Spark's dynamic allocation, and does not see the load of Presto, Trino or HBase.

    :param minimum: units of ``unit_type`` at the least, core and task together
    :param maximum: units at the most
    :param unit_type: Instances or VCPU with instance groups, InstanceFleetUnits with fleets; None for what fits
    :param maximum_on_demand: units on demand at the most; what is above is on the spot market
    :param maximum_core: units of core instances at the most; what is above are task instances
    :param scaling_strategy: DEFAULT, or ADVANCED with ``utilization_performance_index``; None for EMR's default
    :param utilization_performance_index: with the ADVANCED strategy: 1 saves most, 100 runs fastest; 1, 25, 50, 75, 100
    """

    kind = "managed_scaling"

    minimum: int | str
    maximum: int | str
    _: KW_ONLY
    unit_type: UnitType | str | None = None
    maximum_on_demand: int | str | None = None
    maximum_core: int | str | None = None
    scaling_strategy: ScalingStrategy | str | None = None
    utilization_performance_index: int | str | None = None

    def __post_init__(self) -> None:
        self.check(rules.whole, "minimum", "maximum", least=1)
        self.check(rules.choice, "unit_type", choices=get_args(UnitType))
        self.check(rules.whole, "maximum_on_demand", "maximum_core", least=0)
        self.check(rules.choice, "scaling_strategy", choices=get_args(ScalingStrategy))
        self.check(rules.whole, "utilization_performance_index", least=1, most=100)
        if isinstance(self.maximum, int):
            for name in ("minimum", "maximum_on_demand", "maximum_core"):
                value = getattr(self, name)
                if isinstance(value, int) and value > self.maximum:
                    self.refuse(name, f"it is more than the maximum, {self.maximum}", "lower it, or raise maximum")
        index = self.utilization_performance_index
        if isinstance(index, int) and index not in PERFORMANCE_INDEXES:
            choices = ", ".join(map(str, PERFORMANCE_INDEXES))
            self.refuse("utilization_performance_index", f"it is none of {choices}", "choose one of them")
        if is_rendered(self.scaling_strategy) and (index is not None) != (self.scaling_strategy == "ADVANCED"):
            if index is not None:
                self.refuse(
                    "utilization_performance_index",
                    "it is for the ADVANCED strategy",
                    'add scaling_strategy="ADVANCED"',
                )
            self.refuse("scaling_strategy", "it goes with utilization_performance_index", "give both, or neither")


@dataclass(frozen=True)
class ScalingRule(Spec):
    """One rule of automatic scaling: what happens when a metric of CloudWatch crosses a threshold.

    EMR's metrics come every 300 seconds and are of the whole cluster: two groups with a rule each grow alike. Growing
    wants YARNMemoryAvailablePercentage LESS_THAN 15 to 20, shrinking GREATER_THAN 75 to 80.

    :param name: what the rule is called, once in a policy
    :param metric_name: a metric of CloudWatch, such as YARNMemoryAvailablePercentage or ContainerPendingRatio
    :param comparison_operator: how the metric stands to the threshold: GREATER_THAN, GREATER_THAN_OR_EQUAL, LESS_THAN
        or LESS_THAN_OR_EQUAL
    :param threshold: the value at which the rule takes effect, 0 or more
    :param adjustment: instances to add, or, when negative, to remove; per cent, or the new number, by adjustment_type
    :param adjustment_type: what ``adjustment`` is: CHANGE_IN_CAPACITY (instances), PERCENT_CHANGE_IN_CAPACITY or
        EXACT_CAPACITY
    :param cool_down: seconds after a change in which the group is left alone
    :param evaluation_periods: how many times 300 seconds the threshold must be crossed
    :param period: seconds between two values of the metric; EMR's own are 300, and nothing else is taken
    :param statistic: of the values in a period: AVERAGE, SUM, MINIMUM, MAXIMUM or SAMPLE_COUNT
    :param unit: the metric's own, as CloudWatch has it, such as PERCENT or COUNT; with another one there is no data
    :param namespace: of the metric in CloudWatch; EMR's own unless given
    :param dimensions: which of the metric's series; the cluster's own unless given
    :param description: words for people
    """

    kind = "scaling_rule"

    name: str
    metric_name: str
    comparison_operator: Comparison | str
    threshold: float | int | str
    adjustment: int | str
    _: KW_ONLY
    adjustment_type: Adjustment | str = "CHANGE_IN_CAPACITY"
    cool_down: int | str = 300
    evaluation_periods: int | str = 1
    period: int | str = METRIC_SECONDS
    statistic: Statistic | str = "AVERAGE"
    unit: str | None = None
    namespace: str = EMR_NAMESPACE
    dimensions: Mapping[str, str] = field(default_factory=lambda: {"JobFlowId": THIS_CLUSTER})
    description: str | None = None

    def __post_init__(self) -> None:
        self.check(rules.text, "name", "metric_name", "namespace", "description")
        self.check(rules.choice, "comparison_operator", choices=COMPARISONS)
        self.check(rules.number, "threshold", least=0)
        self.check(rules.whole, "adjustment", least=-2000, most=2000)
        self.check(rules.choice, "adjustment_type", choices=ADJUSTMENTS)
        self.check(rules.whole, "cool_down", least=0)
        self.check(rules.whole, "evaluation_periods", "period", least=1)
        self.check(rules.choice, "statistic", choices=STATISTICS)
        self.check(rules.choice, "unit", choices=UNITS)
        self.check(rules.settings, "dimensions")
        if is_rendered(self.period) and self.period != METRIC_SECONDS:
            self.refuse(
                "period", f"metrics come every {METRIC_SECONDS} seconds", "leave it, and use evaluation_periods"
            )
        if self.adjustment_type == "EXACT_CAPACITY" and isinstance(self.adjustment, int) and self.adjustment < 1:
            self.refuse("adjustment", "EXACT_CAPACITY is the new number of instances", "write 1 or more")
        if self.namespace == EMR_NAMESPACE:
            self._check_emr_metric()

    def _check_emr_metric(self) -> None:
        if self.metric_name in NOT_OF_EMR:
            self.refuse(
                "metric_name",
                "EMR does not have this metric",
                "use YARNMemoryAvailablePercentage or ContainerPendingRatio, or the namespace that has it",
            )
        if is_rendered(self.dimensions) and not set(self.dimensions) <= set(DIMENSIONS):
            self.refuse(
                "dimensions",
                f"EMR's metrics have only {' and '.join(DIMENSIONS)}",
                "leave them out",
                value=[*self.dimensions],
            )
        grows = isinstance(self.adjustment, int) and self.adjustment > 0 and self.adjustment_type != "EXACT_CAPACITY"
        when_free = is_text(self.comparison_operator) and self.comparison_operator.startswith("GREATER")
        if self.metric_name == "YARNMemoryAvailablePercentage" and grows and when_free:
            rule = f"rule {self.name!r} adds instances when much memory is free"
            self.warn("comparison_operator", rule, "LESS_THAN is probably meant")


@dataclass(frozen=True)
class AutoScaling(Spec):
    """Automatic scaling of one core or task group by rules; the cluster needs ``auto_scaling_role``.

    :param minimum: instances of the group at the least
    :param maximum: instances of the group at the most
    :param rules: what makes it grow and shrink; at least one, each with a name of its own
    """

    kind = "auto_scaling"

    minimum: int | str
    maximum: int | str
    rules: Sequence[ScalingRule] = ()

    def __post_init__(self) -> None:
        self.check(rules.whole, "minimum", "maximum", least=0)
        self.check(rules.words, "rules", each=_rule)
        if isinstance(self.minimum, int) and isinstance(self.maximum, int) and self.minimum > self.maximum:
            self.refuse("minimum", f"it is more than the maximum, {self.maximum}", "swap the two")
        if not isinstance(self.rules, tuple):
            return
        if not self.rules:
            self.refuse("rules", "a policy has at least one rule", "add a ScalingRule to grow and one to shrink")
        names = [rule.name for rule in self.rules if isinstance(rule, ScalingRule) and is_rendered(rule.name)]
        if len(set(names)) < len(names):
            self.refuse("rules", "their names are not all different", "give each rule a name of its own", value=names)


def _rule(field: str, value: Any) -> Any:
    if isinstance(value, ScalingRule) or not is_rendered(value):
        return value
    raise InvalidSpec(field, value, "it is no ScalingRule", "write ScalingRule(…)")
