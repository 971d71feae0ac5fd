"""The worker processes of the Procfile: dramatiq is pointed at one of these modules."""
