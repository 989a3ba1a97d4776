"""The paths of the API: each handler reads its request, asks the counter, and says the answer. It decides nothing."""
