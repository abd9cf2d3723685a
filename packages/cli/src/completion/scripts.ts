// Each asks the program itself what may stand there, so that none of them can be out of date. Its answer is a word a line, with what
// it is behind a tab; the line ":files" asks for names of files.

const bash = String.raw`# Completion of sluice for bash. Now:    source <(sluice completion bash)
# For every shell: sluice completion bash > ~/.local/share/bash-completion/completions/sluice
_sluice() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o default 2>/dev/null
    else
      COMPREPLY+=("$(printf '%q' "$line")")
    fi
  done < <("$1" __complete --words --current "$2" -- "${'${'}COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
complete -F _sluice sluice`

const zsh = String.raw`#compdef sluice
# Completion of sluice for zsh. Now:    source <(sluice completion zsh)
# For every shell: sluice completion zsh > "${'${'}fpath[1]}/_sluice"
_sluice() {
  local line word
  local -a found shown
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      _files
      continue
    fi
    word=${'${'}line%%$'\t'*}
    found+=("$word")
    if [[ $line == *$'\t'* ]]; then shown+=("$word  -- ${'${'}line#*$'\t'}"); else shown+=("$word"); fi
  done < <("${'${'}words[1]}" __complete -- "${'${'}(j: :)words[1,CURRENT]}" 2>/dev/null)
  (( ${'${'}#found} )) && compadd -l -d shown -a found
}
if [[ $funcstack[1] == _sluice ]]; then _sluice; else compdef _sluice sluice; fi`

const fish = String.raw`# Completion of sluice for fish. Now:    sluice completion fish | source
# For every shell: sluice completion fish > ~/.config/fish/completions/sluice.fish
function __sluice_complete
    for line in (sluice __complete -- (commandline --cut-at-cursor --current-process | string collect) 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline --current-token)
        else
            echo $line
        end
    end
end
complete --command sluice --no-files --arguments '(__sluice_complete)'`

/** By shell: what makes it complete commands of `sluice`. */
export const scripts = { bash, zsh, fish } as const
