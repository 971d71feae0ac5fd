"""HTTP in, command out, reply back. Decides nothing."""
