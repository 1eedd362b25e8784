# Completion of pond-scout for bash: its options, then the command that it runs and what that one takes.
# shellcheck shell=bash

_pond_scout()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [ "${COMP_WORDS[i]}" = -- ]; then
            if [ $((i + 1)) -eq "$COMP_CWORD" ]; then
                mapfile -t COMPREPLY < <(compgen -c -- "$word")
            elif declare -F _command_offset > /dev/null; then # what the command's own completion says
                _command_offset $((i + 1))
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
            fi
            return
        fi
    done
    case $before in
    -o | --output | -j | --json) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    --keep | --read) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    --process) mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$word") ;;
    -n | --rows | --least | --rate | --depth | --tick) ;;
    *)
        mapfile -t COMPREPLY < <(compgen -W "--output --json --rows --least --process --keep --read --rate --depth --tick \
            --help --version --" -- "$word")
        ;;
    esac
}
complete -o filenames -F _pond_scout pond-scout
