"""Writes boto.json: requests as botocore signs them, for the tests of `upstream::sigv4`.

    pip install botocore && python tests/golden/sigv4/make_boto.py

The clock is fixed and headers that change with every call are left out (none is signed), so the same
botocore writes the same file. Nothing is sent.
"""

import datetime
import json
import pathlib

import botocore.auth
import botocore.awsrequest
import botocore.session

NOW = datetime.datetime(2025, 11, 21, 9, 30, 5)
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ARN = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-opus-4-6-v1"


def text(words):
    return {"messages": [{"role": "user", "content": [{"text": words}]}]}


CASES = {
    "plain": ("converse", "eu-west-1", None, None, {"modelId": "amazon.nova-lite-v1:0", **text("Hi")}),
    "stream": ("converse_stream", "us-east-1", None, None, {"modelId": "anthropic.claude-3-haiku-20240307-v1:0", **text("Ünï 😀")}),
    "arn": ("converse", "eu-west-1", None, None, {"modelId": ARN, **text("a" * 5000)}),
    "token": ("converse", "eu-west-1", "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVz+token=", None, {"modelId": "m", **text("x")}),
    "port": ("converse", "eu-west-1", None, "http://127.0.0.1:8080", {"modelId": "alias-1.5", **text("x")}),
    "below_a_path": ("converse", "eu-west-1", None, "https://gateway.example.com/bedrock", {"modelId": "a b", **text("x")}),
    "count": ("count_tokens", "eu-west-1", None, None, {"modelId": "anthropic.claude-3-haiku-20240307-v1:0", "input": {"converse": text("x")}}),
}


def main():
    aware = NOW.replace(tzinfo=datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW if remove_tzinfo else aware
    vectors = []
    for name, (operation, region, token, endpoint, arguments) in CASES.items():
        client = botocore.session.Session().create_client(
            "bedrock-runtime",
            region_name=region,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            aws_session_token=token,
            endpoint_url=endpoint,
        )
        seen = []

        def stop(request, **_):
            seen.append(request)
            return botocore.awsrequest.AWSResponse(request.url, 500, {}, None)

        client.meta.events.register("before-send.bedrock-runtime", stop)
        try:
            getattr(client, operation)(**arguments)
        except Exception:  # Only the request matters.
            pass
        vectors.append(vector(name, region, token, seen[0]))
    path = pathlib.Path(__file__).with_name("boto.json")
    path.write_text(json.dumps(vectors, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def vector(name, region, token, request):
    scheme_and_host, _, path = request.url.partition("//")[2].partition("/")
    headers = [
        [key.lower(), value.decode() if isinstance(value, bytes) else value]
        for key, value in request.headers.items()
    ]
    return {
        "name": name,
        "time": "20251121T093005Z",
        "unix": int(NOW.replace(tzinfo=datetime.timezone.utc).timestamp()),
        "region": region,
        "service": "bedrock",
        "access_key_id": KEY,
        "secret_access_key": SECRET,
        "session_token": token,
        "method": request.method,
        "host": scheme_and_host,
        "path_and_query": "/" + path,
        "headers": [pair for pair in headers if pair[0] in ("content-type", "x-amz-date", "x-amz-security-token")],
        "body": (request.body or b"").decode(),
        "authorization": dict(headers)["authorization"],
    }


main()
