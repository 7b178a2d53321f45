"""The boundaries between services: checked before the code runs, guarded while it runs, mapped."""
