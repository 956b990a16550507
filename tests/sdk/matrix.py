"""Every SDK at every vendor through the router: the whole table, and every failure in full.

    matrix.py [--client NAME] [--vendor NAME] [--case PART] [--router BINARY]
"""

import argparse
import logging
import sys
import time
import traceback
import warnings

from cases import CASES
from cases.pair import Pair, Skipped
from clients import CLIENTS
from router import Router
from server import Server
from vendors import VENDORS


def main():
    arguments = parse()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    servers = [Server(vendor()) for vendor in VENDORS]
    router = Router(dict(all_targets(servers)), arguments.router)
    began = time.monotonic()
    try:
        results = {}
        for sdk in CLIENTS:
            for server in servers:
                if arguments.client in (None, sdk.name) and arguments.vendor in (None, server.vendor.name):
                    results[sdk.name, server.vendor.name] = tried(Pair(sdk, server, router.url), arguments)
    finally:
        router.stop()
    failed = report(results)
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(1 if failed else 0)


def all_targets(servers):
    for server in servers:
        yield from server.vendor.targets(server.url).items()


def tried(pair, arguments):
    outcomes = {}
    for case in CASES:
        if arguments.case and arguments.case not in case.__name__:
            continue
        try:
            case(pair)
            outcomes[case.__name__] = "ok"
        except Skipped:
            outcomes[case.__name__] = "-"
        except Exception as error:
            outcomes[case.__name__] = "FAIL"
            print(f"FAIL {pair.client} at {pair.vendor}: {case.__name__}: {type(error).__name__}: {str(error)[:1500]}")
            if arguments.trace:
                traceback.print_exc(limit=-4)
    return outcomes


def report(results):
    counts = {"ok": 0, "-": 0, "FAIL": 0}
    names = list(dict.fromkeys(vendor for _, vendor in results))
    print(f"\n{'client at vendor':18}" + "".join(f"{name:>18}" for name in names))
    for client in dict.fromkeys(client for client, _ in results):
        row = ""
        for vendor in names:
            outcomes = list(results[client, vendor].values())
            for outcome in outcomes:
                counts[outcome] += 1
            done = len(outcomes) - outcomes.count("-")
            row += f"{outcomes.count('ok')}/{done}".rjust(18)
        print(f"{client:18}{row}")
    pairs = sum("FAIL" not in outcomes.values() for outcomes in results.values())
    print(f"\n{pairs} of {len(results)} pairs without a failure")
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['-']} skipped")
    return counts["FAIL"]


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("client", "vendor", "case", "router"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--trace", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
