"""The journal: commands and answers as bytes that are never changed, and the proof that they were not.

``local`` makes and opens one on this machine; ``journal`` appends and acknowledges; ``papers`` are what is signed.
"""
