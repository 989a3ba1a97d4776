"""The description of the API (OpenAPI 3.1): what the framework reads off the handlers, and what only we know."""

from deleverage.service.description.document import Description, whole

__all__ = ["Description", "whole"]
