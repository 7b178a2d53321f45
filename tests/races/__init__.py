"""What happens at the same time. Each race has a control: without its guards it must go wrong."""
