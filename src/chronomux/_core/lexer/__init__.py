"""Lexers and parsers in the compiled core: tables that PLY made, and what runs them."""
