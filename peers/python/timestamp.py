"""Asks a time-stamping authority for tokens and verifies them with rfc3161-client.

usage: timestamp.py URL DIR

DIR has the authority's root.pem and leaf.pem. Both hashes that it can ask for, with and without a nonce and the certificate; each token must
verify, and must not over another message, under another policy or with another nonce.
"""

import sys
import urllib.request
from pathlib import Path

from cryptography.x509 import ObjectIdentifier, load_pem_x509_certificate
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

POLICY = ObjectIdentifier("1.3.6.1.4.1.57264.2")
MESSAGE = b"message"


def ask(url, request):
    headers = {"Content-Type": "application/timestamp-query"}
    query = urllib.request.Request(url, data=request.as_bytes(), headers=headers)
    with urllib.request.urlopen(query, timeout=10) as answer:
        return decode_timestamp_response(answer.read())


def refused(verifier, response, message):
    try:
        verifier.verify_message(response, message)
    except VerificationError:
        return
    sys.exit("a token that must not verify does")


def main():
    url, directory = sys.argv[1], Path(sys.argv[2])
    root = load_pem_x509_certificate((directory / "root.pem").read_bytes())
    leaf = load_pem_x509_certificate((directory / "leaf.pem").read_bytes())
    count = 0
    for algorithm in (HashAlgorithm.SHA256, HashAlgorithm.SHA512):
        for nonce in (True, False):
            for certificate in (True, False):
                builder = TimestampRequestBuilder().data(MESSAGE).hash_algorithm(algorithm)
                request = builder.nonce(nonce=nonce).cert_request(cert_request=certificate).build()
                response = ask(url, request)

                def verifier():
                    return VerifierBuilder(roots=[root], tsa_certificate=leaf)

                exact = verifier().policy_id(POLICY)
                if nonce:
                    exact = exact.nonce(request.nonce)
                    refused(verifier().nonce(request.nonce + 1).build(), response, MESSAGE)
                exact.build().verify_message(response, MESSAGE)
                refused(exact.build(), response, MESSAGE + b".")
                refused(verifier().policy_id(ObjectIdentifier("1.2.3")).build(), response, MESSAGE)
                count += 1
    print(f"{count} tokens")


if __name__ == "__main__":
    main()
