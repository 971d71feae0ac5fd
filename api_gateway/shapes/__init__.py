"""The shapes of answers and of requests, for the OpenAPI documents: what is described here is what is sent."""
