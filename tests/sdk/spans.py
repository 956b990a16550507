"""The spans that a receiver of OTLP gets, by HTTP and by gRPC, held against OpenTelemetry's own lists of names.

    spans.py [--router BINARY]
"""

import argparse
import concurrent.futures
import http.server
import importlib
import json
import os
import pkgutil
import sys
import threading
import time
import urllib.error
import urllib.request

import grpc
import opentelemetry.semconv._incubating.attributes as incubating
import opentelemetry.semconv.attributes as stable
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as wire
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service

from play import Play
from router import Router, free_port
from said import Reply, Text
from vendors.openai_chat import OpenAiChat

PROMPT = "the words of the prompt"
SERVER, CLIENT, ERROR = 2, 3, 2


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--router")
    binary = parser.parse_args().router
    names = {name for module in attributes() for name in vars(module).values() if isinstance(name, str)}
    for protocol, receiver in (("http/protobuf", Http()), ("grpc", Grpc())):
        os.environ |= {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        asked(binary)
        spans = [span for sent in receiver.taken for part in sent.resource_spans for scope in part.scope_spans for span in scope.spans]
        for span in spans:
            held(span, names)
        kinds = sorted((span.kind, span.name) for span in spans)
        request = (SERVER, "POST /v1/chat/completions")
        attempt = (CLIENT, f"chat {OpenAiChat.model}")
        assert kinds == sorted([request] * 3 + [attempt] * 4), kinds
        print(f"ok   {protocol}: {len(spans)} spans")


def attributes():
    for package in (stable, incubating):
        for module in pkgutil.iter_modules(package.__path__):
            yield importlib.import_module(f"{package.__name__}.{module.name}")


def asked(binary):
    """Two requests that fail over, one of them a stream, and one that is refused."""
    vendor = Play(OpenAiChat())
    vendor.begin(lambda _: Reply([Text("hi")]))
    works = vendor.vendor.provider(vendor.url) | {"onwards_model": OpenAiChat.model, "name": "works"}
    gone = {"url": f"http://127.0.0.1:{free_port()}", "name": "gone", "onwards_model": OpenAiChat.model}
    target = {"strategy": "priority", "fallback": {"enabled": True}, "providers": [gone, works]}
    router = Router({"demo": target}, binary)
    for model, stream, status in (("demo", False, 200), ("demo", True, 200), ("unknown", False, 404)):
        body = json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": PROMPT}]})
        headers = {"content-type": "application/json", "authorization": "Bearer sk-caller"}
        request = urllib.request.Request(f"{router.url}/v1/chat/completions", body.encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                answer.read()
                got = answer.status
        except urllib.error.HTTPError as error:
            got = error.code
        assert got == status, got
    time.sleep(1)
    router.stop()


def held(span, names):
    told = {attribute.key: attribute.value for attribute in span.attributes}
    unknown = [name for name in told if name not in names and not name.startswith("onwards.")]
    assert not unknown, unknown
    wanted = {"http.request.method", "url.path", "url.scheme"} if span.kind == SERVER else {"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "server.address", "server.port"}
    assert wanted <= set(told), wanted - set(told)
    # What failed says how, and what did not says nothing of the kind.
    assert (span.status.code == ERROR) == ("error.type" in told), span
    assert PROMPT.encode() not in span.SerializeToString()


class Http:
    def __init__(self):
        taken = self.taken = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                taken.append(wire.ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"


class Grpc(service.TraceServiceServicer):
    def __init__(self):
        self.taken = []
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
        service.add_TraceServiceServicer_to_server(self, self.server)
        self.url = f"http://127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def Export(self, request, _):
        self.taken.append(request)
        return wire.ExportTraceServiceResponse()


if __name__ == "__main__":
    sys.exit(main())
