"""Golden vectors: commands with the facts, rejections and states that the rulebook answers with, for other programs.

``vector`` is the document, ``recorder`` plays and writes down, ``stories`` and ``worlds`` say what is played,
``coverage`` counts what came up, ``check`` plays a vector again and finds the first difference.
"""
