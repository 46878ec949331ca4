"""Lexers and parsers: grammars in PLY's way, on tables that are made once.

A grammar goes in as a class with PLY's rules, text comes out as whatever its methods
make of it. PLY itself is imported only where tables must be made.
"""
