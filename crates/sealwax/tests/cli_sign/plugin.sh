#!/bin/sh
# A plug-in whose keys are files that openssl signs with, by the digest that it is handed.
member() { printf %s "$1" | sed "s/.*\"$2\":\"\([^\"]*\)\".*/\1/"; }
letters() { base64 | tr -d '\n'; }
key=$(member "$2" keyResourceID)
case "$2" in
*'"methodName":"publicKey"'*)
    printf '{"publicKey":{"publicKeyPEM":"%s"}}' "$(openssl pkey -in "$key" -pubout | letters)" ;;
*)
    signature=$(member "$2" digest | base64 -d | openssl pkeyutl -sign -inkey "$key" | letters)
    printf '{"signMessage":{"signature":"%s"}}' "$signature" ;;
esac
