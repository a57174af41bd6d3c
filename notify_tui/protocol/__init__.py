"""The rules, pure: no socket, clock, file, thread or randomness; `now` is an argument."""
