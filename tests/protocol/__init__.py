"""The rules alone: no socket, no clock, no disk, no sleep."""
