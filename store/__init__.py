"""What outlives a process: tables, command log, timers, outbox, repositories, reads and migrations."""
