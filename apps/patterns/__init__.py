"""Process patterns that stay useful under the monitor's rules, each a program of its own.

Knows: their names. Does not know: what they do.
"""
