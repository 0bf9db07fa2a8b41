"""The baseline of delivery: parse, markdownify, post, inline and one after the other. `python inline.py MAIL COUNT URL`.

What a first script does: the standard library's modern parser, markdownify as it comes, one httpx client. Prints CPU seconds
a step, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from email import message_from_bytes, policy
from pathlib import Path

import httpx
from markdownify import markdownify


def main(file: Path, count: int, url: str) -> None:
    content = file.read_bytes()
    spent = {"parse": 0.0, "convert": 0.0, "post": 0.0}
    began = time.monotonic()
    with httpx.Client(
        auth=("bridge@example.com", "sandbox"), headers={"Accept": "application/json"}
    ) as client:
        for number in range(count):
            at = time.process_time()
            mail = message_from_bytes(content, policy=policy.default)
            body = mail.get_body(("html", "plain"))
            text = body.get_content() if body else ""
            spent["parse"] += (now := time.process_time()) - at
            markdown = markdownify(text)
            spent["convert"] += (at := time.process_time()) - now
            answer = client.post(
                url + "/conversations",
                json={
                    "conversation": {
                        "subject": f"{mail['subject']} {number}",
                        "category": "support",
                        "message": {"body": markdown},
                        "user": {"name": "Shop", "email": "news@shop.bench.example"},
                    }
                },
            )
            answer.raise_for_status()
            spent["post"] += time.process_time() - at
    print(json.dumps({"seconds": time.monotonic() - began, "count": count, **spent}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
