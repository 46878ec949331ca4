"""Benchmarks beside their peers, and the guard that keeps the ratios up.

`pytest benchmarks` measures and prints ratios; `python benchmarks/guard.py` also holds
them against floors.toml; `python benchmarks/figures.py` prints the README's figures.
"""
