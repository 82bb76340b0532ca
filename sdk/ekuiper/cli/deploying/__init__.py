"""What `ekuiper deploy` and `ekuiper undeploy` show."""
