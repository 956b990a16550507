"""Requests as the coding agents send them, on the wire: Claude Code at `/v1/messages`, Codex at
`/v1/responses`. Two turns, streamed: a call of a tool, its result, the answer. The same by the loop
that `anthropic` has for tools.
"""

import json
import urllib.error
import urllib.request

import anthropic

from said import Call, Reply, Result, Text, Thought

from .pair import Skipped, equal

BASH = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "command": {"type": "string", "description": "The command"},
        "timeout": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 600000},
        "env": {"type": "object", "additionalProperties": {"type": "string"}, "propertyNames": {"type": "string"}},
        "mode": {"anyOf": [{"const": "read"}, {"enum": ["write", "append"]}, {"type": "null"}]},
        "at": {"$ref": "#/$defs/place"},
    },
    "$defs": {"place": {"type": "object", "properties": {"line": {"type": "integer", "default": 0}}}},
    "required": ["command"],
    "additionalProperties": False,
}
MCP = "mcp__plugin_issue-tracker__search_all_the_issues_of_a_project_by_label"
RUN = Call("Bash", {"command": "ls"}, "toolu_01")
PATCH = "*** Begin Patch\n*** Add File: a.txt\n+hello \"you\"\n*** End Patch\n"


def claude_code(pair):
    only(pair, "anthropic")
    mark = {"cache_control": {"type": "ephemeral"}}
    result = [{"type": "text", "text": "a.txt\n"}]
    history = [
        {"role": "user", "content": [{"type": "text", "text": "<system-reminder>Be brief.</system-reminder>"}, {"type": "text", "text": "List.", **mark}]}
    ]
    body = {
        "model": pair.thinks(),
        "max_tokens": 32000,
        "stream": True,
        "metadata": {"user_id": "user_1_account__session_2"},
        "system": [{"type": "text", "text": "You are an agent.", **mark}, {"type": "text", "text": "Working folder: /w", **mark}],
        "thinking": {"type": "adaptive"} if pair.vendor != "anthropic" else {"type": "enabled", "budget_tokens": 31999},
        "tools": [
            {"name": "Bash", "description": "Runs a command", "input_schema": BASH},
            {"name": "TodoRead", "description": "", "input_schema": {"type": "object", "properties": {}, "additionalProperties": False}},
            {"name": MCP, "description": "x" * 1500, "input_schema": {"type": "object"}},
        ],
        "messages": history,
    }
    headers = {"anthropic-version": "2023-06-01", "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14", "x-app": "cli"}
    if pair.vendor != "anthropic":
        body |= {"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}, "output_config": {"effort": "medium"}}
        body["tools"].append({"type": "web_search_20250305", "name": "web_search", "max_uses": 8})
    pair.expect(Reply([Thought("Listing."), Text("I list."), RUN], finish="tools"), Reply([Text("One file.")]))
    events = post(pair, "/v1/messages?beta=true", body, headers)
    blocks = blocks_of(events)
    equal(next(block for block in blocks if block["type"] == "tool_use")["input"], RUN.args, "the call")
    asked = pair.asked(stream=True)
    assert "You are an agent." in asked.system and "Working folder" in asked.system, asked.system
    equal(len(asked.tools), 3, "tools")
    call = next(block for block in blocks if block["type"] == "tool_use")
    history.append({"role": "assistant", "content": blocks})
    history.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": call["id"], "content": result, "is_error": False, **mark}]})
    del body["system"][1]["cache_control"]
    (answer,) = blocks_of(post(pair, "/v1/messages?beta=true", body, headers))
    equal(answer["text"], "One file.", "the answer")
    equal(len(pair.asked(stream=True).parts(Result)), 1, "results")


def codex(pair):
    only(pair, "openai_responses")
    patch = {"type": "custom", "name": "apply_patch", "description": "Edits files", "format": {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}}
    shell = {"type": "function", "name": "shell", "description": "Runs", "strict": False, "parameters": BASH}
    docs = {"type": "namespace", "name": "mcp__docs__", "description": "Documents", "tools": [{"type": "function", "name": "search", "description": "Finds", "parameters": BASH}]}
    history = [
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "<permissions>all</permissions>"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "<environment_context/>"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Write a.txt."}]},
    ]
    body = {
        "model": pair.thinks(),
        "instructions": "You are Codex.",
        "input": history,
        "tools": [shell, patch, docs, {"type": "local_shell"}, {"type": "web_search"}],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "0199-session",
        "text": {"verbosity": "low"},
    }
    headers = {"originator": "codex_cli_rs", "session_id": "0199-session"}
    if pair.vendor == pair.client:
        raise Skipped("the bytes pass as they are")
    pair.expect(patching, Reply([Text("Written.")]))
    items = items_of(post(pair, "/v1/responses", body, headers))
    call = next(item for item in items if item["type"] == "custom_tool_call")
    equal((call["name"], call["input"]), ("apply_patch", PATCH), "the patch")
    asked = pair.asked(stream=True)
    assert "You are Codex." in asked.system, asked.system
    equal(len(asked.tools), 3, "tools")
    history += items + [{"type": "custom_tool_call_output", "call_id": call["call_id"], "output": "Done"}]
    assert "Written." in json.dumps(post(pair, "/v1/responses", body, headers)), "the answer"
    equal(pair.asked(stream=True).parts(Call)[0].args, {"input": PATCH}, "the patch given back")


def patching(asked):
    """A call of the tool that stands for `apply_patch` at this vendor, whatever its name there."""
    name = next(tool.name for tool in asked.tools if "apply_patch" in tool.name)
    return Reply([Thought("A patch."), Call(name, {"input": PATCH}, "call_7")], finish="tools")


def tool_runner(pair):
    """It has the vendor keep the conversation, until it hears that the vendor cannot."""
    only(pair, "anthropic")
    if pair.vendor == pair.client:
        raise Skipped("the bytes pass as they are")

    @anthropic.beta_tool
    def weather(city: str) -> str:
        """The weather of a city"""
        return f"sunny in {city}"

    pair.expect(Reply([Call("weather", {"city": "Bern"}, "call_1")], finish="tools"), Reply([Text("Sunny.")]))
    sdk, question = pair.session().sdk, {"role": "user", "content": "Weather?"}
    runner = sdk.beta.messages.tool_runner(model=pair.vendor, max_tokens=2048, tools=[weather], messages=[question])
    equal(runner.until_done().content[-1].text, "Sunny.", "the answer")
    asked = pair.asked()
    equal([call.args for call in asked.parts(Call)], [{"city": "Bern"}], "the call given back")
    assert "sunny in Bern" in asked.parts(Result)[0].text, asked


def only(pair, client):
    if pair.client != client:
        raise Skipped("another client's agent")


def post(pair, path, body, headers):
    """The events of the answer."""
    headers = headers | {"authorization": "Bearer sk-caller", "content-type": "application/json"}
    request = urllib.request.Request(pair.router + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read().decode()
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{error.code}: {error.read().decode()[:1500]}") from None
    events = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]
    assert events[-1]["type"] in ("message_stop", "response.completed"), events[-1]
    return events


def blocks_of(events):
    """The blocks of an Anthropic stream."""
    blocks, inputs = {}, {}
    for event in events:
        index = event.get("index")
        if event["type"] == "content_block_start":
            blocks[index], inputs[index] = event["content_block"], ""
        elif event["type"] == "content_block_delta":
            delta, block = dict(event["delta"]), blocks[index]
            kind = delta.pop("type")
            if kind == "input_json_delta":
                inputs[index] += delta["partial_json"]
            else:
                for name, piece in delta.items():
                    block[name] = block.get(name, "") + piece
    for index, text in inputs.items():
        if blocks[index]["type"] == "tool_use":
            blocks[index]["input"] = json.loads(text or "{}")
    return [blocks[index] for index in sorted(blocks)]


def items_of(events):
    return [event["item"] for event in events if event["type"] == "response.output_item.done"]


CASES = [claude_code, codex, tool_runner]
