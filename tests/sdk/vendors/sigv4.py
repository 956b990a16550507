"""Signatures of requests to AWS, computed anew by botocore and compared."""

import urllib.parse

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from said import insist

ACCESS, SECRET, SESSION = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session-token"


def verify(request):
    """Refuses a request that botocore, with the same credentials and time, would sign otherwise."""
    said = request.headers.get("authorization", "")
    insist(said.startswith("AWS4-HMAC-SHA256 "), "Missing Authentication Token", 403)
    fields = dict(field.split("=", 1) for field in said.split(" ", 1)[1].split(", "))
    names = fields["SignedHeaders"].split(";")
    insist("host" in names and "x-amz-date" in names, "host and x-amz-date must be signed", 403)
    insist(request.headers.get("x-amz-security-token") == SESSION, "The security token is invalid", 403)
    access, date, region, service, _ = fields["Credential"].split("/")
    insist((access, region, service) == (ACCESS, "us-east-1", "bedrock"), "wrong scope", 403)
    url = f"http://{request.headers['host']}{request.path}"
    again = AWSRequest(request.method, url, data=request.body)
    for name in names:
        again.headers[name] = request.headers[name]
    timestamp = request.headers["x-amz-date"]
    insist(timestamp.startswith(date), "date and scope differ", 403)
    again.context["timestamp"] = timestamp
    signer = SigV4Auth(Credentials(ACCESS, SECRET, SESSION), service, region)
    # Only what the request says it signs.
    signer.headers_to_sign = lambda one: headers_of(one, names)
    canonical = signer.canonical_request(again)
    expected = signer.signature(signer.string_to_sign(again, canonical), again)
    insist(expected == fields["Signature"], f"SignatureDoesNotMatch\n{canonical}", 403)
    insist(urllib.parse.unquote(request.path) != request.path, "the model's colon is not encoded", 403)


def headers_of(request, names):
    chosen = HTTPHeaders()
    for name in names:
        chosen[name] = request.headers[name]
    return chosen
