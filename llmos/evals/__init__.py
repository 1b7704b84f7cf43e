"""Measuring what the machine can and what it lets happen. Each file is one `llmos eval` WHAT."""
