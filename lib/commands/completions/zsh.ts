import { type Place, SETTINGS, type TaskWords } from "./tasks.ts";

/** How zsh finds paths. */
const FILES: Readonly<Record<Place, string>> = {
  folder: "_files -/",
  yaml: "_files -g '*.(yaml|yml)'",
  ipynb: "_files -g '*.ipynb'",
  file: "_files",
};

/**
 * A script that makes zsh complete the words of tasks. What zsh knew of `deno` before it still does.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { TASKS } from "./tasks.ts";
 *
 * assert.match(zshScript(TASKS), /^compdef _polytropos deno$/m);
 * ```
 */
export function zshScript(tasks: readonly TaskWords[]): string {
  return `\
# Completes the tasks of this project in zsh, after compinit: source <(deno task completions zsh)
typeset -g _polytropos_before=\${_comps[deno]}

_polytropos_behind() {
  case "$1 $2" in
${
    tasks.flatMap(({ task, values, options }) =>
      Object.entries(values).filter(([option]) => options.includes(option)).map((
        [option, of],
      ) =>
        `    "${task} ${option}") ${
          typeof of === "string" ? FILES[of] : `compadd -- ${of.join(" ")}`
        } ;;`
      )
    ).join("\n")
  }
    *) return 1 ;;
  esac
}

_polytropos_value() {
  case "$1" in
${
    SETTINGS.filter(([, words]) => words.length > 0).map(([key, words]) =>
      `    ${key}) compadd -S '' -- ${words.join(" ")} ;;`
    ).join("\n")
  }
  esac
}

_polytropos_settings() {
  compadd -S '' -- ${SETTINGS.map(([key]) => `${key}=`).join(" ")} metric=
}

_polytropos() {
  if [[ "$words[2]" != task || $CURRENT -lt 3 ]]; then
    [[ -n "$_polytropos_before" && "$_polytropos_before" != _polytropos ]] && $_polytropos_before
    return
  fi
  if [[ $CURRENT -eq 3 ]]; then
    compadd -- ${tasks.map(({ task }) => task).join(" ")}
    return
  fi
  _polytropos_behind "$words[3]" "$words[CURRENT-1]" && return
  if [[ "$words[CURRENT]" == *=* ]]; then
    local key="\${words[CURRENT]%%=*}"
    compset -P '*[=,]'
    _polytropos_value "$key"
    return
  fi
  case "$words[3]" in
${
    tasks.map(({ task, options, words, settings, paths }) =>
      `    ${task})\n      compadd -- ${[...words, ...options].join(" ")}\n` +
      (settings ? "      _polytropos_settings\n" : "") +
      (paths === null ? "" : `      ${FILES[paths]}\n`) +
      `      ;;`
    ).join("\n")
  }
  esac
}
compdef _polytropos deno
`;
}
