"""A crowd that comes through a waiting room over HTTP: a real arrival curve, people like people, and facts."""
