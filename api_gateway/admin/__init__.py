"""The Admin API: what an organization's servers may ask, with a secret key."""
