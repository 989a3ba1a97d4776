"""The service: a clearing domain behind HTTP and WebSocket, for people and programs who each may do so much."""
