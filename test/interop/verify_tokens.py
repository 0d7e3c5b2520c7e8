"""Verifies tokens, one JSON object a line, with python-ecdsa and with PyJWT; answers line by line.

python-ecdsa checks signatures alone. What stands around it here is what the protocol's document on
verification says for Python: `exp` and `aud` are there, `iat` and `nbf` lie strictly in the past.
"""

import base64
import hashlib
import json
import re
import sys

import ecdsa
import jwt
from ecdsa.util import sigdecode_string


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def by_python_ecdsa(token, public_key, issuer, audience, now):
    header, payload, signature = token.split(".")
    if json.loads(decode(header))["alg"] != "ES256K":
        raise ValueError("alg")
    key = ecdsa.VerifyingKey.from_der(base64.b64decode(public_key))
    if key.curve != ecdsa.SECP256k1:
        raise ValueError("curve")
    key.verify(
        decode(signature),
        f"{header}.{payload}".encode("ascii"),
        hashfunc=hashlib.sha256,
        sigdecode=sigdecode_string,
    )
    claims = json.loads(decode(payload))
    if not re.match(r"^did:orgid:(?:[0-9]+:)?0x[A-Za-z0-9]{64}#.+$", claims["iss"]):
        raise ValueError("iss")
    if claims["iss"] != issuer or claims["aud"] != audience:
        raise ValueError("iss or aud")
    if not claims["exp"] > now or not claims["iat"] < now or not claims.get("nbf", 0) < now:
        raise ValueError("time")
    return claims


def by_pyjwt(token, public_key, issuer, audience, now):
    pem = f"-----BEGIN PUBLIC KEY-----\n{public_key}\n-----END PUBLIC KEY-----\n"
    return jwt.decode(token, pem, algorithms=["ES256K"], audience=audience, issuer=issuer)


def verdict(verify, presented):
    try:
        return {"accepted": True, "claims": verify(**presented)}
    except Exception as error:  # whatever goes wrong, the token is not accepted
        return {"accepted": False, "error": type(error).__name__}


for line in sys.stdin:
    presented = json.loads(line)
    answers = {
        "python-ecdsa": verdict(by_python_ecdsa, presented),
        "PyJWT": verdict(by_pyjwt, presented),
    }
    print(json.dumps(answers))
