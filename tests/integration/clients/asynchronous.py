"""aiobotocore against whatever AWS_ENDPOINT_URL names: a cluster, many calls at once, pages, waiters, a refusal."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from aiobotocore.session import get_session
from botocore.exceptions import ClientError

FAST = {"Delay": 0.05, "MaxAttempts": 400}


async def main(asked: dict[str, Any]) -> dict[str, Any]:
    async with get_session().create_client("emr") as emr:
        cluster = (await emr.run_job_flow(**asked))["JobFlowId"]
        await emr.get_waiter("cluster_running").wait(ClusterId=cluster, WaiterConfig=FAST)
        jar = {"Jar": "command-runner.jar", "Args": ["true"]}
        step = {"Name": "step", "ActionOnFailure": "CONTINUE", "HadoopJarStep": jar}
        added = (await emr.add_job_flow_steps(JobFlowId=cluster, Steps=[step] * 60))["StepIds"]
        together = await asyncio.gather(*(emr.describe_step(ClusterId=cluster, StepId=one) for one in added))
        await emr.get_waiter("step_complete").wait(ClusterId=cluster, StepId=added[-1], WaiterConfig=FAST)
        pages = [len(page["Steps"]) async for page in emr.get_paginator("list_steps").paginate(ClusterId=cluster)]
        await emr.terminate_job_flows(JobFlowIds=[cluster])
        await emr.get_waiter("cluster_terminated").wait(ClusterId=cluster, WaiterConfig=FAST)
        try:
            await emr.describe_cluster(ClusterId="j-NONE")
        except ClientError as error:
            refused = error.response["Error"]["Code"]
    described = [answer["Step"]["Id"] for answer in together]
    return {"cluster": cluster, "described": described == added, "pages": pages, "refused": refused}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))
