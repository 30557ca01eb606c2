from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster, InstanceFleets
from airflow_emr_pipelines.specs.ec2.fleets import InstanceTypeConfig
from airflow_emr_pipelines.specs.ec2.instances import EbsVolumes, Group, InstanceGroups
from airflow_emr_pipelines.specs.ec2.scaling import AutoScaling, ScalingRule
from airflow_emr_pipelines.specs.serialization import from_dict


def test_a_text_is_one_instance_of_that_type() -> None:
    groups = InstanceGroups("m5.xlarge", "r5.xlarge", ["c5.xlarge", Group("c5.2xlarge", count=4)])
    assert groups == InstanceGroups(
        Group("m5.xlarge", 1), Group("r5.xlarge", 1), (Group("c5.xlarge", 1), Group("c5.2xlarge", 4))
    )


@pytest.mark.parametrize("instance_type", ["m5", "xlarge", "M5.XLARGE", "m5 xlarge", "", 5])
def test_what_is_no_instance_type_is_refused(instance_type: Any) -> None:
    with pytest.raises(InvalidSpec, match=r"write it like m5\.xlarge"):
        Group(instance_type)


@pytest.mark.parametrize(
    ("instance_type", "why"),
    [
        ("m5.xlrge", "EMR has instances of m5 in other sizes, .*; did you mean m5.xlarge?"),
        ("r5.large", "did you mean r5.xlarge?"),
        ("m5.metal", "EMR has instances of m5 in other sizes"),
        ("t3.medium", "EMR has no t3 instances, .*; choose another family, such as m5.xlarge"),
        ("p3dn.24xlarge", "EMR has no p3dn instances"),
    ],
)
def test_a_type_that_emr_does_not_have_is_refused(instance_type: str, why: str) -> None:
    for make in (Group, InstanceTypeConfig, InstanceFleets):
        with pytest.raises(InvalidSpec, match=why):
            make(instance_type)


@pytest.mark.parametrize("instance_type", ["m99g.xlarge", "q1.2xlarge"])
def test_a_family_that_nobody_has_seen_yet_is_warned_about(instance_type: str) -> None:
    for made in (Group, InstanceGroups, lambda name: from_dict({"kind": "group", "instance_type": name}, Group)):
        said = f"{instance_type} is not in EMR's list as moto [0-9.]+ had it on 20.*, nor is its family"
        with pytest.warns(UserWarning, match=said) as told:
            assert instance_type in str(made(instance_type))
        assert [each.filename for each in told] == [__file__]


@pytest.mark.parametrize("label", ["emr-5.36.0", "emr-7.13.0", "emr-spark-8.0.0"])
@pytest.mark.parametrize("instance_type", ["p3.2xlarge", "m4.large", "c1.medium"])
def test_a_type_that_emr_has_is_taken(label: str, instance_type: str) -> None:
    EmrCluster("any", label, InstanceGroups("m5.xlarge", instance_type))


@pytest.mark.parametrize(
    ("label", "instance_type", "why"),
    [
        ("emr-4.8.5", "m5.xlarge", "by EMR's list it is for emr-5.13.0 to emr-spark-8.1.0; did you mean m4.xlarge?"),
        ("emr-6.9.1", "m8g.xlarge", "it is for emr-5.36.1 to emr-5.36.2, emr-6.10.0 to emr-spark-"),
        ("emr-6.0.0", "m6g.xlarge", "it is for emr-5.30.0-preview to emr-5.36.2, emr-6.1.0 to emr-spark-"),
    ],
)
def test_a_type_that_a_release_does_not_have_is_refused(label: str, instance_type: str, why: str) -> None:
    for instances in (InstanceGroups("m4.xlarge", instance_type), InstanceFleets(instance_type)):
        with pytest.raises(InvalidSpec, match=why):
            EmrCluster("any", label, instances, idle_timeout=None)


@pytest.mark.parametrize("count", [0, 2, 4])
def test_a_cluster_has_one_primary_or_three(count: int) -> None:
    with pytest.raises(InvalidSpec, match="choose 1 or 3"):
        InstanceGroups(Group("m5.xlarge", count))
    assert InstanceGroups(Group("m5.xlarge", "3")).primaries == 3


@pytest.mark.parametrize("count", [-1, 1.5, "many", True])
def test_a_count_is_a_whole_number(count: Any) -> None:
    with pytest.raises(InvalidSpec, match=r"Group.count"):
        Group("m5.xlarge", count)


@pytest.mark.parametrize("price", ["cheap", "50%", "$0.15", "-1", True])
def test_a_bid_is_dollars(price: Any) -> None:
    with pytest.raises(InvalidSpec, match=r'write it like "0.15"'):
        Group("m5.xlarge", spot=True, bid_price=price)


def test_a_bid_may_be_a_number_and_goes_out_as_text() -> None:
    assert Group("m5.xlarge", spot=True, bid_price=0.15).bid_price == "0.15"  # type: ignore[arg-type]


