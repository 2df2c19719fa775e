#!/bin/sh
# A plug-in that does not end: it says too much, nothing, or an answer, by the name that it is called by. It keeps its number beside itself.
# One that leaves ends, and has started somebody who does not, and keeps its standard output open.
echo $$ > "$0.pid"
case "$(basename "$0")" in
long) head -c 100000 /dev/zero ;;
leaves) echo '{"publicKey":{"publicKeyPEM":"bXlwZW0="}}'; sleep 100 & echo $! > "$0.pid"; exit ;;
answers) echo '{"publicKey":{"publicKeyPEM":"bXlwZW0="}}'; exec >&- ;;
esac
exec sleep 100
