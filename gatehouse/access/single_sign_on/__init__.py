"""Providers that people sign in with, and issuers whose access tokens are taken."""
