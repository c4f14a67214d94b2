import { SETTINGS, type TaskWords } from "./tasks.ts";

/**
 * A script that makes bash complete the words of tasks. What bash knew of `deno` before it still does.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { TASKS } from "./tasks.ts";
 *
 * assert.match(bashScript(TASKS), /^complete -F _polytropos deno$/m);
 * ```
 */
export function bashScript(tasks: readonly TaskWords[]): string {
  return `\
# Completes the tasks of this project in bash: source <(deno task completions bash)
_polytropos_before=$(complete -p deno 2>/dev/null | sed -n 's/.* -F \\([^ ]*\\) .*/\\1/p')

# The words of a task: options, what stands behind each, paths and settings.
_polytropos_words() {
  case "$1" in
${
    tasks.map(({ task, options, words }) =>
      `    ${task}) echo "${[...words, ...options].join(" ")}" ;;`
    ).join("\n")
  }
  esac
}

_polytropos_behind() {
  case "$1 $2" in
${
    tasks.flatMap(({ task, values, options }) =>
      Object.entries(values).filter(([option]) => options.includes(option)).map((
        [option, of],
      ) => `    "${task} ${option}") echo "${typeof of === "string" ? `@${of}` : of.join(" ")}" ;;`)
    ).join("\n")
  }
  esac
}

_polytropos_paths() {
  case "$1" in
${
    tasks.filter(({ paths }) => paths !== null).map(({ task, paths }) =>
      `    ${task}) echo "@${paths}" ;;`
    ).join("\n")
  }
  esac
}

_polytropos_settings() {
  case "$1" in ${tasks.filter(({ settings }) => settings).map(({ task }) => task).join("|")})
    echo "${SETTINGS.map(([key]) => key).join(" ")} metric" ;;
  esac
}

_polytropos_values() {
  case "$1" in
${
    SETTINGS.filter(([, words]) => words.length > 0).map(([key, words]) =>
      `    ${key}) echo "${words.join(" ")}" ;;`
    ).join("\n")
  }
  esac
}

_polytropos_files() {
  case "$1" in
    @folder) compgen -d -- "$2" ;;
    @yaml) compgen -f -X '!*.y*ml' -- "$2"; compgen -d -S / -- "$2" ;;
    @ipynb) compgen -f -X '!*.ipynb' -- "$2"; compgen -d -S / -- "$2" ;;
    @file) compgen -f -- "$2" ;;
  esac
}

_polytropos() {
  local -a words
  local line="\${COMP_LINE:0:COMP_POINT}" cur before task behind
  read -ra words <<< "$line"
  [[ "$line" == *" " ]] && words+=("")
  cur="\${words[-1]}"
  before="\${words[-2]}"
  COMPREPLY=()
  if [[ "\${words[1]}" != task || \${#words[@]} -lt 3 ]]; then
    [[ -n "$_polytropos_before" ]] && "$_polytropos_before" "$@"
    return
  fi
  if [[ \${#words[@]} -eq 3 ]]; then
    COMPREPLY=($(compgen -W "${tasks.map(({ task }) => task).join(" ")}" -- "$cur"))
    return
  fi
  task="\${words[2]}"
  behind=$(_polytropos_behind "$task" "$before")
  if [[ "$behind" == @* ]]; then
    COMPREPLY=($(_polytropos_files "$behind" "$cur"))
  elif [[ -n "$behind" ]]; then
    COMPREPLY=($(compgen -W "$behind" -- "$cur"))
  elif [[ "$cur" == *=* ]]; then
    # Bash takes "=" for the end of a word, so what is offered is what stands behind it.
    local key="\${cur%%=*}" value="\${cur#*=}" list=""
    [[ "$value" == *,* ]] && list="\${value%,*},"
    COMPREPLY=($(compgen -P "$list" -W "$(_polytropos_values "$key")" -- "\${value##*,}"))
  else
    COMPREPLY=($(compgen -W "$(_polytropos_words "$task")" -- "$cur")
      $(compgen -S = -W "$(_polytropos_settings "$task")" -- "$cur")
      $(_polytropos_files "$(_polytropos_paths "$task")" "$cur"))
    [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == *[=/] ]] && compopt -o nospace 2>/dev/null
  fi
  return 0
}
complete -F _polytropos deno
`;
}
