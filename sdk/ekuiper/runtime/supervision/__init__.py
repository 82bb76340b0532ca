"""The clean process above the author's code: what it keeps, and how it brings code back."""
