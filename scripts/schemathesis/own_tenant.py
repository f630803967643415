"""For calls that end their session or close their tenant: each has a new tenant and a new session of its owner."""

import base64
import json
import os
import subprocess
import uuid

import schemathesis

COMMAND = [os.environ["AUTH_SERVICE"], "tenant", "create", "--name", "Own", "--owner", "own@example.com", "--print-token"]


def is_id(text):
    """Whether it names something; what names nothing is bad input that has to stay so."""
    try:
        return str(uuid.UUID(text)) == text
    except (ValueError, TypeError, AttributeError):
        return False


def session_of(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sid"]


@schemathesis.auth(refresh_interval=None)
class OwnTenant:
    def get(self, case, context):
        printed = subprocess.run(COMMAND, check=True, capture_output=True, text=True).stdout
        return dict(line.removeprefix("export ").split("=", 1) for line in printed.splitlines())

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data['TOKEN']}"}
        own = {"tenant_id": data["TENANT_ID"], "session_id": session_of(data["TOKEN"])}
        for name, value in (case.path_parameters or {}).items():
            if name in own and is_id(value):
                case.path_parameters[name] = own[name]
