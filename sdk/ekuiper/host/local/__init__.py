"""The eKuiper hosts on this machine, seen from outside: processes, settings, sockets, logs."""
