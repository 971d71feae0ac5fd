"""What every process needs to wake up: settings, broker, bell, clock, keys, logging, embedded servers."""
