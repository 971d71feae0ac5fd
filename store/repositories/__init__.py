"""What is kept of each aggregate, read and written in bulk."""
