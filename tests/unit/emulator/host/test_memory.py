"""Heavy steps share the host's memory in the order in which they ask."""

from __future__ import annotations

import asyncio

from airflow_emr_pipelines.emulator.host.memory import OVERHEAD_MIB, Memory, host_memory_mib


def test_without_a_figure_the_budget_is_a_share_of_the_host() -> None:
    assert 0 < Memory().budget_mib < host_memory_mib()


def test_two_of_the_largest_steps_fit_at_once() -> None:
    memory = Memory(8192)
    assert 2 * memory.need_of(memory.largest_heap_mib) <= memory.budget_mib


def test_a_step_never_needs_more_than_there_is() -> None:
    memory = Memory(600)
    assert memory.need_of(memory.largest_heap_mib) == 600
    assert memory.largest_heap_mib + OVERHEAD_MIB > 600


def test_who_does_not_fit_waits_and_nobody_overtakes() -> None:
    async def scenario() -> list[str]:
        memory, order = Memory(1000), []

        async def step(name: str, mib: int, until: asyncio.Event) -> None:
            await memory.take(mib)
            order.append(name)
            await until.wait()
            memory.give_back(mib)

        done = asyncio.Event()
        ends = {name: asyncio.Event() for name in "abcd"}
        tasks = [
            asyncio.create_task(step(name, mib, ends[name]))
            for name, mib in (("a", 600), ("b", 600), ("c", 300), ("d", 300))
        ]
        await asyncio.sleep(0)
        order.append("|")
        ends["a"].set()
        await tasks[0]
        await asyncio.sleep(0)
        order.append("|")
        for end in ends.values():
            end.set()
        await asyncio.gather(*tasks)
        done.set()
        return order

    assert asyncio.run(scenario()) == ["a", "|", "b", "c", "|", "d"]


def test_who_gives_up_waiting_leaves_the_turn_to_the_next() -> None:
    async def scenario() -> None:
        memory = Memory(1000)
        await memory.take(1000)
        first = asyncio.create_task(memory.take(900))
        second = asyncio.create_task(memory.take(100))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        memory.give_back(1000)
        await asyncio.wait_for(second, 1)
        assert memory.is_free(900)

    asyncio.run(scenario())
