"""Bodies that are no document, whatever they are sent to."""

from tests.service.corpus.asked import JSON, Case

MEBIBYTE = 1 << 20
TO = (
    "/v1/commands",
    "/v1/marks",
    "/v1/proposals",
    "/v1/proposals/abc/approval",
    "/v1/what-if",
    "/v1/accounts/a0/what-if",
    "/v1/rounds/step",
    "/v1/rounds/prepared/r1/acknowledgement",
    "/v1/rounds/prepared/r1/refusal",
)

NO_DOCUMENT = {
    "nothing but a blank": b" ",
    "half an object": b'{"commands":[',
    "half a text": b'{"commands":["',
    "two documents": b"{}{}",
    "something behind": b"{} x",
    "no quotes": b"{commands:[]}",
    "single quotes": b"{'commands':[]}",
    "a comma too many": b'{"commands":[],}',
    "a comment": b'{"commands":[]/**/}',
    "a byte order mark": b'\xef\xbb\xbf{"commands":[]}',
    "UTF-16": '{"commands":[]}'.encode("utf-16"),
    "Latin-1": '{"commands":"ä"}'.encode("latin-1"),
    "an overlong slash": b'{"commands":"\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"commands":"\xed\xa0\x80"}',
    "a cut character": b'{"commands":"\xe2\x82"}',
    "a byte that is none": b'{"commands":"\xff"}',
    "a control character": b'{"commands":"\x01"}',
    "a zero byte": b'{"commands":"\x00"}',
    "a raw line end": b'{"commands":"\n"}',
    "a wrong escape": rb'{"commands":"\x41"}',
    "half a surrogate pair": rb'{"commands":"\ud800"}',
    "the other half": rb'{"commands":"\udc00"}',
    "halves in the wrong order": rb'{"commands":"\udc00\ud800"}',
    "half a pair as a key": rb'{"\ud800":"x"}',
    "not a number": b'{"commands":NaN}',
    "infinity": b'{"commands":Infinity}',
    "minus infinity": b'{"commands":-Infinity}',
    "minus zero": b'{"commands":-0}',
    "an exponent beyond all": b'{"commands":1e400}',
    "a decimal": b'{"commands":1.0}',
    "a number": b'{"commands":1}',
    "five thousand digits": b'{"commands":' + b"9" * 5_000 + b"}",
    "a hexadecimal number": b'{"commands":0x10}',
    "a leading zero": b'{"commands":01}',
    "a number alone": b"7",
    "a text alone": b'"commands"',
    "nothing as a value": b"null",
    "a flag alone": b"true",
    "an array alone": b"[]",
    "Python's none": b"None",
    "a key twice": b'{"commands":[],"commands":[]}',
    "a key twice below": b'{"commands":[{"key":"a","key":"b"}]}',
    "a key twice, once escaped": rb'{"commands":[],"c\u006fmmands":[]}',
    "an unknown key": b'{"__proto__":{}}',
    "arrays without end": b"[" * 100_000,
    "arrays a hundred thousand deep": b"[" * 100_000 + b"]" * 100_000,
    "objects fifty thousand deep": b'{"a":' * 50_000 + b"{}" + b"}" * 50_000,
    "sixty-five deep": b'{"commands":' + b"[" * 64 + b"]" * 64 + b"}",
    "brackets behind a text": b'{"a":"' + b"[" * 70 + b'","b":' + b"[" * 70 + b"]" * 70 + b"}",
    "XML": b"<?xml version='1.0'?><commands/>",
    "an entity bomb": b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    "a form": b"commands=%5B%5D",
    "YAML": b"commands:\n  - key: a\n",
    "a pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07deposit\x94.",
    "a gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00",
}


def bodies() -> list[Case]:
    """Return every such body to every path that reads one; and what is too large, as one piece and in many."""
    found = [
        Case(f"{name} to {path}", "POST", path, "BAD_BODY", body) for path in TO for name, body in NO_DOCUMENT.items()
    ]
    large = b'{"commands":"' + b"x" * MEBIBYTE + b'"}'
    for path in TO:
        found.append(Case(f"too large to {path}", "POST", path, "TOO_LARGE", large))
        found.append(Case(f"too large in pieces to {path}", "POST", path, "TOO_LARGE", large, JSON, 64))
    return found
