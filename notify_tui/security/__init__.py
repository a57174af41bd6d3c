"""Identity, network keys and invites: who speaks, and who may enter."""
