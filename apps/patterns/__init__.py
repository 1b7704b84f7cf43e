"""Process patterns that stay useful under the rules of the monitor."""
