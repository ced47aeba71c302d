# fish completion for dnsfwd

function __dnsfwd_presets
    set -l program (commandline -opc)[1]
    command $program --list-presets --json 2>/dev/null |
        awk -F'"' '$2 == "name" { name = $4 } $2 == "retired" && /null/ { print name "\tpublic resolver" }'
end

complete -c dnsfwd -f -a '(__dnsfwd_presets)'
complete -c dnsfwd -f -a 'tls:// dtls://' -d upstream
complete -c dnsfwd -s c -l config -r -F -d 'Read this file'
complete -c dnsfwd -s t -l check -d 'Check the configuration, then exit'
complete -c dnsfwd -s T -l print -d 'Print the configuration in force, then exit'
complete -c dnsfwd -s v -l verbose -d 'Log more'
complete -c dnsfwd -s V -l version -d 'Print versions, then exit'
complete -c dnsfwd -s h -l help -d 'Print help, then exit'
complete -c dnsfwd -l listen -x -a '127.0.0.1:5300 [::1]:5300' -d 'Listen on this address instead'
complete -c dnsfwd -l list-presets -d 'List the public resolvers known by name'
complete -c dnsfwd -l json -d 'List them for programs'
complete -c dnsfwd -l import -r -F -d 'Print the configuration that a file of another program comes to'
complete -c dnsfwd -l import-kind -x -a 'stubby resolved unbound' -d 'Whose file it is'
