"""What has gone wrong elsewhere, by name, against a service that runs; ``test_bus_wiped`` is told with the bus."""
