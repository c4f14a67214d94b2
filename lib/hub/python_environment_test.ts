import assert from "node:assert/strict";
import { join } from "node:path";
import { at, bytes, COMMIT, rejects, stalled, TestHub } from "../testing/fakes/test_hub.ts";
import { withEnvironment } from "../testing/with_environment.ts";
import { expandPath } from "./expand_path.ts";
import { resolveModel } from "./hugging_face.ts";
import {
  hubCache,
  hubEndpoint,
  hubToken,
  networkNotes,
  offlineVariable,
  timeoutOf,
} from "./python_environment.ts";

/** No variable that this machine may have set. */
const BARE = Object.fromEntries(
  [
    ...["HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "HF_ENDPOINT"],
    ...["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_DISABLE_IMPLICIT_TOKEN"],
    ...["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HUGGINGFACE_CO_STAGING", "HF_OIDC_RESOURCE"],
    ...["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"],
    ...["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "DENO_CERT"],
  ].map((variable) => [variable, ""]),
);

/** What `find` finds with these variables set. */
async function under<T>(set: Record<string, string>, find: () => T | Promise<T>): Promise<T> {
  let found: T;
  await withEnvironment({ ...BARE, HOME: "/home/ann", A: "x", ...set }, async () => {
    found = await find();
  });
  return found!;
}

Deno.test("H2 expandPath() is what os.path.expandvars(os.path.expanduser()) is", async () => {
  // Python 3.12, with HOME=/home/ann and A=x.
  const expected: [string, string][] = [
    ["~", "/home/ann"],
    ["~/a", "/home/ann/a"],
    ["~nosuch/c", "~nosuch/c"],
    ["$A/b", "x/b"],
    ["${A}b", "xb"],
    ["$NO_SUCH/b", "$NO_SUCH/b"],
    ["${NO_SUCH}", "${NO_SUCH}"],
    ["$", "$"],
    ["$$A", "$x"],
    ["a$A.b", "ax.b"],
    ["%A%", "%A%"],
    ["${A", "${A"],
    ["~$A", "~x"],
    ["x~", "x~"],
    ["", ""],
  ];
  for (const [path, result] of expected) {
    assert.equal(await under({}, () => expandPath(path)), result, path);
  }
  assert.equal(await under({ HOME: "/" }, () => expandPath("~")), "/");
  assert.equal(await under({ HOME: "/" }, () => expandPath("~/a")), "/a");
  if (Deno.build.os === "linux") assert.equal(await expandPath("~root/b"), "/root/b");
});

Deno.test("H2 the cache is where Python's client has it", async () => {
  const cases: [Record<string, string>, string][] = [
    [{}, "/home/ann/.cache/huggingface/hub"],
    [{ HF_HOME: "~/hf" }, "/home/ann/hf/hub"],
    [{ HF_HOME: "$HOME/hf" }, "/home/ann/hf/hub"],
    [{ HF_HOME: "${HOME}/hf/" }, "/home/ann/hf/hub"],
    [{ XDG_CACHE_HOME: "~/c" }, "/home/ann/c/huggingface/hub"],
    [{ XDG_CACHE_HOME: "$A" }, "x/huggingface/hub"],
    [{ HF_HUB_CACHE: "~/hf", HF_HOME: "/no" }, "/home/ann/hf"],
    [{ HUGGINGFACE_HUB_CACHE: "$HOME/old", HF_HOME: "/no" }, "/home/ann/old"],
    [{ HUGGINGFACE_HUB_CACHE: "/old", HF_HUB_CACHE: "/new" }, "/new"],
  ];
  for (const [set, cache] of cases) assert.equal(await under(set, hubCache), cache);
  await using hub = await TestHub.start();
  const set = { ...BARE, HOME: hub.cacheDir, HF_HOME: "~/hf", HF_TOKEN: "" };
  await withEnvironment(set, async () => {
    const dir = await resolveModel("org/name", { endpoint: hub.endpoint });
    assert.equal(dir, join(hub.cacheDir, `hf/hub/models--org--name/snapshots/${COMMIT}`));
    const again = await hub.resolve({ cacheDir: "~/other" });
    assert.equal(again, join(hub.cacheDir, `other/models--org--name/snapshots/${COMMIT}`));
  });
});

Deno.test("H3 the token is found where Python's client finds it", async () => {
  const home = await Deno.makeTempDir();
  await Deno.mkdir(join(home, "hf"));
  await Deno.writeTextFile(join(home, "hf/token"), "hf_login\n");
  await Deno.writeTextFile(join(home, "other"), " hf_other ");
  const HF_HOME = "~/hf";
  const cases: [Record<string, string>, string | null, RegExp][] = [
    [{ HF_HOME, HF_TOKEN: "hf_a\n", HUGGING_FACE_HUB_TOKEN: "hf_b" }, "hf_a", /^HF_TOKEN$/],
    [{ HF_HOME, HUGGING_FACE_HUB_TOKEN: "hf_b" }, "hf_b", /^HUGGING_FACE_HUB_TOKEN$/],
    [{ HF_HOME }, "hf_login", /hf\/token$/],
    [{ HF_HOME, HF_TOKEN_PATH: "$HOME/other" }, "hf_other", /other$/],
    [{}, null, /HF_TOKEN, HUGGING_FACE_HUB_TOKEN and .*\.cache\/huggingface\/token$/],
    [{ HF_TOKEN_PATH: "~/hf" }, null, /~?\/hf \(which cannot be read: /],
    [
      { HF_HOME, HF_HUB_DISABLE_IMPLICIT_TOKEN: "yes" },
      null,
      /HF_HUB_DISABLE_IMPLICIT_TOKEN is set/,
    ],
    [{ HF_HOME, HF_HUB_DISABLE_IMPLICIT_TOKEN: "0" }, "hf_login", /token$/],
    [{ HF_OIDC_RESOURCE: "org/name" }, null, /HF_OIDC_RESOURCE is for Python's client only/],
  ];
  for (const [set, token, source] of cases) {
    const found = await under({ HOME: home, ...set }, hubToken);
    assert.equal(found.token, token);
    assert.match(found.source, source);
  }
  await Deno.remove(home, { recursive: true });
});

Deno.test("H3 the token of the login is sent, and a refusal names where one was looked for", async () => {
  await using hub = await TestHub.start();
  const { endpoint, cacheDir } = hub;
  await Deno.writeTextFile(join(cacheDir, "token"), "hf_login\n");
  const resolve = () => resolveModel("org/name", { endpoint, cacheDir, retryDelays: [] });
  await under({ HF_HOME: cacheDir }, resolve);
  assert.deepEqual([...hub.authorizations], ["Bearer hf_login"]);
  hub.trick = () => new Response("no", { status: 401 });
  await under(
    { HF_HOME: cacheDir },
    () => rejects(resolve(), "unauthorized", /check that the token in .*\/token may read it/),
  );
  await under(
    { HF_HOME: "/nowhere" },
    () =>
      rejects(
        resolve(),
        "unauthorized",
        /set HF_TOKEN to a token .* none was found in HF_TOKEN, HUGGING_FACE_HUB_TOKEN and \/nowhere\/token$/,
      ),
  );
  await under(
    { HF_TOKEN: "hf_é" },
    () => rejects(resolve(), "unauthorized", /the token in HF_TOKEN has/),
  );
});

Deno.test("H3 offline is said by the words and variables that Python's client knows", async () => {
  const cases: [Record<string, string>, string | null][] = [
    [{}, null],
    [{ HF_HUB_OFFLINE: "1" }, "HF_HUB_OFFLINE"],
    [{ TRANSFORMERS_OFFLINE: "1" }, "TRANSFORMERS_OFFLINE"],
    [{ HF_HUB_OFFLINE: "0", TRANSFORMERS_OFFLINE: "1" }, null],
    ...["on", "ON", "Yes", "true"].map((word): [Record<string, string>, string] => [
      { TRANSFORMERS_OFFLINE: word },
      "TRANSFORMERS_OFFLINE",
    ]),
    ...["y", "2", " 1", "offline", "false"].map((word): [Record<string, string>, null] => [
      { HF_HUB_OFFLINE: word },
      null,
    ]),
  ];
  for (const [set, variable] of cases) {
    assert.equal(await under(set, offlineVariable), variable, JSON.stringify(set));
  }
  await using hub = await TestHub.start();
  await under(
    { TRANSFORMERS_OFFLINE: "1" },
    () =>
      rejects(
        hub.resolve(),
        "unreachable",
        /as TRANSFORMERS_OFFLINE is set and neither .*org--name\/main nor .*models--org--name holds/,
      ),
  );
  assert.deepEqual(hub.asked, []);
});

Deno.test("H3 endpoints and timeouts of the environment are taken, or refused in words", async () => {
  assert.equal(await under({}, hubEndpoint), "https://huggingface.co");
  assert.equal(await under({ HF_ENDPOINT: "http://x/" }, hubEndpoint), "http://x/");
  const staging = { HUGGINGFACE_CO_STAGING: "1", HF_ENDPOINT: "http://x" };
  assert.equal(await under(staging, hubEndpoint), "https://hub-ci.huggingface.co");
  const timeout = (value: string) =>
    under({ HF_HUB_DOWNLOAD_TIMEOUT: value }, () => timeoutOf("HF_HUB_DOWNLOAD_TIMEOUT"));
  assert.equal(await timeout(" 30 "), 30_000);
  assert.equal(await timeout("0"), undefined);
  assert.equal(await timeout(""), undefined);
  for (const wrong of ["1.5", "ten", "-3", "1e3"]) {
    await rejects(
      timeout(wrong),
      "name",
      /HF_HUB_DOWNLOAD_TIMEOUT must be a whole number of seconds/,
    );
  }
  await using hub = await TestHub.start();
  hub.trick = () => stalled(bytes("xxxx"), 1);
  await under(
    { HF_HUB_ETAG_TIMEOUT: "1" },
    () => rejects(hub.resolve({ retryDelays: [] }), "unreachable", /no data for 1000 ms/),
  );
  hub.trick = (path) => path === at("config.json") ? stalled(bytes("{   }"), 1) : undefined;
  await under(
    { HF_HUB_DOWNLOAD_TIMEOUT: "1" },
    () => rejects(hub.resolve({ retryDelays: [] }), "unreachable", /no data for 1000 ms/),
  );
});

Deno.test("H3 what is not taken is named: proxies without passwords, and certificates", async () => {
  const set = { HTTPS_PROXY: "http://ann:p@ss@proxy:3128", SSL_CERT_FILE: "/ca.pem" };
  assert.equal(
    await under(set, () => networkNotes("client error (Connect)")),
    " (HTTPS_PROXY is http://proxy:3128, but for the hosts in NO_PROXY)",
  );
  assert.match(
    await under(set, () => networkNotes("invalid peer certificate: UnknownIssuer")),
    /certificates are taken from DENO_CERT and DENO_TLS_CA_STORE, not from SSL_CERT_FILE\)$/,
  );
  assert.equal(await under({}, () => networkNotes("refused")), "");
  assert.doesNotMatch(
    await under({ all_proxy: "ann:secret@proxy:1" }, () => networkNotes("refused")),
    /secret|ann:/,
  );
});
