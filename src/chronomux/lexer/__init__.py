"""Lexers and parsers: grammars in PLY's way, on tables that are made once.

A grammar goes in as a class with PLY's rules, text comes out as whatever its methods
make of it. PLY itself is imported only where tables must be made. SCL is such a
grammar; its tables are part of the package.
"""

from chronomux._core.lexer.scl_nodes import SCLNode
from chronomux.lexer.lexer import TOKEN, Lexer
from chronomux.lexer.scl import SCLLexer
from chronomux.lexer.scl_writer import to_scl

__all__ = ["TOKEN", "Lexer", "SCLLexer", "SCLNode", "to_scl"]
