"""Puts the packages together: one configuration, who gets what, and the order of starting and stopping."""
