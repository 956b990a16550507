"""What every vendor has in common."""

import json

from said import insist


class Vendor:
    """`name` is the router's word for the protocol, `model` what the router is told to ask for."""

    name = model = ""
    # What reasons, where `model` does not.
    thinker = None
    key = "sk-vendor"
    # How it says that a conversation does not fit, with a 400.
    too_long = ""

    def headers(self):
        return {"content-type": "application/json"}

    def stream_headers(self):
        return {"content-type": "text/event-stream"}

    def counts(self, request):
        return False

    def error(self, status, message):
        body = json.dumps(self.error_body(status, message)).encode()
        return {"content-type": "application/json"}, [body]

    def said_something(self, pieces):
        """How many of the pieces hold some of the answer, but not its end."""
        return len(pieces) // 2

    def provider(self, url):
        return {"url": url, "protocol": self.name, "onwards_key": self.key}

    def targets(self, url):
        """One alias for each model."""
        whole = self.provider(url)
        targets = {self.name: whole | {"onwards_model": self.model}}
        if self.thinker:
            targets[f"{self.name}-thinks"] = whole | {"onwards_model": self.thinker}
        return targets

    def knows(self, model):
        insist(model in (self.model, self.thinker), f"no model {model}", 404)
