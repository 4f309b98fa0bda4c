"""The init container's program: download, verify, unpack."""
