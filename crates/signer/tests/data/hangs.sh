#!/bin/sh
# A plug-in that does not end: it says too much, nothing, or an answer, by the name that it is called by. It keeps its number beside itself.
echo $$ > "$0.pid"
case "$(basename "$0")" in
long) head -c 100000 /dev/zero ;;
answers) echo '{"publicKey":{"publicKeyPEM":"bXlwZW0="}}'; exec >&- ;;
esac
exec sleep 100
