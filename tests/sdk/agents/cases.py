"""What is tried with each agent at each vendor. A case is a function of an agent, a vendor's name and all
servers; it fails if a vendor refused anything.
"""

import itertools
import re

from play import long, loop, picture, wander
from said import Broken, Error, Reply, Text

PROMPT = "Read a.txt, b.txt and c.txt in this folder and tell me the word in each."
FOUND = "FOUND tea-rain-moss."


def tools(agent, vendor, servers):
    """Three turns of tools, two calls at once: every result reaches the vendor, and the answer the user."""
    server = servers[vendor]
    server.begin(loop(agent, thinks=vendor == "anthropic"), agent.protocol == vendor)
    said, all_of_it = agent.run(vendor, PROMPT)
    held([server], FOUND in said, all_of_it)


def failover(agent, vendor, servers):
    """The vendor is overloaded in the midst of the loop: another takes over with the whole history."""
    other = servers["gemini" if vendor == "anthropic" else "anthropic"]
    servers[vendor].begin(loop(agent, Error(503, "overloaded"), vendor == "anthropic"), agent.protocol == vendor)
    other.begin(loop(agent), agent.protocol == other.vendor.name)
    said, all_of_it = agent.run(f"{vendor}-leaves", PROMPT)
    held([other], FOUND in said and (other.asks or other.raw), all_of_it)


def wandering(agent, vendor, servers):
    """Every turn is another vendor's: the first three from this one on."""
    names = list(servers)
    names = names[names.index(vendor) :] + names[: names.index(vendor)]
    for turn, name in enumerate(names):
        servers[name].begin(wander(agent, turn, name == "anthropic"), agent.protocol == name)
    said, all_of_it = agent.run(f"{vendor}-wanders-{agent.name}", PROMPT)
    held(servers.values(), FOUND in said, all_of_it)


def shows_a_picture(agent, vendor, servers):
    """What a tool gives is a picture."""
    server = servers[vendor]
    seen = []
    server.begin(picture(agent, seen), agent.protocol == vendor)
    said, all_of_it = agent.run(vendor, "Look at p.png in this folder and tell me its colour.")
    held([server], "RED" in said and seen, f"{len(seen)} pictures: {all_of_it}")


def long_history(agent, vendor, servers):
    """Many turns with long results."""
    server = servers[vendor]
    server.begin(long(agent), agent.protocol == vendor)
    said, all_of_it = agent.run(vendor, "Read big0.txt to big23.txt.")
    held([server], "READ 24 results" in said, all_of_it)


def overflow(agent, vendor, servers):
    """The conversation does not fit: the agent makes it shorter and goes on, or says so to the user, as it
    does at its own vendor."""
    server = servers[vendor]
    server.begin(loop(agent, Error(400, server.vendor.too_long)), agent.protocol == vendor)
    said, all_of_it = agent.run(vendor, PROMPT)
    told = re.search(agent.too_long, all_of_it) or server.vendor.too_long in all_of_it
    held([server], FOUND in said or told, all_of_it)


def cut(agent, vendor, servers):
    """The answer is cut off in its midst: the agent sees that and asks again, or tells the user what the vendor told."""
    for how in ("reset", "short", "told"):
        server = servers[vendor]
        broken = Broken(Reply([Text("This text is cut off before it came to its end.")]), how)
        server.begin(loop(agent, broken), agent.protocol == vendor)
        said, all_of_it = agent.run(vendor, PROMPT)
        gives_up = how == "told" and re.search(agent.overloaded, all_of_it)
        held([server], FOUND in said or gives_up, f"{how}: {all_of_it}")


def compaction(agent, vendor, servers):
    """The agent has its conversation made shorter, and goes on with what is left of it."""
    if agent.doubles and agent.protocol == vendor:
        return
    server = servers[vendor]
    server.begin(agent.compacting(), agent.protocol == vendor)
    said, all_of_it = agent.compact(vendor, PROMPT)
    held([server], "RECALLED tea-rain-moss." in said, all_of_it)


def held(servers, is_met, told):
    for refused in itertools.chain.from_iterable(server.refused for server in servers):
        raise AssertionError(f"{refused}\n{told}")
    assert is_met, told


CASES = [tools, failover, wandering, shows_a_picture, long_history, overflow, cut, compaction]
