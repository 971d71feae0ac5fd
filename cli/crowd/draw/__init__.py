"""The draw beside the queue, for those of the crowd who did not get in: entered, drawn, claimed, and judged by its proof."""
