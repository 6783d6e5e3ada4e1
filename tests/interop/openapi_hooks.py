"""Teaches Schemathesis NDJSON and tokens, and not to revoke the key that it asks with."""

import json
import os

import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/secevent+jwt")
def ndjson(context, value):
    """A text as it is, whatever else as one line of JSON."""
    return value if isinstance(value, bytes) else (value if isinstance(value, str) else json.dumps(value)).encode()


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.method == "DELETE" and case.path_parameters.get("id") == os.environ["OWN_KEY_ID"]:
        case.path_parameters["id"] = "key_of_nobody"
