"""How long a persistent user interface is there, and what a reader of one is told of where things are."""

from __future__ import annotations

import pytest

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2.app_uis import path_to
from tests.unit.emulator.ec2.small_world import SmallWorld
from tests.unit.emulator.ec2.test_lifecycle import in_a_small_world

THIRTY_DAYS = 30 * 24 * 3600


@in_a_small_world
async def test_a_persistent_ui_is_there_for_thirty_days(world: SmallWorld) -> None:
    cluster = await world.run_job_flow()
    made = (await world.call("CreatePersistentAppUI", TargetResourceArn=cluster.arn))["PersistentAppUIId"]
    await world.clock.advance(THIRTY_DAYS - 1)
    await world.call("DescribePersistentAppUI", PersistentAppUIId=made)
    await world.clock.advance(1)
    for operation in ("DescribePersistentAppUI", "GetPersistentAppUIPresignedURL"):
        with pytest.raises(Refused, match=f"'{made}' is not valid"):
            await world.call(operation, PersistentAppUIId=made)
    again = (await world.call("CreatePersistentAppUI", TargetResourceArn=cluster.arn))["PersistentAppUIId"]
    assert again != made


@in_a_small_world
async def test_those_that_are_gone_leave_room(world: SmallWorld) -> None:
    first = [await world.run_job_flow() for _ in range(50)]
    for cluster in first:
        await world.call("CreatePersistentAppUI", TargetResourceArn=cluster.arn)
    another = await world.run_job_flow()
    with pytest.raises(Refused, match="At most 50"):
        await world.call("CreatePersistentAppUI", TargetResourceArn=another.arn)
    await world.clock.advance(THIRTY_DAYS)
    await world.call("CreatePersistentAppUI", TargetResourceArn=another.arn)


@in_a_small_world
async def test_clusters_have_addresses_that_do_not_lead_to_each_other(world: SmallWorld) -> None:
    one, other = await world.run_job_flow(), await world.run_job_flow()
    assert path_to(one) != path_to(other)
    assert len(one.ui_token) >= 40
    assert one.ui_token not in repr(one)
    assert path_to(one, "application/../1") == f"{path_to(one)}history/application%2F..%2F1/jobs/"
