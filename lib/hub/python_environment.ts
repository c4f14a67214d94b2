/** What the environment says about the hub, as Python's client reads it (huggingface_hub, constants.py). */
import { readTextIfThere } from "../files/file_system.ts";
import { pathIn } from "../files/path.ts";
import { environmentVariable, homeFolder } from "../util/environment.ts";
import { HubError } from "./error.ts";
import { expandPath } from "./expand_path.ts";

/** Whether a variable says yes, in one of the words that Python's client knows. */
function isTrue(value: string | undefined): boolean {
  return ["1", "ON", "YES", "TRUE"].includes((value ?? "").toUpperCase());
}

/** The folder of the login and, unless another is named, of the cache. */
async function hfHome(): Promise<string> {
  const given = environmentVariable("HF_HOME");
  if (given !== undefined) return await expandPath(given);
  const cache = environmentVariable("XDG_CACHE_HOME") ?? pathIn(homeFolder() ?? "", ".cache");
  return await expandPath(pathIn(cache, "huggingface"));
}

/**
 * The folder of all downloads: HF_HUB_CACHE, else HUGGINGFACE_HUB_CACHE, else `hub` in HF_HOME, which is
 * `huggingface` in XDG_CACHE_HOME or `~/.cache` where it is not set. An empty variable is as one that
 * is not set.
 */
export async function hubCache(): Promise<string> {
  const given = environmentVariable("HF_HUB_CACHE") ?? environmentVariable("HUGGINGFACE_HUB_CACHE");
  return given === undefined ? pathIn(await hfHome(), "hub") : await expandPath(given);
}

/** A token, and where it was found. */
export interface FoundToken {
  /** The token; null when there is none. */
  readonly token: string | null;
  /** The variable or file that holds it, or all that were looked at. */
  readonly source: string;
}

/**
 * The token of the environment: HF_TOKEN, else HUGGING_FACE_HUB_TOKEN, else the file of the login,
 * which is HF_TOKEN_PATH or `token` in HF_HOME; none when HF_HUB_DISABLE_IMPLICIT_TOKEN is set.
 *
 * Differs: a token of HF_OIDC_RESOURCE or of Google Colab is not fetched, and one that expires is not
 * renewed; the source says so.
 */
export async function hubToken(): Promise<FoundToken> {
  const notFetched = environmentVariable("HF_OIDC_RESOURCE") === undefined
    ? ""
    : " (HF_OIDC_RESOURCE is for Python's client only)";
  if (isTrue(environmentVariable("HF_HUB_DISABLE_IMPLICIT_TOKEN"))) {
    return { token: null, source: "nowhere, as HF_HUB_DISABLE_IMPLICIT_TOKEN is set" };
  }
  for (const variable of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) {
    const token = environmentVariable(variable)?.trim();
    if (token) return { token, source: variable };
  }
  const path = await tokenPath();
  let problem = "";
  try {
    const token = (await readTextIfThere(path))?.trim();
    if (token) return { token, source: path };
  } catch (error) {
    problem = ` (which cannot be read: ${(error as Error).message})`;
  }
  return {
    token: null,
    source: `HF_TOKEN, HUGGING_FACE_HUB_TOKEN and ${path}${problem}${notFetched}`,
  };
}

async function tokenPath(): Promise<string> {
  if (isStaging()) return pathIn(homeFolder() ?? "", ".cache/huggingface_staging/token");
  const given = environmentVariable("HF_TOKEN_PATH");
  return given === undefined ? pathIn(await hfHome(), "token") : await expandPath(given);
}

/** The variable that says to ask nobody; null when none does. */
export function offlineVariable(): string | null {
  const variable = environmentVariable("HF_HUB_OFFLINE") === undefined
    ? "TRANSFORMERS_OFFLINE"
    : "HF_HUB_OFFLINE";
  return isTrue(environmentVariable(variable)) ? variable : null;
}

/** The hub's address, as the environment gives it. */
export function hubEndpoint(): string {
  if (isStaging()) return "https://hub-ci.huggingface.co";
  return environmentVariable("HF_ENDPOINT") ?? "https://huggingface.co";
}

function isStaging(): boolean {
  return isTrue(environmentVariable("HUGGINGFACE_CO_STAGING"));
}

/**
 * Milliseconds that a variable gives in seconds; undefined when it gives none.
 *
 * @throws {HubError} when it is no whole number
 */
export function timeoutOf(
  variable: "HF_HUB_DOWNLOAD_TIMEOUT" | "HF_HUB_ETAG_TIMEOUT",
): number | undefined {
  const value = environmentVariable(variable);
  if (value === undefined) return undefined;
  if (!/^\s*\+?\d{1,7}\s*$/.test(value)) {
    throw new HubError(
      "name",
      `Cannot ask the hub as ${variable} must be a whole number of seconds: ` +
        `found ${JSON.stringify(value)}`,
    );
  }
  return Number(value) * 1000 || undefined;
}

/**
 * What of the environment may be why a server cannot be reached: the proxies that are used, and
 * certificates that are named for other programs only.
 *
 * @param problem what the network said
 */
export function networkNotes(problem: string): string {
  const notes: string[] = [];
  for (const name of ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"]) {
    for (const variable of [name, name.toLowerCase()]) {
      const shown = environmentVariable(variable)?.replace(/^([a-z0-9]+:\/\/)?.*@/is, "$1");
      if (shown !== undefined) notes.push(`${variable} is ${shown}, but for the hosts in NO_PROXY`);
    }
  }
  const isCertificate = /certificate|UnknownIssuer|\btls\b|\bssl\b/i.test(problem);
  if (isCertificate && environmentVariable("DENO_CERT") === undefined) {
    const others = ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]
      .filter((variable) => environmentVariable(variable) !== undefined);
    notes.push(
      `certificates are taken from DENO_CERT and DENO_TLS_CA_STORE` +
        (others.length === 0 ? "" : `, not from ${others.join(", ")}`),
    );
  }
  return notes.length === 0 ? "" : ` (${notes.join("; ")})`;
}
