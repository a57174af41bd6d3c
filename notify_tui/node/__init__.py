"""The shell around the protocol: sockets, discovery, the control socket, timers."""
