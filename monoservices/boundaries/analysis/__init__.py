"""What the rules read: source code as written, and classes as loaded."""
