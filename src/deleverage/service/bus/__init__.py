"""Several machines: fronts that speak HTTP, workers that have the journal, and a bus (NATS) between them.

The journal is the truth. The bus carries and may lose, repeat or forget everything: whoever asks again under the same
key gets the same answer, and what the bus keeps of the journal is filled up from it.
"""
