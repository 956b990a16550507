"""Conversations that change their vendor at every turn, as the router writes them for each model, held against the types of the
vendor's own SDK and its rules.

    ONWARDS_WRITTEN=/tmp/written.jsonl cargo test --test protocols switching
    written.py /tmp/written.jsonl
"""

import collections
import json
import sys

from said import Refused
from vendors import VENDORS, anthropic, bedrock, gemini, openai_responses

# The proof that the test gives reasoning and calls; what only a signature over the wire can show is not here.
for module in (anthropic, bedrock, gemini, openai_responses):
    module.SIGNATURE = "cHJvb2Y="
bedrock.sigv4.verify = lambda _: None
signed = gemini.signed


class Request:
    method = "POST"

    def __init__(self, line, key):
        self.path, self.body = line["path"], line["body"]
        credentials = {"authorization": f"Bearer {key}", "x-api-key": key, "x-goog-api-key": key}
        self.headers = {name.lower(): value for name, value in line["headers"].items()} | credentials

    def json(self):
        return json.loads(json.dumps(self.body))


def main():
    vendors = {vendor.name: vendor for vendor in VENDORS}
    counts, refused = collections.Counter(), collections.Counter()
    with open(sys.argv[1]) as lines:
        for line in map(json.loads, lines):
            vendor = vendors[line["vendor"]]()
            vendor.model = line["model"]
            where = f"{line['vendor']} {line['model']}"
            # Google asks for proofs of calls from its third generation on.
            gemini.signed = signed if "gemini-3" in line["model"] else lambda _: None
            counts[where] += 1
            try:
                vendor.read(Request(line, vendor.key))
            except Refused as problem:
                refused[where, str(problem)] += 1
                if refused[where, str(problem)] == 1:
                    print(f"FAIL {where}, {line['place']}: {problem}")
    for where, count in sorted(counts.items()):
        print(f"{where}: {count}")
    print(f"{sum(counts.values())} requests, {sum(refused.values())} refused")
    sys.exit(1 if refused or not counts else 0)


if __name__ == "__main__":
    main()
