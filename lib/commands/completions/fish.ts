import { type Place, SETTINGS, type TaskWords } from "./tasks.ts";

/** How fish finds paths. */
const FILES: Readonly<Record<Place, string>> = {
  folder: "(__fish_complete_directories (commandline -ct))",
  yaml: "(__fish_complete_suffix .yaml)",
  ipynb: "(__fish_complete_suffix .ipynb)",
  file: "(__fish_complete_path (commandline -ct))",
};

/**
 * A script that makes fish complete the words of tasks, beside what it knows of `deno`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { TASKS } from "./tasks.ts";
 *
 * assert.match(fishScript(TASKS), /^complete -c deno -f -n '__polytropos_in sweep' /m);
 * ```
 */
export function fishScript(tasks: readonly TaskWords[]): string {
  const lines = tasks.flatMap(({ task, options, values, words, settings, paths }) => {
    const inTask = `complete -c deno -f -n '__polytropos_in ${task}'`;
    const own = options.map((option) => {
      const of = values[option];
      const behind = of === undefined
        ? ""
        : ` -x -a '${typeof of === "string" ? FILES[of] : of.join(" ")}'`;
      return `${inTask} -l ${option.slice(2)}${behind}`;
    });
    return [
      ...own,
      ...words.length > 0 ? [`${inTask} -a '${words.join(" ")}'`] : [],
      ...settings ? [`${inTask} -a '(__polytropos_settings)'`] : [],
      ...paths === null ? [] : [`${inTask} -a '${FILES[paths]}'`],
    ];
  });
  return `\
# Completes the tasks of this project in fish: deno task completions fish | source
function __polytropos_in
    set -l words (commandline -opc)
    test (count $words) -ge 3; and test "$words[2]" = task; and test "$words[3]" = $argv[1]
end

function __polytropos_names
    set -l words (commandline -opc)
    test (count $words) -eq 2; and test "$words[2]" = task
end

# Settings; once a key is there, the key with each of its words, behind those that are written.
function __polytropos_settings
    set -l word (commandline -ct)
    set -l key (string split -m 1 = -- $word)[1]
    if not string match -q '*=*' -- $word
        printf '%s=\\n' ${SETTINGS.map(([key]) => key).join(" ")} metric
        return
    end
    set -l head (string match -r '^.*[=,]' -- $word)
    switch $key
${
    SETTINGS.filter(([, words]) => words.length > 0).map(([key, words]) =>
      `        case ${key}\n            printf "$head%s\\n" ${words.join(" ")}`
    ).join("\n")
  }
    end
end

complete -c deno -f -n __polytropos_names -a '${tasks.map(({ task }) => task).join(" ")}'
${lines.join("\n")}
`;
}
