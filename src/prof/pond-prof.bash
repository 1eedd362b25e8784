# Completion of pond-prof for bash: commands, their options, and files.
# shellcheck shell=bash

_pond_prof()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]-}
    local filters='--value --focus --pond --state' words=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words='get top diff flame record verdict watch help --help --version'
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
        return
    fi
    case $before in
    --value) words='inuse_space inuse_objects alloc_space alloc_objects' ;;
    --state) words='live local shared victim' ;;
    --rate) words='1 64k 512k 1M' ;;
    --focus | --pond | -n | --number | --fast | --every) return ;;
    --exec)
        mapfile -t COMPREPLY < <(compgen -c -- "$word")
        return
        ;;
    -o | --output | --base)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    esac
    if [ -n "$words" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
        return
    fi
    case $command in
    get) words='--output --help' ;;
    top | diff) words="--cum --exact --number --output $filters --help" ;;
    flame) words="--base --output $filters --help" ;;
    verdict) words='--all --fast --output --help' ;;
    watch) words='--every --exec --fast --help' ;;
    record) words='--output --rate --value --help --' ;;
    help) words='get top diff flame record verdict watch help' ;;
    esac
    case $word in
    -*) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word") ;;
    *)
        if [ "$command" = help ]; then
            mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
        elif [ "$command" = record ]; then
            mapfile -t COMPREPLY < <(compgen -c -- "$word")
        else
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        fi
        ;;
    esac
}
complete -o filenames -F _pond_prof pond-prof