def test_a_bid_without_spot_is_refused() -> None:
    with pytest.raises(InvalidSpec, match="add spot=True"):
        Group("m5.xlarge", bid_price="0.15")


def test_task_groups_are_a_list_and_not_too_many() -> None:
    InstanceGroups("m5.xlarge", "m5.xlarge", ["m5.xlarge"] * 48)
    with pytest.raises(InvalidSpec, match="at most 48 task groups"):
        InstanceGroups("m5.xlarge", "m5.xlarge", ["m5.xlarge"] * 49)
    for wrong in ("m5.xlarge", Group("m5.xlarge")):
        with pytest.raises(InvalidSpec, match="it is a list"):
            InstanceGroups("m5.xlarge", tasks=wrong)  # type: ignore[arg-type]


def test_task_groups_need_a_core_group() -> None:
    with pytest.raises(InvalidSpec, match="give core as well"):
        InstanceGroups("m5.xlarge", tasks=["m5.xlarge"])
    InstanceGroups("m5.xlarge", tasks=[])


@pytest.mark.parametrize("group", [{"instance_type": "m5.xlarge"}, 1, ["m5.xlarge"]])
def test_what_is_no_group_is_refused(group: Any) -> None:
    with pytest.raises(InvalidSpec, match="it is a Group or an instance type"):
        InstanceGroups("m5.xlarge", core=group)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"size_gb": 0}, "from 1 to 1,024"),
        ({"size_gb": 2000}, "from 1 to 1,024"),
        ({"size_gb": 10, "volume_type": "io2"}, "none of gp3, gp2, io1, st1, sc1, standard"),
        ({"size_gb": 10, "throughput": 100}, "from 125 to 1,000"),
        ({"size_gb": 10, "volume_type": "io1", "throughput": 200}, "only gp3 has it"),
        ({"size_gb": 10, "per_instance": 26}, "from 1 to 25"),
        ({"size_gb": 10, "volume_type": "io1"}, "EC2 makes no io1 volume without; say iops="),
        ({"size_gb": 10, "volume_type": "gp2", "iops": 3000}, "gp3 and io1 have it"),
        ({"size_gb": 10, "throughput": 1001}, "from 125 to 1,000"),
    ],
)
def test_volumes_are_such_as_emr_has(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        EbsVolumes(**fields)


def test_an_instance_has_at_most_25_volumes() -> None:
    Group("m5.xlarge", ebs=[EbsVolumes(10, per_instance=20), EbsVolumes(20, per_instance=5)])
    with pytest.raises(InvalidSpec, match="at most 25 volumes"):
        Group("m5.xlarge", ebs=[EbsVolumes(10, per_instance=20), EbsVolumes(20, per_instance=6)])
    with pytest.raises(InvalidSpec, match=r"write EbsVolumes\(200\)"):
        Group("m5.xlarge", ebs=[200])  # type: ignore[list-item]


def test_volumes_of_ebs_optimized_instances_have_ten_gib() -> None:
    Group("m5.xlarge", ebs=[EbsVolumes(10)], ebs_optimized=True)
    Group("m5.xlarge", ebs=[EbsVolumes(9)], ebs_optimized=False)
    with pytest.raises(InvalidSpec, match=r"Group\.ebs = '9 GiB': .*at least 10 GiB"):
        Group("m5.xlarge", ebs=[EbsVolumes(20), EbsVolumes("9")], ebs_optimized="true")


def test_volumes_of_core_instances_have_five_gib() -> None:
    small = Group("m5.xlarge", ebs=[EbsVolumes(4)])
    InstanceGroups(small, Group("m5.xlarge", ebs=[EbsVolumes(5)]), [small])
    with pytest.raises(InvalidSpec, match=r"InstanceGroups\.core = '4 GiB': .*at least 5 GiB"):
        InstanceGroups("m5.xlarge", small)


def test_primary_instances_do_not_scale() -> None:
    rules = AutoScaling(1, 3, [ScalingRule("out", "ContainerPendingRatio", "GREATER_THAN", 1, 1)])
    InstanceGroups("m5.xlarge", Group("m5.xlarge", auto_scaling=rules), [Group("m5.xlarge", auto_scaling=rules)])
    with pytest.raises(InvalidSpec, match="primary instances do not scale"):
        InstanceGroups(Group("m5.xlarge", auto_scaling=rules))


def test_an_image_has_an_id() -> None:
    assert Group("m5.xlarge", custom_ami_id="ami-0123456789abcdef0").custom_ami_id == "ami-0123456789abcdef0"
    with pytest.raises(InvalidSpec, match="write it like ami-"):
        Group("m5.xlarge", custom_ami_id="my-image")


def test_a_group_has_at_most_two_thousand_instances() -> None:
    assert Group("m5.xlarge", 2000).count == 2000
    with pytest.raises(InvalidSpec, match="from 0 to 2,000"):
        Group("m5.xlarge", 2001)
