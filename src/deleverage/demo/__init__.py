"""A venue for a laptop: an order book, traders and prices that talk to the service over HTTP and know nothing else."""
