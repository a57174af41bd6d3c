"""The deterministic simulator: many nodes, one seed, every promise checked after the storm.

    storm      what a seed means: how many hosts, what weather, which troubles
    world      builds it, runs it, lets it heal, asks the judge
    host       a machine: clock, disk, at most one node, a local client
    disk       the log's jobs, committed in groups, lost at a crash
    network    the feed and the exchange over a bad network
    troubles   crashes, partitions, restores, full disks, jumping clocks
    judge      what must hold at every moment
    promises   what must hold once the world has healed
    trace      what happened, a line each

`python -m tests.simulation SEED` replays a seed and prints its trace.
"""
