"""Passwords, console sessions and the first set-up."""
