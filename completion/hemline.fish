# Completion of hemline for fish. What may come next the program itself knows: 'hemline complete'
# (cli/cmd_complete.c says what it prints). To try it: source completion/hemline.fish
function __hemline_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    # The value of --name=value is completed as a file of its own.
    set -l option (string match -r -- '^--[^=]*=' $word; or echo)
    set -l file (string replace -r -- '^--[^=]*=' '' $word)
    set -l program (string replace -r -- '^~' $HOME $words[1])
    command -q $program; or return
    for line in (command $program complete -- $words[2..-1] $word 2>/dev/null)
        switch $line
            case ':directories'
                printf '%s\n' $option(__fish_complete_directories $file '')
            case ':files *'
                set -l pattern (string replace ':files ' '' -- $line)
                for path in (complete -C "__hemline_no_such_command $file")
                    set path (string split -m 1 \t -- $path)[1]
                    if string match -q -- '*/' $path; or string match -q -- $pattern $path
                        echo $option$path
                    end
                end
            case '*'
                printf '%s\n' $line
        end
    end
end
complete -c hemline -f -k -a '(__hemline_complete)'
