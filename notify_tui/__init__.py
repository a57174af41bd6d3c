"""Notifications and chat for everybody and everything on a LAN, with no server."""

__version__ = "0.1.0"
