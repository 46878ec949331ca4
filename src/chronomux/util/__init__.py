"""Process and thread pools that start late, end on time and leave nothing behind.

In: functions and their arguments. Out: results, in the caller. `MultiProcessing` is
the one door; pathos, which carries closures to other processes, loads on the first use
of a pool.
"""

from __future__ import annotations

from chronomux.util.multiprocessing import MultiProcessing

__all__ = ["MultiProcessing"]
