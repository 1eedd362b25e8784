#!/bin/sh
# .ci/install-deps says first what is missing, and installs it only where POND_INSTALL, CI and whoever sits at the
# terminal let it. apt-get, dpkg-query and sudo are programs of this test, which write down what they are told.
. test/build/lib.sh
failed=0
mkdir "$scratch/bin"
for name in apt-get sudo; do
    # shellcheck disable=SC2016 # for the program
    printf '#!/bin/sh\necho "$(basename "$0") $*" >> "%s/called"\n' "$scratch" > "$scratch/bin/$name"
done
# shellcheck disable=SC2016 # for the program
printf '#!/bin/sh\n[ "$1 $2" = "-u " ] && echo 0 || /usr/bin/id "$@"\n' > "$scratch/bin/id"
# shellcheck disable=SC2016
printf '#!/bin/sh\nfor last; do :; done\n[ ! -e "%s/all" ] && [ "$last" != gcc ] || echo installed\n' \
    "$scratch" > "$scratch/bin/dpkg-query"
chmod +x "$scratch/bin/"*

# deps [NAME=VALUE...]: install-deps of one group, with nothing of this environment that it goes by
deps()
{
    rm -f "$scratch/called"
    status=0
    env -u CI -u POND_INSTALL PATH="$scratch/bin:$PATH" "$@" .ci/install-deps build \
        > "$scratch/said" 2>&1 < /dev/null || status=$?
}

# check TITLE STATUS INSTALLS WORDS: what it just did. INSTALLS: whether it called apt-get, yes or no
check()
{
    installs=no
    ! grep -q '^apt-get.* install .*libck-dev' "$scratch/called" 2> /dev/null || installs=yes
    if [ "$status" = "$2" ] && [ "$installs" = "$3" ] && grep -qF -- "$4" "$scratch/said"; then
        echo "ok $1"
    else
        echo "FAIL $1: status $status, installs $installs: $(cat "$scratch/said")"
        failed=1
    fi
}

named='libc6-dev make libck-dev'
deps
check "without a terminal it says what it installs" 0 yes "install-deps: installing, with what they depend on: $named"
head -n 1 "$scratch/said" | grep -q '^install-deps: installing' || fail "it installs before it says so"
deps POND_INSTALL=no
check "POND_INSTALL=no names what is missing" 1 no "because of POND_INSTALL=no: $named"
deps POND_INSTALL=skip
check "POND_INSTALL=skip goes on without" 0 no "because of POND_INSTALL=skip: $named"
deps CI=true
check "CI installs nothing unasked" 1 no "because of CI=true (POND_INSTALL=yes installs them): $named"
deps CI=true POND_INSTALL=yes
check "POND_INSTALL=yes is stronger than CI" 0 yes "install-deps: installing"
deps CI=false
check "CI=false is no CI" 0 yes "install-deps: installing"
deps POND_INSTALL=maybe
check "another word is refused" 2 no "POND_INSTALL is yes, no or skip, not 'maybe'"

# at_terminal ANSWER: the same on a terminal, where that is typed
at_terminal()
{
    rm -f "$scratch/called"
    status=0
    printf '%s\n' "$1" | env -u CI -u POND_INSTALL PATH="$scratch/bin:$PATH" \
        script -qec '.ci/install-deps build' /dev/null > "$scratch/said" 2>&1 || status=$?
}
if command -v script > /dev/null; then
    at_terminal n
    check "on a terminal it asks, and n is no" 1 no "by apt-get? [Y/n]"
    at_terminal y
    check "y is yes" 0 yes "install-deps: installing"
fi

touch "$scratch/all"
deps POND_INSTALL=no
check "nothing is missing" 0 no "install-deps: nothing is missing"
exit $failed
