"""The same endpoint written the ordinary way, as well as we can: the baseline of the figure `enters`.

FastAPI, async SQLAlchemy, one transaction per request, with the same duties as the real endpoint:
token verified, limits counted, session checked, row level security, the outcome kept, one log line,
metrics, the same answer.
"""
