"""Small pieces of HTTP: each header, body or address read once, by one rule."""
