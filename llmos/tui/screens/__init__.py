"""Screens above the room: help, lists, inspectors, two worlds.

Knows: frozen values, and texts of its own. Does not know: the machine.
"""
