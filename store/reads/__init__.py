"""What the gateway reads: plain SQL, one tenant at a time, under its own role."""
