"""Prints, as one JSON object, keys in every form in which python-ecdsa writes them."""

import base64
import hashlib
import json

import ecdsa
from ecdsa.util import sigencode_der_canonize, sigencode_string, sigencode_string_canonize

MESSAGE = b"to be signed"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def forms(key):
    variants = {
        "to_pem()": {},
        "to_pem() with explicit parameters": {"curve_parameters_encoding": "explicit"},
        "to_pem() with a compressed point": {"point_encoding": "compressed"},
        "to_pem() as PKCS#8": {"format": "pkcs8"},
        "to_pem() as PKCS#8 with explicit parameters": {
            "format": "pkcs8",
            "curve_parameters_encoding": "explicit",
        },
    }
    pems = {name: key.to_pem(**options) for name, options in variants.items()}
    return {
        "d": base64url(key.to_string()),
        "pem": {name: pem.decode("ascii") for name, pem in pems.items()},
        # what `print(key.to_pem())` shows, without the decode that the document has
        "printed": {name: repr(pem) for name, pem in pems.items()},
        "der": [
            base64.b64encode(key.to_der(**options)).decode("ascii") for options in variants.values()
        ],
        "derHex": key.to_der().hex(),
        "hex": key.to_string().hex(),
        "number": hex(key.privkey.secret_multiplier),
    }


def refused(key):
    public = key.verifying_key
    return {
        "public PEM": public.to_pem().decode("ascii"),
        "public PEM with explicit parameters": public.to_pem(
            curve_parameters_encoding="explicit"
        ).decode("ascii"),
        "public DER": base64.b64encode(public.to_der()).decode("ascii"),
        "public hex": public.to_string().hex(),
    }


def others():
    curves = [ecdsa.NIST256p, ecdsa.NIST384p, ecdsa.BRAINPOOLP256r1, ecdsa.SECP112r1]
    return {
        f"{curve.name}, {encoding}": ecdsa.SigningKey.generate(curve=curve)
        .to_pem(curve_parameters_encoding=encoding)
        .decode("ascii")
        for curve in curves
        for encoding in ["named_curve", "explicit"]
    }


def signatures(key):
    encoders = {
        "string": sigencode_string,
        "string, low-S": sigencode_string_canonize,
        "DER": sigencode_der_canonize,
    }
    return {
        name: base64url(key.sign(MESSAGE, hashfunc=hashlib.sha256, sigencode=encode))
        for name, encode in encoders.items()
    }


generated = ecdsa.SigningKey.generate(curve=ecdsa.SECP256k1)
small = ecdsa.SigningKey.from_secret_exponent(1, curve=ecdsa.SECP256k1)
print(
    json.dumps(
        {
            "keys": {"generated": forms(generated), "of the number 1": forms(small)},
            "refused": refused(generated),
            "others": others(),
            "message": MESSAGE.decode("ascii"),
            "signatures": signatures(generated),
        }
    )
)
