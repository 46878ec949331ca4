"""Writers: items in, one file out.

A writer takes items in the order they are to stand in, and changes nothing of what it
writes. What its format cannot hold is an error, and leaves the file as it was.
"""

from chronomux.writers.pcap_writer import PcapWriter

__all__ = ["PcapWriter"]
