"""Command in, decision asked, effects written: one module per worker."""
