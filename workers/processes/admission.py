"""The worker of the topic `queue`."""

from workers import admission
from workers.boot import serve

serve({"queue": admission})
