"""What runs inside the plugin process."""
