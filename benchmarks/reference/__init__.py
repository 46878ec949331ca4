"""The plain pure-Python way to do what chronomux does: the baselines."""
