"""The law's records as JSON documents and back: one encoding for vectors, journals and whoever speaks with the law."""

from deleverage.documents.codec import canonical, decode, encode, parse
from deleverage.documents.forms import BadDocument
from deleverage.documents.schema import Json

__all__ = ["BadDocument", "Json", "canonical", "decode", "encode", "parse"]
