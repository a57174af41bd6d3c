"""The log: one writer, many readers, and an index of words behind them."""
