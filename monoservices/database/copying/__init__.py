"""Write a whole database into a file, and restore it: a module for each kind of database."""


class BackupError(Exception):
    """A backup or a restore has failed. The message says why, and what to do."""
