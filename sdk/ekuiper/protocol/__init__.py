"""The wire, pure: bytes to typed frozen messages and back, in both roles."""
