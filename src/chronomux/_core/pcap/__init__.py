"""Packet captures in the compiled core: index of records, packets, layers of them."""
