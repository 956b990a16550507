"""The SDKs for Node.js, and `fetch` in a page: each case is a script that begins with the snippet."""

import http.server
import json
import pathlib
import shutil
import subprocess
import tempfile
import threading

from .place import KEY, ORIGIN_PORT
from .python import HELLO, Use

MODULES = pathlib.Path(__file__).resolve().parents[1] / "node_modules"

OPENAI = """
const say = async (model) => (await client.chat.completions.create({ model, messages: [{ role: "user", content: "Hello" }] })).choices[0].message.content;
const pieces = async function* () {
  const stream = await client.chat.completions.create({ model: "demo", stream: true, messages: [{ role: "user", content: "Hello" }] });
  for await (const chunk of stream) if (chunk.choices[0]?.delta?.content) yield chunk.choices[0].delta.content;
};
const calls = async () => {
  const tools = [{ type: "function", function: { name: "get_weather", parameters: SCHEMA } }];
  const answer = await client.chat.completions.create({ model: "demo", tools, messages: [{ role: "user", content: ASK }] });
  const call = answer.choices[0].message.tool_calls[0].function;
  return [call.name, JSON.parse(call.arguments).city];
};
"""
ANTHROPIC = """
const ask = (model, content, more) => client.messages.create({ model, max_tokens: 99, messages: [{ role: "user", content }], ...more });
const say = async (model) => (await ask(model, "Hello")).content[0].text;
const pieces = async function* () {
  for await (const event of await ask("demo", "Hello", { stream: true })) if (event.type === "content_block_delta") yield event.delta.text;
};
const calls = async () => {
  const call = (await ask("demo", ASK, { tools: [{ name: "get_weather", input_schema: SCHEMA }] })).content[0];
  return [call.name, call.input.city];
};
"""
CASES = """
const SCHEMA = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const ASK = "What is the weather in Kyoto?";
const cases = {
  whole: () => say("demo"),
  streams: async () => { let all = ""; for await (const piece of pieces()) all += piece; return all; },
  tools: () => calls(),
  limited: async () => { await say("limited"); return say("limited"); },
  down: () => say("down").catch((error) => `error ${error.status}`),
  abandons: async () => { for await (const piece of pieces()) return piece; },
};
console.log(JSON.stringify(await cases[process.argv[2]]()));
"""


class Node(Use):
    package = uses = ""

    def made(self):
        """No client is kept: each case is a process of its own."""

    @classmethod
    def is_there(cls):
        return shutil.which("node") is not None and (MODULES / cls.package).exists()

    def run(self, case):
        with tempfile.NamedTemporaryFile("w", suffix=".mjs", dir=MODULES, delete=False) as file:
            file.write(self.snippet + self.uses + CASES)
        try:
            done = subprocess.run(["node", file.name, case], capture_output=True, text=True, timeout=60, check=False)
        finally:
            pathlib.Path(file.name).unlink()
        assert done.returncode == 0 and not done.stderr, f"{done.returncode}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def whole(self):
        assert self.run("whole") == HELLO

    def streams(self):
        assert self.run("streams") == HELLO

    def tools(self):
        assert self.run("tools") == ["get_weather", "Kyoto"]

    def rate_limit(self):
        assert self.run("limited") == HELLO

    def failing_provider(self):
        assert self.run("down") == "error 503"

    def abandons(self):
        assert self.run("abandons")
        self.whole()


class OpenAiNode(Node):
    name, package, uses = "openai (Node.js)", "openai", OPENAI


class AnthropicNode(Node):
    name, package, uses = "@anthropic-ai/sdk (Node.js)", "@anthropic-ai/sdk", ANTHROPIC


PAGE = """<!doctype html><script type="module">
const report = (what) => fetch("/told", { method: "POST", body: JSON.stringify(what) });
try {
  SNIPPET
  const { choices } = await answer.json();
  const seen = { said: choices[0].message.content, id: answer.headers.get("x-request-id"), trail: answer.headers.get("x-onwards-attempts") };
  const ask = (body, more) => fetch(ROUTER + "/v1/chat/completions", { method: "POST", body: JSON.stringify(body), ...more,
    headers: { "authorization": "Bearer " + KEY, "content-type": "application/json", ...more?.headers } });
  const messages = [{ role: "user", content: "Hello" }];
  const stream = await ask({ model: "demo", stream: true, messages });
  seen.streamed = await stream.text();
  const codes = {};
  for (const model of ["limited", "limited", "limited", "down", "nothing"]) {
    const answer = await ask({ model, messages });
    codes[model] = [answer.status, answer.headers.get("retry-after")];
  }
  seen.codes = codes;
  seen.refused = (await ask({ model: "demo", messages }, { headers: { "authorization": "Bearer sk-wrong" } })).status;
  const leaving = new AbortController();
  const left = await ask({ model: "demo", stream: true, messages }, { signal: leaving.signal });
  await left.body.getReader().read();
  leaving.abort();
  await report(seen);
} catch (error) { await report({ error: String(error) }); }
</script>"""


class Browser(Use):
    name, cases = "fetch in Chromium", ["page"]
    patience = 60

    def made(self):
        router, key = self.place.plain.url, KEY
        self.html = PAGE.replace("SNIPPET", self.snippet).replace("ROUTER", json.dumps(router)).replace("KEY", json.dumps(key))

    @classmethod
    def is_there(cls):
        return shutil.which("chromium") is not None

    def page(self):
        told, heard, html = [], threading.Event(), self.html.encode()

        class Site(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer(html if self.path == "/" else b"")

            def do_POST(self):
                told.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                heard.set()
                self.answer(b"")

            def answer(self, body):
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        site = http.server.ThreadingHTTPServer(("127.0.0.1", ORIGIN_PORT), Site)
        threading.Thread(target=site.serve_forever, daemon=True).start()
        with tempfile.TemporaryDirectory() as profile:
            flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}"]
            page = f"http://127.0.0.1:{ORIGIN_PORT}/"
            browser = subprocess.Popen(["chromium", *flags, page], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                assert heard.wait(50), "the page has not reported"
            finally:
                browser.terminate()
                browser.wait(10)
                site.shutdown()
                site.server_close()
        (seen,) = told
        assert seen.get("said") == HELLO, seen
        assert seen["id"] and "gone=connect" in seen["trail"], seen
        assert '"Hell"' in seen["streamed"] and "[DONE]" in seen["streamed"], seen
        assert seen["codes"]["limited"][0] == 429 and seen["codes"]["limited"][1], seen
        assert seen["codes"]["down"][0] == 503 and seen["codes"]["nothing"][0] == 404 and seen["refused"] == 401, seen
