"""Replay a seed and print what happened: `python -m tests.simulation SEED [--hosts N]`."""

import argparse
import sys

from tests.simulation.judge import BrokenPromiseError
from tests.simulation.storm import storm_of
from tests.simulation.trace import Printer
from tests.simulation.world import World


def main() -> int:
    """Print the storm, its trace and its end."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("--hosts", type=int)
    parser.add_argument("--quiet", action="store_true", help="only the storm and its end")
    arguments = parser.parse_args()
    storm = storm_of(arguments.seed, arguments.hosts)
    sys.stdout.write(f"{storm}\n")
    printer = Printer(quiet=arguments.quiet)
    world = World(storm, printer.trace)
    printer.watch(world)
    try:
        world.run()
    except BrokenPromiseError as error:
        sys.stdout.write(f"{world.scheduler.now:9.4f} broken: {error}\n")
        return 1
    sys.stdout.write(f"{world.scheduler.now:9.4f} every promise is kept\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
