"""The schemes that a new one is compared against."""
