"""Speed, always as a ratio to something run beside it on the same machine."""
