"""Work that no request waits for, done every second by a process beside the workers."""
