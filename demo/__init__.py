"""``make demo``: a directory, a mailbox, three applications and a door in front of them, all on this machine."""
