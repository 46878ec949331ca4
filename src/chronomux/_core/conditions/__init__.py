"""Conditions in the compiled core: the exact answer for one, the index over many."""
