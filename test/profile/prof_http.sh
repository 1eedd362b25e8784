#!/bin/sh
# pond-prof fetches profiles from servers: by TCP, by a unix socket, and from a process by its number alone.
. test/profile/prof/lib.sh

# shellcheck disable=SC2086 # flags
"$CC" -std=c11 -D_GNU_SOURCE $STRICT -o "$scratch/serve" test/profile/prof/serve.c -lmicrohttpd
mkfifo "$scratch/alive" "$scratch/printed"

# served ARGUMENT...: starts the server, which ends with the scratch directory's pipe; $port, $server
served()
{
    # bash and dash open the pipe for both: nobody waits for the other end
    "$scratch/serve" "$scratch/heap.pb.gz" "$@" < "$scratch/alive" > "$scratch/printed" &
    server=$!
    exec 3> "$scratch/alive"
    read -r port < "$scratch/printed"
}
ended()
{
    exec 3>&-
    wait $server
}
# shellcheck disable=SC2317 # called by check
heap_of()
{
    "$prof" get "$1" -o "$scratch/got" && cmp "$scratch/heap.pb.gz" "$scratch/got"
}

served
here=http://127.0.0.1:$port
check "the usual path" heap_of "$here"
check "the usual path, after a slash" heap_of "$here/"
check "a path and a query" heap_of "$here/debug/pprof/heap?gc=1"
check "top of a server" sh -c "$prof top --exact $here | grep -q '3762176B'"
check "no proxy for this machine" env http_proxy=http://127.0.0.1:1 "$prof" get "$here" -o "$scratch/got"
refuses "404" 'status 404' "$prof" top "$here/none"
refuses "302" 'status 302' "$prof" top "$here/moved"
refuses "a page" 'it is not a profile' "$prof" top "$here/html"
refuses "nothing" 'the answer is empty' "$prof" top "$here/empty"
refuses "an answer that is cut off" 'the answer is cut off' "$prof" top "$here/cut"
refuses "an answer without end" 'the answer is larger than 64 MiB' "$prof" top "$here/huge"
refuses "a process that serves by TCP only" 'listens on no unix socket' "$prof" top "pid:$server"
ended
refuses "a server that has gone" 'connect' "$prof" top "$here"

long=$scratch/a-directory-with-a-long-name/and-another-one-in-it-so-that-the-path-of-the-socket-is-too-long-for-its-address
mkdir -p "$long"
served "$scratch/socket"
check "a unix socket" heap_of "unix:$scratch/socket"
mv "$scratch/socket" "$long/socket"
check "a unix socket whose path is longer than a socket's address" heap_of "unix:$long/socket"
mv "$long/socket" "$scratch/socket"
check "a process by its number" heap_of "pid:$server"
check "the picture of a process" sh -c "$prof flame pid:$server | grep -q 'inuse_space: pid:$server'"
refuses "a process that is another one" 'listens on no unix socket' "$prof" top "pid:$$"
chmod 000 "$scratch/socket"
if [ "$(id -u)" -ne 0 ]; then
    refuses "a socket of somebody else" 'onnect' "$prof" top "unix:$scratch/socket"
fi
ended

served "$scratch/server-of-ponds" "$scratch/another" "$scratch/mute"
check "of several sockets that with pond in its name is asked first" \
    timeout 8 "$prof" get "pid:$server" -o "$scratch/got"
mv "$scratch/server-of-ponds" "$scratch/gone"
refuses "none of several sockets answers" 'listens on 3 unix sockets, and none' "$prof" top "pid:$server"
ended

# In namespaces of its own for mounts and network, as in a container, the socket lies where nobody else finds it by its path.
if unshare -m -n -r true 2> /dev/null; then
    mkdir "$scratch/own"
    served_apart()
    {
        # shellcheck disable=SC2016 # the inner shell's own
        unshare -m -n -r sh -c 'mount -t tmpfs none "$1" && exec "$2" "$3" "$1/pond.sock"' sh "$scratch/own" "$scratch/serve" \
            "$scratch/heap.pb.gz" < "$scratch/alive" > "$scratch/printed" &
        server=$!
        exec 3> "$scratch/alive"
        read -r port < "$scratch/printed"
    }
    served_apart
    check "that socket is not seen from here" [ ! -e "$scratch/own/pond.sock" ]
    check "a process in other namespaces" heap_of "pid:$server"
    ended
else
    echo "left out: no namespaces of one's own are allowed here"
fi
exit $failed
