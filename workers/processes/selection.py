"""The worker of the topic `draw`."""

from workers import selection
from workers.boot import serve

serve({"draw": selection})
