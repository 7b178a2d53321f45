"""What `deploy/` and the guide about it promise, carried out in bare Debian machines."""
