"""What `ekuiper host` asks real eKuipers, and how it shows that."""
