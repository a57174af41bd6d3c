"""Storms: whatever happens, every promise is kept. A failing seed says how to see it again."""

import os
import subprocess
import sys

import pytest

from tests.simulation.world import run

CHUNK = 50


def chunks(first: int, last: int) -> list[range]:
    return [range(start, start + CHUNK) for start in range(first, last, CHUNK)]


def named(chunk: range) -> str:
    return f"{chunk.start}-{chunk.stop - 1}"


@pytest.mark.parametrize("seeds", chunks(0, 1000), ids=named)
def test_every_promise_is_kept_in_a_thousand_storms(seeds: range) -> None:
    for seed in seeds:
        run(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", chunks(1000, 6000), ids=named)
def test_every_promise_is_kept_in_five_thousand_more(seeds: range) -> None:
    for seed in seeds:
        run(seed)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(6))
def test_every_promise_is_kept_among_fifty_hosts(seed: int) -> None:
    run(seed, hosts=50)


def replayed(seed: int, hash_seed: str) -> str:
    command = [sys.executable, "-m", "tests.simulation", str(seed)]
    env = os.environ | {"PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("seed", [5, 12])
def test_a_seed_replays_exactly_in_every_process(seed: int) -> None:
    first = replayed(seed, "1")
    assert first.splitlines()[-1].endswith("every promise is kept")
    assert first == replayed(seed, "2")
