"""The Consumer API: what people, their pages and the shops' servers may ask."""
