#!/bin/sh
# pond-prof flame draws pictures that stand for themselves, and that a browser zooms and searches.
. test/profile/prof/lib.sh

heap=$scratch/heap.pb.gz later=$scratch/later.pb.gz
"$prof" flame "$heap" -o "$scratch/heap.svg"
"$prof" flame --base "$heap" "$later" -o "$scratch/grown.svg"

# ---- what is in the file ----

# width FILE NAME: of the first frame of that name, in percent
width()
{
    sed -n "/<title>$2\$/,/<rect/s/.* width=\"\([0-9.]*\)%.*/\1/p" "$1" | head -n 1
}
# title FILE NAME: the lines of that frame's title
title()
{
    sed -n "/<title>$2\$/,/<\/title>/p" "$1" | sed 's/.*<title>//; s/<.*//' | head -n "${3:-3}" | tr '\n' '|'
}
check "the frames of labels: state" is "$(title "$scratch/heap.svg" live)" 'live|got and not yet put|3.20MiB, 89.28% of all|'
check "the frames of labels: pond" is "$(title "$scratch/heap.svg" buffers)" 'buffers|pond|3.09MiB, 86.01% of all|'
check "a function: file, amount, part" is "$(title "$scratch/heap.svg" read_body)" 'read_body|http.c|2.73MiB, 76.21% of all|'
check "how wide it is" is "$(width "$scratch/heap.svg" read_body)" 76.2112
check "one frame for stacks that begin alike" is "$(grep -c '<title>main$' "$scratch/heap.svg")" 2
check "names as text without a script" grep -q '>read_body  2.73MiB</text>' "$scratch/heap.svg"
check "nothing from elsewhere" sh -c "! grep -v 'xmlns=\"http://www.w3.org/2000/svg\"' $scratch/heap.svg |
    grep -v \"'http://www.w3.org/1999/xhtml'\" | grep -iE 'https?:|href|url\(|@import|src='"
"$prof" flame --pond conns --state live "$heap" > "$scratch/pond.svg"
check "a pond alone, to standard output" sh -c "grep -q 'title>conns' $scratch/pond.svg && ! grep -q 'title>buffers' $scratch/pond.svg"
"$prof" flame --value alloc_objects "$heap" -o "$scratch/objects.svg"
check "another value" is "$(title "$scratch/objects.svg" grow)" 'grow|buffer.c|5000, 84.03% of all|'

# A difference: red is what grew, blue what shrank, and the width is that of the larger.
fill()
{
    sed -n "/<title>$2\$/,/<rect/s/.* fill=\"#\(..\)\(..\)\(..\)\".*/\1 \2 \3/p" "$1" | head -n 1
}
# shellcheck disable=SC2317 # called by check
redder()
{
    [ $((0x$1)) -gt $((0x$3)) ]
}
# shellcheck disable=SC2046 # three words
{
    check "grown is red" redder $(fill "$scratch/grown.svg" read_body)
    check "shrunk is blue" redder $(fill "$scratch/grown.svg" upgrade | awk '{ print $3, $2, $1 }')
}
check "as it was is neither" is "$(fill "$scratch/grown.svg" parse)" 'ee ec e8'
check "from, to, and the change" is "$(title "$scratch/grown.svg" read_body)" 'read_body|http.c|+800KiB: from 2.73MiB to 3.52MiB|'
check "what has gone can be seen" is "$(title "$scratch/grown.svg" upgrade)" 'upgrade|tls.c|-20KiB: from 20KiB to 0B|'
# of 4429824 now and 151552 that have gone
check "the width of what has gone" is "$(width "$scratch/grown.svg" victim)" 2.8610

# Names are text, whatever they are; of a stack of 5000 the outermost 500 frames are drawn.
printf 'pond=<b>,state=live main;a<b&c>"d"\047]]>;\001\377;caf\303\251;%s 1 2 3 4\n' "$(printf 'a_name_that_is_long%.0s' 1 2 3 4 5 6 7 8 9)" |
    "$make_profile" > "$scratch/strange"
"$prof" flame "$scratch/strange" -o "$scratch/strange.svg"
check "names that are markup" grep -qF "a&lt;b&amp;c&gt;&quot;d&quot;']]&gt;" "$scratch/strange.svg"
check "names in other letters" grep -qx '.*<title>café' "$scratch/strange.svg"
printf 'pond=deep,state=live f0%s 1 2 3 4\n' "$(seq 1 5000 | sed 's/^/;f/' | tr -d '\n')" | "$make_profile" > "$scratch/deep"
"$prof" flame "$scratch/deep" -o "$scratch/deep.svg"
check "a deep stack" is "$(grep -c '<title>f' "$scratch/deep.svg")" 500
: | "$make_profile" > "$scratch/nothing"
check "a picture of nothing" sh -c "$prof flame $scratch/nothing 2>/dev/null | grep -q '<title>all'"

# ---- in a browser ----

if ! command -v chromium > /dev/null; then
    echo "left out: there is no chromium here"
    exit $failed
fi
browse()
{
    timeout 120 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$scratch/browser" "$@" 2> "$scratch/browser.log"
}
# acted FILE: with the acts behind the picture's own script
acted()
{
    sed -e '/^<\/svg>$/d' "$1"
    echo '<script><![CDATA['
    cat test/profile/prof/flame_acts.js
    printf ']]></script>\n</svg>\n'
}
acted "$scratch/heap.svg" > "$scratch/acted.svg"
browse --dump-dom "file://$scratch/acted.svg" > "$scratch/dom"
sed -n 's/^=//p' "$scratch/dom" > "$scratch/results"
cat > "$scratch/expected" << 'END'
all: 29 of 29
zoomed: true
inside: all live buffers main serve parse parse parse grow
widths: 100 100 100 100 100 100 100 100 100
text: parse  320KiB
reset: visible
whole again: 29 true hidden
matches: 6, 6 matches: 3.09MiB, 86.01% of all
colour: rgb(208, 138, 240)
by file: 3
no expression: 0
none: 0 ""
slash: true
escape: 0 false
ctrl-f: true
escape zooms out: 29
under the pointer: read_body   http.c   2.73MiB, 76.21% of all
outside: 0
END
check "clicks, searches and keys" diff "$scratch/expected" "$scratch/results"

sed -e '/^<\/svg>$/d' "$scratch/grown.svg" > "$scratch/searched.svg"
cat >> "$scratch/searched.svg" << 'END'
<script>
var input = document.querySelector('input'), text = document.createElementNS('http://www.w3.org/2000/svg', 'desc');
input.value = 'read_body|upgrade';
input.dispatchEvent(new Event('input'));
text.textContent = '\n=' + document.querySelector('.found').textContent + '\n';
document.documentElement.appendChild(text);
</script></svg>
END
check "the total of what matches in a difference" is \
    "$(browse --dump-dom "file://$scratch/searched.svg" | sed -n 's/^=//p')" '2 matches: +780KiB, from 2.75MiB to 3.52MiB'
for picture in strange deep; do
    browse --dump-dom "file://$scratch/$picture.svg" > "$scratch/dom"
    check "$picture: XML that the browser takes" sh -c "grep -q 'class=\"search\"' $scratch/dom && ! grep -q parsererror $scratch/dom"
done
rm -f "$scratch/picture.png"
browse --window-size=1200,400 --screenshot="$scratch/picture.png" "file://$scratch/heap.svg" > /dev/null
check "a screenshot" [ "$(wc -c < "$scratch/picture.png")" -gt 5000 ]
exit $failed
