"""What the rules read: source code as it is written, and classes as they are loaded."""
