"""Starting services, and projects of one's own: as the documents say, in copies of this one."""
