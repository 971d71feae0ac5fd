"""`drumroll ...`: what an operator types."""
