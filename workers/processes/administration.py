"""The worker of the topic `admin`."""

from workers import administration
from workers.boot import serve

serve({"admin": administration})
