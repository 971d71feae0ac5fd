"""The worker of the topic `people`."""

from workers import people
from workers.boot import serve

serve({"people": people})
