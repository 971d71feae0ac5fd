"""The log, the commitment, the order and the proof."""
