"""Gets an identity token by sigstore-python: identity_token.py browser|copy ISSUER"""

import sys

from sigstore.oidc import Issuer

how, issuer = sys.argv[1:]
print(Issuer(issuer).identity_token(force_oob=how == "copy"))
