"""People: guests, their sessions and the tokens that stand for them."""
