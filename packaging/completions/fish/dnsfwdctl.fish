# fish completion for dnsfwdctl

# The commands are asked for, so that they are those of the program that is installed.
function __dnsfwdctl_commands
    set -l program (commandline -opc)[1]
    command $program --help 2>/dev/null |
        sed -n '/^commands:/,/^$/s/^  \([a-z][a-z-]*\)  *\(.*\)/\1\t\2/p'
end

# The command on the line, where there is one already.
function __dnsfwdctl_command
    set -l skip
    for word in (commandline -opc)[2..-1]
        if set -q skip[1]
            set -e skip
        else if contains -- $word -s --socket
            set skip yes
        else if not string match -q -- '-*' $word
            echo $word
            return 0
        end
    end
    return 1
end

function __dnsfwdctl_options
    set -l program (commandline -opc)[1]
    command $program (__dnsfwdctl_command) --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]+' | sort -u
end

function __dnsfwdctl_presets
    dnsfwd --list-presets --json 2>/dev/null |
        awk -F'"' '$2 == "name" { name = $4 } $2 == "retired" && /null/ { print name "\tpublic resolver" }'
end

complete -c dnsfwdctl -f
complete -c dnsfwdctl -n 'not __dnsfwdctl_command' -a '(__dnsfwdctl_commands)'
complete -c dnsfwdctl -n 'string match -q portal -- (__dnsfwdctl_command)' -a '5m 10m 30m off'
complete -c dnsfwdctl -n 'string match -q zone -- (__dnsfwdctl_command)' -a 'add del list'
complete -c dnsfwdctl -n 'string match -q log-level -- (__dnsfwdctl_command)' -a 'error warning info debug'
complete -c dnsfwdctl -n 'string match -q audit -- (__dnsfwdctl_command)' -a '(__dnsfwdctl_presets)'
complete -c dnsfwdctl -n '__dnsfwdctl_command; and string match -q -- "-*" (commandline -ct)' -a '(__dnsfwdctl_options)'
complete -c dnsfwdctl -s s -l socket -r -F -d 'The control socket'
complete -c dnsfwdctl -l json -d 'Print JSON, for programs'
complete -c dnsfwdctl -s V -l version -d 'Print the version, then exit'
complete -c dnsfwdctl -s h -l help -d 'Print help, then exit'
