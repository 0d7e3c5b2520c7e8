"""What the protocol's document "How to create a Json Web Token with ORGiD" means by its Python.

Its own lines no longer run: `jwt.contrib` left with PyJWT 2, which knows ES256K by itself and gives
text where PyJWT 1 gave bytes. `now` comes from outside, since the document's own is off by the
host's distance from UTC; `utcnow` shows by how much.
"""

import importlib
import json
import sys
import time
from datetime import datetime

import ecdsa
import jwt

given = json.loads(sys.stdin.read())
now = given["now"]

signing_key = ecdsa.SigningKey.generate(curve=ecdsa.SECP256k1)
private_key = signing_key.to_pem().decode("ascii")

tokens = {}
for name, recipient in given["recipients"].items():
    tokens[name] = jwt.encode(
        {
            "iss": "did:orgid:%s#webserver" % given["orgid"],
            "aud": "did:orgid:%s" % recipient,
            "iat": now,
            "exp": now + 60 * 60 * 24,
        },
        private_key,
        algorithm="ES256K",
    )

try:
    importlib.import_module("jwt.contrib.algorithms.py_ecdsa")
    imported = True
except ModuleNotFoundError:
    imported = False

print(
    json.dumps(
        {
            "privateKey": private_key,
            "publicKey": signing_key.verifying_key.to_pem().decode("ascii"),
            "tokens": tokens,
            "contrib": imported,
            "hoursOff": round((datetime.utcnow().timestamp() - time.time()) / 3600),
        }
    )
)
