"""What Python's parser makes of the mail on standard input, as JSON: headers, parts, and what is wrong with it.

    read_mail.py [TXT-RECORD]

With the TXT record of its key the DKIM signature is verified (PyPI's dkimpy): `dkim` is whether it holds.
"""

import email.policy
import json
import sys
from email.parser import BytesParser


def main():
    raw = sys.stdin.buffer.read()
    mail = BytesParser(policy=email.policy.default).parsebytes(raw)
    read = {
        "headers": [[name, str(value)] for name, value in mail.items()],
        "from": [[one.display_name, one.addr_spec] for one in mail["From"].addresses],
        "to": [[one.display_name, one.addr_spec] for one in mail["To"].addresses],
        "date": mail["Date"].datetime.isoformat(),
        "parts": [[part.get_content_type(), part.get_content()] for part in mail.iter_parts()],
        "defects": [repr(defect) for part in mail.walk() for defect in part.defects]
        + [f"{name}: {defect!r}" for name, value in mail.items() for defect in value.defects],
        "dkim": None,
    }
    if len(sys.argv) > 1:
        import dkim

        record = sys.argv[1].encode()
        read["dkim"] = dkim.verify(raw, dnsfunc=lambda name, timeout=5: record)
    json.dump(read, sys.stdout)


if __name__ == "__main__":
    main()
