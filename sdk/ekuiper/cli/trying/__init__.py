"""What `ekuiper try` reads, and how it shows rows."""
