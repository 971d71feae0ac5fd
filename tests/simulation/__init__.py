"""The core under a seeded scheduler: the real drain, scheduler and gateway steps over ports that fail on purpose."""
