#!/bin/sh
# pond-prof tells in one sentence what is wrong with what it was given, and returns 2.
. test/profile/prof/lib.sh

# ---- files ----

head -c 300 "$scratch/heap.pb.gz" > "$scratch/cut"
refuses "gzip that is cut off" 'it is cut off' "$prof" top "$scratch/cut"
{ head -c 200 "$scratch/heap.pb.gz"; echo 'what is this doing here?'; tail -c +225 "$scratch/heap.pb.gz"; } > "$scratch/damaged"
refuses "gzip that is damaged" 'its gzipped data is damaged' "$prof" top "$scratch/damaged"
{ cat "$scratch/heap.pb.gz"; echo x; } > "$scratch/trailed"
refuses "something after the gzip" 'something follows' "$prof" top "$scratch/trailed"
echo 'not a profile' > "$scratch/words"
refuses "no profile" 'it is not a profile' "$prof" top "$scratch/words"
gzip < "$scratch/words" > "$scratch/words.gz"
refuses "no profile, gzipped" 'it is not a profile' "$prof" top "$scratch/words.gz"
: > "$scratch/empty"
refuses "an empty file" 'it is empty' "$prof" top "$scratch/empty"
: | gzip > "$scratch/empty.gz"
refuses "nothing, gzipped" 'it is not a profile' "$prof" top "$scratch/empty.gz"
refuses "a directory" 'it is a directory' "$prof" top "$scratch"
refuses "no such file" 'No such file' "$prof" top "$scratch/none"
truncate -s 1G "$scratch/large"
refuses "a file of 1 GiB" 'larger than 64 MiB' "$prof" top "$scratch/large"
refuses "a device without end" 'larger than 64 MiB' "$prof" top /dev/zero
head -c 300M /dev/zero | gzip -1 > "$scratch/bomb"
refuses "300 MiB in a small gzip" 'inflates to more than 256 MiB' "$prof" top "$scratch/bomb"
# Ten million samples of two bytes each take more than a hundred each when they are unpacked.
printf '\022\000%.0s' 1 2 3 4 5 6 7 8 9 10 > "$scratch/samples"
for _ in 1 2 3 4 5 6; do
    for _ in 1 2 3 4 5 6 7 8 9 10; do cat "$scratch/samples"; done > "$scratch/more"
    mv "$scratch/more" "$scratch/samples"
done
{ "$make_profile" < /dev/null; cat "$scratch/samples"; } | gzip -1 > "$scratch/many"
refuses "ten million empty samples" 'it is not a profile' "$prof" top "$scratch/many"

# ---- profiles that are wrong in one place ----

broken()
{
    "$make_profile" "--break=$1" < $stacks > "$scratch/broken"
    for command in top flame; do
        refuses "$command: $3" "$2" "$prof" "$command" "$scratch/broken"
    done
    refuses "diff: $3" "$2" "$prof" diff "$scratch/heap.pb.gz" "$scratch/broken"
}
broken text 'it has no text 99999' 'a text that is not there'
broken location 'it has no location 99999' 'a location that is not there'
broken function 'it has no function 99999' 'a function that is not there'
broken mapping 'mapping 9, which is not there' 'a mapping that is not there'
broken negative 'negative value -1' 'a negative value'
broken values 'a sample has 3 values' 'too few values'
broken types 'it has no type of value' 'no type of value'
broken twice 'two locations have the id 1' 'an id twice'
broken zero 'a location has the id 0' 'the id 0'
broken first 'its first text is not empty' 'a first text that is not empty'
"$make_profile" --break=text < $stacks > "$scratch/broken"
refuses "get" 'it is not a profile' "$prof" get "$scratch/broken" -o "$scratch/got"
check "get leaves no file then" [ ! -e "$scratch/got" ]
refuses "an option between" 'has no values' "$prof" top "$scratch/heap.pb.gz" --value cpu
printf 'type cpu nanoseconds\n- main 5\n' | "$make_profile" > "$scratch/cpu"
refuses "profiles of different kinds" "has no values 'inuse_space'" "$prof" diff "$scratch/cpu" "$scratch/heap.pb.gz"
refuses "pictures of different kinds" "has no values 'inuse_space'" \
    "$prof" flame --base "$scratch/cpu" "$scratch/heap.pb.gz"

# ---- sources ----

refuses "a server that does not listen" 'connect' "$prof" top http://127.0.0.1:1
refuses "no URL" 'it is not a URL' "$prof" top http://127.0.0.1:port
refuses "another scheme" 'a SOURCE is' "$prof" top ftp://127.0.0.1/heap
refuses "no such socket" 'No such file' "$prof" top "unix:$scratch/none"
refuses "a file in place of a socket" 'not a unix socket' "$prof" top "unix:$scratch/words"
refuses "no number" 'not the number of a process' "$prof" top pid:server
refuses "a negative number" 'not the number of a process' "$prof" top pid:-1
refuses "no such process" 'no such process' "$prof" top pid:4194305
refuses "a process without a socket" 'listens on no unix socket' "$prof" top "pid:$$"

# ---- usage ----

refuses "no source" 'takes one SOURCE' "$prof" top
refuses "two sources" 'takes one SOURCE' "$prof" flame a b
refuses "diff of one" 'BASE and LIVE' "$prof" diff a
refuses "no such command" "there is no command 'tops'" "$prof" tops
refuses "no such option" "there is no option '--bogus'" "$prof" top --bogus a
refuses "an option of another command" "it has no option '--cum'" "$prof" get --cum a
refuses "an option without its value" '-n needs a value' "$prof" top a -n
refuses "a negative number of rows" 'not a number of rows' "$prof" top a -n -1
refuses "an expression that is none" 'not a regular expression' "$prof" top --focus '(' a
refuses "record without a command" 'takes a command' "$prof" record -o "$scratch/a.svg"
refuses "record without a file" '-o FILE is missing' "$prof" record -- true
refuses "record with a strange rate" 'not a number of bytes' "$prof" record -o a --rate often -- true
refuses "help for nothing" 'name of a command' "$prof" help tops
check "no command at all: the help, on standard error" \
    sh -c "$prof 2>&1 > $scratch/out | grep -q 'pond-prof record' && [ ! -s $scratch/out ]"

# ---- output ----

refuses "a full disk" 'No space left' "$prof" flame "$scratch/heap.pb.gz" -o /dev/full
refuses "get to a full disk" 'No space left' "$prof" get "$scratch/heap.pb.gz" -o /dev/full
refuses "no such directory" 'cannot be written' "$prof" flame "$scratch/heap.pb.gz" -o "$scratch/none/a.svg"
for command in "top $scratch/heap.pb.gz" "flame $scratch/heap.pb.gz" help; do
    # shellcheck disable=SC2016 # the inner shell's own
    refuses "${command%% *}: standard output on a full disk" 'No space left' \
        sh -c '$1 $2 > /dev/full' sh "$prof" "$command"
    check "${command%% *}: a pipe that nobody reads" bash -o pipefail -c "$prof $command | true"
done
exit $failed
