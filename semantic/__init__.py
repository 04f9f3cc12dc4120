"""Learned endpoints, and the talking-head clip that they can be tried on."""
