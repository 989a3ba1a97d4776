"""Streams of what has become durable, over WebSockets: resumed from a number, bounded for each client, in a fair order.

What a stream tells is what the question of the same name tells (``questions``), and to whom: a stream is that question
asked again and again, and the answers are encoded once for all who are told the same.
"""
