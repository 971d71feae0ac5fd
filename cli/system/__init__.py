"""A whole installation on one machine: its state folder, its servers, its processes and who looks after them."""
