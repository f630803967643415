"""How bodies are written that are neither JSON nor a form: as they are."""

import schemathesis


@schemathesis.serializer("message/rfc822")
def mail(context, value):
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")
