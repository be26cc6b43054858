"""crash_common.py - what the crash and the full-disk tests share."""
import os
import re

DEEP = bool(os.environ.get("PINTAIL_DEEP"))
LATER = {"PINTAIL_NOW": "1900000000"}  # when every pause is over


def ids(contents):
    """The Message-IDs of whole messages, sorted; without one it is no message."""
    return sorted(re.search(rb"(?im)^message-id:\s*(\S+)", c).group(1).decode() for c in contents)
