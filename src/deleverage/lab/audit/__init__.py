"""What is wrong with an event's own data: findings with the numbers that prove them, and looks not taken."""
