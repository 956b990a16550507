"""Each snippet of `docs/clients.md` as it stands there, with the real client.

    documented_run.py [--client PART] [--router BINARY]

The first provider of the alias `demo` refuses connections, the second answers; `limited` has a rate limit, and the only provider
of `down` fails. A client that cannot be had is skipped with a word. What the router logs must hold no error.
"""

import argparse
import re
import sys
import tempfile
import time
import traceback

from documented import BY_HEADING
from documented.place import Place


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--client", default="")
    parser.add_argument("--router")
    wanted = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder, Place(folder, wanted.router) as place:
        for heading, snippets in sections(place.page):
            uses = BY_HEADING.get(heading, [])
            for snippet, kind in zip(snippets, uses):
                if wanted.client not in kind.name:
                    continue
                if not kind.is_there():
                    print(f"skipped: {kind.name} cannot be had")
                    continue
                failed += sum(tried(kind(place, place.filled(snippet)), case) for case in kind.cases)
        for line in place.wrong_lines():
            failed += 1
            print(f"FAIL the log: {line}")
    print(f"{failed} failed")
    sys.exit(1 if failed else 0)


def sections(page):
    """The headings, each with the code below it that is not a configuration of the router."""
    for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        heading, _, rest = part.partition("\n")
        yield heading, re.findall(r"```(?:python|js|sh|toml)\n(.*?)```", rest, re.DOTALL)


def tried(use, case):
    began = time.monotonic()
    try:
        getattr(use, case)()
        problem = ""
    except Exception as error:
        problem = f": {type(error).__name__}: {str(error)[:1500]}\n{traceback.format_exc(limit=-3)}"
    took = time.monotonic() - began
    if not problem and took > use.patience:
        problem = f": it took {took:.1f} s"
    print(f"{'FAIL' if problem else 'ok  '} {use.name}: {case} {took:.1f} s{problem}")
    return bool(problem)


if __name__ == "__main__":
    main()
