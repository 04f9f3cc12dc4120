"""Wireless link-level simulation on Sionna, with classical or learned endpoints."""

__version__ = "0.2.0"
