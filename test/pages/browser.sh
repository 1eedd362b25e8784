#!/bin/sh
# /debug/pond in a browser: in both themes, on a telephone and on a wide screen, with and without script.
. test/build/lib.sh
unset POND_DEBUG POND_PROFILE POND_SYMBOLIZE LD_LIBRARY_PATH

built=$PWD/build/release
if [ ! -e "$built/libpond-profile.a" ] || ! command -v chromium > /dev/null || ! command -v python3 > /dev/null; then
    echo "libpond-profile, chromium or python3 is missing"
    exit 77
fi
# shellcheck disable=SC2086 # a list of flags
"$CC" -std=c11 $STRICT -D_GNU_SOURCE -Iinclude -Isrc -O2 -g -o "$scratch/program" test/pages/program/*.c \
    -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc "$built/libpond-profile.a" "$built/libpond.a" \
    -lprotobuf-c -lz -ljansson -lm -pthread

mkfifo "$scratch/goes_on" "$scratch/port"
LD_LIBRARY_PATH=$built "$scratch/program" serve < "$scratch/goes_on" > "$scratch/port" &
exec 3> "$scratch/goes_on"
read -r port < "$scratch/port" # written when it listens
address=http://127.0.0.1:$port

# browse NAME WANTED PATH WIDTH SCHEME [OPTION...] EXPRESSION...: the values, a line each
browse()
{
    name=$1 wanted=$2 path=$3
    shift 3
    test/pages/browse.py "$address$path" "$@" > "$scratch/values" 2> "$scratch/complaints" ||
        fail "$name: $(cat "$scratch/complaints")"
    values=$(tr '\n' ' ' < "$scratch/values")
    [ "$values" = "$wanted " ] || fail "$name: $values, not $wanted"
    echo "ok $name"
}

overflow='document.documentElement.scrollWidth > document.documentElement.clientWidth'
# What lies beyond the right edge, but in what scrolls by itself.
beyond='[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1
    && !e.closest(".picture, pre")).length'
script='document.querySelectorAll(".flame input.search").length'
names='[...document.querySelectorAll(".ponds th b")].some(b => b.textContent == "<script>alert(1)</script>")'
dark='getComputedStyle(document.body).backgroundColor.match(/\d+/g).every(c => c < 64)'
letters='[...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && e.firstChild?.nodeType == 3
    && e.firstChild.data.trim() && !e.closest("svg, style, script") && parseFloat(getComputedStyle(e).fontSize) < 11).length'
for scheme in light dark; do
    [ $scheme = dark ] && is_dark=true || is_dark=false
    for width in 400 1400; do
        browse "the page, $scheme, $width pixels" "false 0 1 true $is_dark 0" /debug/pond $width $scheme \
            "$overflow" "$beyond" "$script" "$names" "$dark" "$letters"
    done
done
browse "without script there is all but the search" "false 0 true 6" /debug/pond 1400 light --no-script \
    "$overflow" "$script" "$names" 'document.querySelectorAll(".ponds tbody tr").length'
browse "the flame graph of the page zooms" '["zoomed", "read_body"]' /debug/pond 1400 light '
    (() => { const g = [...document.querySelectorAll(".frames > g")].find(g => /^read_body\n/.test(g.textContent));
             g.dispatchEvent(new MouseEvent("click", { bubbles: true }));
             return [document.querySelector(".flame").classList.contains("zoomed") ? "zoomed" : "",
                     +g.querySelector("rect").getAttribute("width").replace("%", "") > 99 ? "read_body" : ""]; })()'
browse "a stack opens" true /debug/pond 400 light \
    '(() => { const d = document.querySelector(".stacks details"); d.querySelector("summary").click(); return d.open; })()'
browse "the picture alone" 1 /debug/pond/flame 1400 dark "$script"
browse "the list of profiles" 2 /debug/pprof/ 400 light 'document.querySelectorAll("table a").length'
exec 3>&-
wait
