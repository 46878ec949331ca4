"""Writers: items in, one file out.

A writer takes items in the order they are to stand in, and changes nothing of what it
writes. An item that its format cannot hold is an error, and is not written.
"""

from chronomux.writers.jsonl_writer import JSONLWriter
from chronomux.writers.pcap_writer import PcapWriter

__all__ = ["JSONLWriter", "PcapWriter"]
