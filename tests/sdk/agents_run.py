"""Claude Code, Codex and Gemini CLI, as npm has them, through the router at vendors of all six protocols.

    agents_run.py [--agent NAME] [--vendor NAME] [--case NAME] [--router BINARY] [--record FOLDER]

`--record` keeps the shape of the last request of each agent: names, types and numbers, and of texts their length alone.
"""

import argparse
import json
import pathlib
import re
import sys
import tempfile

from agents import AGENTS
from agents.cases import CASES
from play import Play
from router import Router
from vendors import VENDORS

# Fields that tell who or where.
PERSONAL = {"user_id", "session_id", "cwd", "safety_identifier", "device_id", "account_uuid", "prompt_cache_key", "file_path", "text", "content", "installation_id"}
# The cases of which requests are kept, and how their files end.
RECORDED = {"tools": "", "shows_a_picture": "_picture", "compaction": "_compaction"}
IN_TURN = {"strategy": "priority", "fallback": {"enabled": True}}


def main():
    parser = argparse.ArgumentParser()
    for name in ("agent", "vendor", "case", "router", "record"):
        parser.add_argument(f"--{name}")
    wanted = parser.parse_args()
    servers = {vendor.name: Play(vendor()) for vendor in VENDORS}
    router = Router(dict(targets(servers)), wanted.router)
    failed = 0
    try:
        for kind in AGENTS:
            if wanted.agent not in (None, kind.name):
                continue
            if not kind.command():
                print(f"skipped: {kind.name} cannot be had ({kind.package})")
                continue
            for vendor, server in servers.items():
                if wanted.vendor not in (None, vendor):
                    continue
                for case in CASES:
                    if wanted.case in (None, case.__name__):
                        failed += tried(case, kind, vendor, servers, router)
                        if wanted.record and kind.protocol == vendor and case.__name__ in RECORDED:
                            record(pathlib.Path(wanted.record), f"{kind.name}{RECORDED[case.__name__]}", server)
    finally:
        router.stop()
    print(f"{failed} failed")
    sys.exit(1 if failed else 0)


def targets(servers):
    """One alias for each vendor, for each one that leaves it in the midst of a conversation, and for each agent
    one that goes from it to the next at every turn."""
    all_of_them = list(servers.values())
    for name, server in servers.items():
        own = server.vendor.provider(server.url) | {"onwards_model": server.vendor.model}
        if name == "openai":
            own["open_responses"] = {"adapter": True}
        yield name, own
        other = servers["gemini" if name == "anthropic" else "anthropic"]
        second = other.vendor.provider(other.url) | {"onwards_model": other.vendor.model}
        yield f"{name}-leaves", {"providers": [own, second]} | IN_TURN
        at = all_of_them.index(server)
        providers = [one.vendor.provider(one.url) | {"onwards_model": one.vendor.model} for one in all_of_them[at:] + all_of_them[:at]]
        for agent in AGENTS:
            yield f"{name}-wanders-{agent.name}", {"providers": providers} | IN_TURN


def record(folder, name, server):
    """The longest request: it holds the whole conversation."""
    bodies = [json.loads(raw.body) for raw in server.raw if raw.method == "POST" and not server.vendor.counts(raw)]
    longest = max(bodies, key=lambda body: len(json.dumps(body)))
    file = folder / f"{name}.json"
    file.write_text(json.dumps(shape(longest), indent=1) + "\n")
    print(f"kept {file}")


def shape(value, name=""):
    """The same without what anybody wrote: short words stay, of other texts the length."""
    if isinstance(value, dict):
        return {key: shape(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item, name) for item in value]
    if name in ("mimeType", "media_type"):
        return value
    if name == "data" or isinstance(value, str) and value.startswith("data:"):
        return value.partition(",")[0] + ",AAAA" if value.startswith("data:") else "AAAA"
    if not isinstance(value, str) or re.fullmatch(r"[A-Za-z0-9_.$:-]{1,40}", value) and name not in PERSONAL:
        return value
    return f"{len(value)} characters"


def tried(case, kind, vendor, servers, router):
    with tempfile.TemporaryDirectory() as folder:
        agent = kind(pathlib.Path(folder), router.url)
        try:
            case(agent, vendor, servers)
            print(f"ok   {kind.name} at {vendor}: {case.__name__}", flush=True)
            return 0
        except Exception as error:
            print(f"FAIL {kind.name} at {vendor}: {case.__name__}: {type(error).__name__}: {str(error)[:2500]}", flush=True)
            return 1


if __name__ == "__main__":
    main()
