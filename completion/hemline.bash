# Completion of hemline for bash. What may come next the program itself knows: 'hemline complete'
# (cli/cmd_complete.c says what it prints). To try it: source completion/hemline.bash
_hemline() {
    local words=() word= glued= i line file
    # Bash cuts words at '='; the program wants them whole.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        if [[ -n $glued || (${COMP_WORDS[i]} == '=' && ${#words[@]} -gt 0) ]]; then
            words[-1]+=${COMP_WORDS[i]}
        else
            words+=("${COMP_WORDS[i]}")
        fi
        [[ ${COMP_WORDS[i]} == '=' ]] && glued=yes || glued=
    done
    word=${words[-1]}
    [[ $word == --*=* ]] && file=${word#*=} || file=$word
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
        ':directories')
            compopt -o filenames
            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "$file")
            ;;
        ':files '*)
            compopt -o filenames
            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(
                compgen -d -- "$file"
                compgen -f -X "!${line#:files }" -- "$file"
            )
            ;;
        *)
            line=${line%%$'\t'*}
            [[ $line == *[=.] ]] && compopt -o nospace
            # Only what stands behind the last '=' is replaced.
            [[ $COMP_WORDBREAKS == *=* && $word == *=* ]] && line=${line#"${word%=*}="}
            printf -v line %q "$line"
            COMPREPLY+=("$line")
            ;;
        esac
    done < <("${COMP_WORDS[0]/#\~/$HOME}" complete -- "${words[@]}" 2>/dev/null)
}
complete -F _hemline hemline
