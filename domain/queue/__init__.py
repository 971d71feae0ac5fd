"""The queue: a virtual waiting room."""
