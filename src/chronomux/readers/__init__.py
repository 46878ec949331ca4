"""Readers: files in, rows on a queue or frames of raw records out.

A reader makes one pass over a path, standard input ('-') or a file object, compressed
or not. It locates what it cannot read: file:line, file:line:column or file@offset.
"""

from chronomux._core.pcap.packet import Packet
from chronomux.readers.column_batch import ColumnBatch
from chronomux.readers.csv_reader import CSVReader
from chronomux.readers.csv_rows import CSVRows, csv_rows
from chronomux.readers.csv_times import ReaderStats
from chronomux.readers.file_reader import FileReader
from chronomux.readers.jsonl_reader import JSONLReader
from chronomux.readers.pcap_reader import PacketStats, PcapReader
from chronomux.readers.timestamps import time_parser

__all__ = [
    "CSVReader",
    "CSVRows",
    "ColumnBatch",
    "FileReader",
    "JSONLReader",
    "Packet",
    "PacketStats",
    "PcapReader",
    "ReaderStats",
    "csv_rows",
    "time_parser",
]
