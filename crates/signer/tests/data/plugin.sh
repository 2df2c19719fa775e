#!/bin/sh
# A plug-in that answers what lies beside the name it was called by, and keeps what it was asked. Its exit code means nothing.
here=$(dirname "$0")
printf '%s\n%s' "$1" "$2" > "$here/asked"
case "$2" in
*'"methodName":"publicKey"'*) cat "$here/public" ;;
*) cat > "$here/message"; cat "$here/signed" ;;
esac
exit 7
