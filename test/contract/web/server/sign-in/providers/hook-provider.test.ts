import { chmod, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { hookProvider } from "../../../../../../web/server/sign-in/providers/hook-provider.ts";
import type { ReviewedPerson } from "../../../../../../web/server/sign-in/providers/index.ts";
import { CleanupStack } from "../../../../../support/cleanup-stack.ts";
import { openSignInServices } from "../../../../../support/sign-in-services.ts";
import { waitFor } from "../../../../../support/wait-for.ts";
import { openWebFixture, PASSWORD, type WebFixture } from "../../../../../support/web-fixture.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const CONTEXT = { source: { address: "192.0.2.7", port: 4 } };
const ANNA = { name: "anna", password: "s3cr3t päss" };
const UNAVAILABLE = (words: RegExp) => ({ kind: "unavailable", reason: expect.stringMatching(words) });

async function write(name: string, text: string, mode = 0o755): Promise<string> {
  const file = path.join(await cleanup.makeFolder(), name);
  await writeFile(file, text);
  await chmod(file, mode);
  return file;
}

const shell = (...lines: string[]) => write("hook", `#!/bin/sh\n${lines.join("\n")}\n`);
const python = (...lines: string[]) =>
  write(
    "hook.py",
    `#!/usr/bin/env python3\nimport json, os, sys\nasked = json.load(sys.stdin)\n${lines.join("\n")}\n`,
  );
const answer = (value: unknown) => `cat > /dev/null; cat <<'END'\n${JSON.stringify(value)}\nEND`;

async function open(options: Record<string, unknown>) {
  const services = await openSignInServices("hook");
  const provider = hookProvider.open(hookProvider.options.parse(options), services);
  cleanup.add({ stop: () => provider.close?.() ?? Promise.resolve() });
  return { provider, services, signIn: () => provider.signIn!(ANNA, CONTEXT) };
}

const openShell = async (...lines: string[]) => open({ run: await shell(...lines) });

async function isAlive(pidFile: string): Promise<boolean> {
  const pid = Number(await readFile(pidFile, "utf8"));
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/\) Z /.test(stat);
}

describe("a program", () => {
  test("is told what was typed, and nothing of this server's environment", async () => {
    const folder = await cleanup.makeFolder();
    const run = await shell(
      `cat > ${folder}/asked; env > ${folder}/env; pwd > ${folder}/cwd; printf %s "$*" > ${folder}/args`,
      answer({ result: "unknown" }),
    );
    process.env["POSTERN_TEST_SECRET"] = "x";
    cleanup.add({ stop: () => Promise.resolve(void delete process.env["POSTERN_TEST_SECRET"]) });
    const { signIn } = await open({ run: [run, "--site", "a b; touch x"] });
    expect(await signIn()).toEqual({ kind: "unknownPerson" });
    const read = (name: string) => readFile(path.join(folder, name), "utf8");
    expect(JSON.parse(await read("asked"))).toEqual({
      ...{ version: 1, step: "sign-in", ...ANNA, answers: null, state: null },
      ...{ source: "192.0.2.7", provider: "hook", person: null },
    });
    const names = (await read("env")).split("\n").map((line) => line.split("=")[0]);
    expect(
      names.filter((name) => !["", "PATH", "LANG", "PWD", "_", "SHLVL", "OLDPWD"].includes(name!)),
    ).toEqual([]);
    expect(await read("cwd")).toBe("/\n");
    expect(await read("args")).toBe("--site a b; touch x");
  });

  test.each([
    [
      {
        result: "person",
        person: { subject: "7", name: "anna", groups: ["staff"], email: "anna@example.org" },
      },
      {
        kind: "person",
        person: { subject: "7", name: "anna", groups: ["staff"], email: "anna@example.org" },
      },
    ],
    [
      { result: "person", person: { subject: "7", name: "anna" } },
      { kind: "person", person: { subject: "7", name: "anna", groups: [], email: null } },
    ],
    [{ result: "unknown" }, { kind: "unknownPerson" }],
    [{ result: "refused" }, { kind: "refused", user: null }],
    [{ result: "yes" }, UNAVAILABLE(/not as it has to be/)],
    [{ result: "person" }, UNAVAILABLE(/not as it has to be \(person: /)],
    [{ result: "person", person: { subject: "", name: "a" } }, UNAVAILABLE(/person\.subject/)],
    [{ result: "person", person: { subject: "7", name: "a", email: "x" } }, UNAVAILABLE(/person\.email/)],
    [{ result: "ask", ask: { fields: [] } }, UNAVAILABLE(/ask\.fields/)],
    ["person", UNAVAILABLE(/not as it has to be/)],
  ])("answers %j", async (said, result) => {
    const { signIn } = await openShell(answer(said));
    expect(await signIn()).toEqual(result);
  });

  test.each([
    ["exit 3", /ended with code 3/],
    [`echo '{"result":"person","person":{"subject":"7","name":"anna"}}'; exit 1`, /ended with code 1/],
    ["kill -9 $$", /ended with SIGKILL/],
    ["echo yes", /no JSON/],
    [":", /no JSON/],
    [`echo '{"result":"unknown"}'; echo '{"result":"unknown"}'`, /no JSON/],
    ["exec yes", /more than an answer may have/],
    ["exec yes >&2", /in time/],
    ["sleep 60", /in time/],
    ["trap '' TERM INT HUP; while :; do sleep 1; done", /in time/],
  ])("that does %s cannot be asked, and says so in words", async (line, words) => {
    const folder = await cleanup.makeFolder();
    const { signIn, services } = await openShell(`echo $$ > ${folder}/pid`, line);
    const asking = signIn();
    if (words.source === "in time") {
      await waitFor("the hook", async () => (await readFile(`${folder}/pid`, "utf8")) !== "");
      services.clock.advance(10_000);
    }
    expect(await asking).toEqual(UNAVAILABLE(words));
    await waitFor("its end", async () => !(await isAlive(`${folder}/pid`)));
    expect(services.clock.pending).toBe(0);
    // Every line end is two characters of JSON.
    expect(services.logged.join("").length).toBeLessThan(2 * 8192 + 1000);
  });

  test("that has ended is not waited for though a child of its own keeps its output open", async () => {
    const folder = await cleanup.makeFolder();
    const near = await openShell(`sleep 300 & echo $! > ${folder}/near`, answer({ result: "unknown" }));
    expect(await near.signIn()).toEqual({ kind: "unknownPerson" });
    await waitFor("the child's end", async () => !(await isAlive(`${folder}/near`)));

    // One that has left its group lives on, with nobody who listens.
    const far = await openShell(
      `setsid sh -c 'echo $$ > ${folder}/far; exec sleep 300' &`,
      // Until it has left, it ends with the group.
      `while [ ! -s ${folder}/far ]; do sleep 0.01; done`,
      answer({ result: "unknown" }),
    );
    const asking = far.signIn();
    await waitFor("its child", async () => (await readFile(`${folder}/far`, "utf8").catch(() => "")) !== "");
    const pid = Number(await readFile(`${folder}/far`, "utf8"));
    cleanup.add({ stop: () => Promise.resolve(void process.kill(pid, "SIGKILL")) });
    await waitFor("the wait for the rest", () => far.services.clock.pending === 2);
    far.services.clock.advance(500);
    expect(await asking).toEqual({ kind: "unknownPerson" });
    expect(far.services.clock.pending).toBe(0);
  });

  test("that prints what it was told has nothing of it in the log, and no control characters", async () => {
    const run = await python(
      "import base64, urllib.parse",
      'p = asked["password"]',
      'for t in (p, json.dumps(p), base64.b64encode(p.encode()).decode(), urllib.parse.quote_plus(p), "x" * 8190 + p): print(t, file=sys.stderr)',
      'print("\\x1b[2J\\u202e\\x07 why", file=sys.stderr)',
      'print(json.dumps({"result": "unknown"}))',
    );
    const { provider, services } = await open({ run });
    const password = 'p"ä ss\\word';
    await provider.signIn!({ name: "anna", password }, CONTEXT);
    const [line = ""] = services.logged;
    const { stderr } = JSON.parse(line) as { stderr: string };
    expect(stderr.match(/\[hidden\]/g)).toHaveLength(4);
    for (const part of ["word", Buffer.from(password).toString("base64").slice(0, 8), "%C3%A4"])
      expect(line).not.toContain(part);
    expect(stderr.length).toBeLessThanOrEqual(8192);
    const short = await openShell(`printf '\\033[2J\\007 why' >&2`, answer({ result: "unknown" }));
    await short.signIn();
    expect(JSON.parse(short.services.logged[0]!)).toMatchObject({
      ...{ event: "sign-in.hook", provider: "hook" },
      stderr: "\\u{1b}[2J\\u{7} why",
    });
  });

  test("runs four times at once; thirty-two wait, and the next is told to come back", async () => {
    const folder = await cleanup.makeFolder();
    const { signIn, provider, services } = await openShell(`echo x >> ${folder}/runs; sleep 60`);
    const all = Array.from({ length: 36 }, signIn);
    await expect(signIn()).rejects.toMatchObject({ code: "LOGIN_BUSY" });
    const runs = async () => (await readFile(`${folder}/runs`, "utf8").catch(() => "")).length / 2;
    await waitFor("four runs", async () => (await runs()) === 4);
    services.clock.advance(10_000);
    expect(await Promise.all(all)).toEqual(all.map(() => UNAVAILABLE(/in time/)));
    expect(await runs()).toBe(4);
    await provider.close?.();
    expect(await signIn()).toEqual(UNAVAILABLE(/being stopped/));
  });

  test("that others may change is not run, whoever opened it before", async () => {
    const run = await shell(answer({ result: "person", person: { subject: "7", name: "anna" } }));
    const { signIn } = await open({ run });
    expect(await signIn()).toMatchObject({ kind: "person" });
    for (const [target, mode] of [
      [run, 0o775],
      [run, 0o757],
      [path.dirname(run), 0o777],
    ] as const) {
      await chmod(target, mode);
      expect(await signIn()).toEqual(UNAVAILABLE(/Other accounts may write into/));
      const refused = open({ run });
      await expect(refused).rejects.toMatchObject({ code: "SIGN_IN_OPTIONS" });
      await chmod(target, 0o755);
    }
    expect(await signIn()).toMatchObject({ kind: "person" });
    await chmod(run, 0o644);
    await expect(open({ run })).rejects.toThrow(/chmod \+x/);
    await expect(open({ run: `${run}-not` })).rejects.toThrow(/is not there/);
    await expect(open({ run: path.dirname(run) })).rejects.toThrow(/is no file/);
  });

  test("asks for more, and gets the answers to that alone", async () => {
    const run = await python(
      'if asked["answers"] is None: print(json.dumps({"result": "ask", "ask": {"text": {"en": "A word", "fr": "Un mot"}, "state": {"n": 7}, "fields": [{"name": "word", "label": {"en": "Word", "fr": "Mot"}, "kind": "password"}]}}))',
      'elif asked == {**asked, "answers": {"word": "open"}, "state": {"n": 7}, "password": None, "name": "anna"}: print(json.dumps({"result": "person", "person": {"subject": "7", "name": "anna"}}))',
      'else: print(json.dumps({"result": "refused"}))',
    );
    const { signIn, provider } = await open({ run });
    const asked = await signIn();
    if (asked.kind !== "challenge") throw new Error(asked.kind);
    expect(asked.challenge.form).toMatchObject({
      text: { en: "A word", fr: "Un mot" },
      fields: [{ name: "word", kind: "password", label: { en: "Word", fr: "Mot" } }],
    });
    const { state } = asked.challenge;
    const given = { word: "open", more: "x" };
    expect(await provider.proceed!(state, given, CONTEXT)).toMatchObject({ kind: "person" });
    expect(await provider.proceed!(state, { word: "shut" }, CONTEXT)).toMatchObject({ kind: "refused" });
    expect(await provider.proceed!(state, {}, CONTEXT)).toMatchObject({ kind: "refused" });
  });

  test("is tried by the check", async () => {
    const good = await openShell(answer({ result: "unknown" }));
    expect(await good.provider.check!()).toMatchObject({ works: true });
    const bad = await openShell("exit 2");
    expect(await bad.provider.check!()).toMatchObject({
      ...{ works: false },
      text: { en: "It ended with code 2.", fr: "Il s’est terminé par code 2." },
    });
  });
});

describe("a module", () => {
  const module = (text: string, mode?: number) => write("hook.mjs", text, mode ?? 0o644);

  test.each([
    [
      "export default async ({ name }) => ({ result: 'person', person: { subject: '7', name } });",
      { kind: "person" },
    ],
    ["export function signIn() { return { result: 'unknown' }; }", { kind: "unknownPerson" }],
    ["export const other = 1;", UNAVAILABLE(/exports no function/)],
    ["export default () => { throw new Error('s3cr3t'); };", UNAVAILABLE(/^Its function failed\.$/)],
    ["export default () => undefined;", UNAVAILABLE(/no JSON/)],
    ["export default () => { const a = {}; a.a = a; return a; };", UNAVAILABLE(/no JSON/)],
    ["export default () => ({ result: 'unknown', x: 'y'.repeat(70000) });", UNAVAILABLE(/more than/)],
    ["syntax error", UNAVAILABLE(/could not be loaded/)],
  ])("%s", async (text, result) => {
    const { signIn } = await open({ module: await module(text) });
    expect(await signIn()).toMatchObject(result);
  });

  test("that never answers is left after ten seconds, and told so; too many of these are not called again", async () => {
    const counted = globalThis as { hookCalls?: number; hookAborts?: number };
    Object.assign(counted, { hookCalls: 0, hookAborts: 0 });
    const file = await module(
      "export default (_, { signal }) => { hookCalls += 1; signal.addEventListener('abort', () => { hookAborts += 1; }); return new Promise(() => {}); };",
    );
    const { signIn, services } = await open({ module: file });
    for (let calls = 4; calls <= 32; calls += 4) {
      const all = Array.from({ length: 4 }, signIn);
      await waitFor("four calls", () => counted.hookCalls === calls);
      services.clock.advance(10_000);
      expect(await Promise.all(all)).toEqual(all.map(() => UNAVAILABLE(/in time/)));
    }
    expect(await signIn()).toEqual(UNAVAILABLE(/Too many of its calls/));
    expect(counted).toMatchObject({ hookCalls: 32, hookAborts: 32 });
    delete counted.hookCalls;
    delete counted.hookAborts;
  });

  test("that others may change is not loaded", async () => {
    const file = await module("export default () => ({ result: 'unknown' });", 0o666);
    await expect(open({ module: file })).rejects.toThrow(/Other accounts may write/);
  });
});

test.each([
  [{}, /either "run" or "module"/],
  [{ run: "/bin/true", module: "/x.mjs" }, /either "run" or "module"/],
  [{ run: "hook" }, /absolute path/],
  [{ run: ["bin/hook", "x"] }, /absolute path/],
  [{ run: "/bin/true", timeout: 5 }, /timeout/],
  [{ run: "/bin/true", also: false }, /also/],
])("options %j are refused in words", (options, words) => {
  const { error } = hookProvider.options.safeParse(options);
  expect(error?.issues.map(({ path: at, message }) => `${at.join(".")} ${message}`).join()).toMatch(words);
});

describe("a second look", () => {
  const enter = ({ ask }: WebFixture, name: string, password = PASSWORD) =>
    ask("POST", "/api/v1/login", { body: { name, password } });

  /** Says yes to anna, no to ben, and asks admin for a word. */
  const REVIEW = [
    "def say(value): print(json.dumps(value)); sys.exit()",
    'if asked["step"] != "review": say({"result": "unknown"})',
    'if asked["name"] == "ben": say({"result": "refused"})',
    'if asked["name"] == "anna": say({"result": "person", "person": {"groups": ["lab"] if asked["password"] else []}})',
    'if asked["answers"] is None: say({"result": "ask", "ask": {"fields": [{"name": "word", "label": {"en": "Word", "fr": "Mot"}}]}})',
    'say({"result": "unknown" if asked["answers"]["word"] == "open" else "refused"})',
  ];

  test("refuses, adds groups or asks for more, of people whom another provider knows", async () => {
    const run = await python(...REVIEW);
    const web = await openWebFixture({
      signIn: [{ provider: "local" }, { provider: "hook", run, also: true }],
    });
    const { stores, audited } = web.proxy;
    const group = await stores.groups.add({ name: "lab", source: "hook", knownAs: "lab", limits: {} });
    expect(await enter(web, "anna")).toMatchObject({ status: 200, body: { name: "anna" } });
    expect(await stores.groups.listOf(web.annaId, "hook")).toMatchObject([{ id: group.id }]);
    const refused = await enter(web, "ben");
    expect(refused).toMatchObject({ status: 401, body: { code: "LOGIN_REFUSED" } });
    expect(refused.body).toEqual((await enter(web, "ben", "wrong")).body);
    expect(audited).toContainEqual(
      expect.objectContaining({ action: "login.failure", reason: "REVIEW_REFUSED", actorName: "ben" }),
    );

    const asked = await enter(web, "admin");
    expect(asked.status).toBe(202);
    const { id } = (asked.body as { step: { id: string } }).step;
    const reply = (word: string) =>
      web.ask("POST", "/api/v1/login/step", { body: { id, answers: { word } } });
    expect((await reply("shut")).status).toBe(401);
    expect(await reply("open")).toMatchObject({ status: 200, body: { name: "admin", role: "admin" } });
    expect((await reply("open")).status).toBe(410);
  });

  test("that cannot be had lets nobody past, and a wrong password does not get so far", async () => {
    const folder = await cleanup.makeFolder();
    const run = await shell(`echo x >> ${folder}/runs; exit 1`);
    const web = await openWebFixture({
      signIn: [{ provider: "local" }, { provider: "hook", run, also: ["local"] }],
    });
    expect(await enter(web, "anna", "wrong")).toMatchObject({ status: 401 });
    await expect(readFile(`${folder}/runs`)).rejects.toMatchObject({ code: "ENOENT" });
    expect(await enter(web, "anna")).toMatchObject({ status: 503 });
  });

  test("counts for who may enter and as what, where another service says who it is", async () => {
    const who = await shell(
      answer({ result: "person", person: { subject: "7", name: "carl", groups: ["staff"] } }),
    );
    const look = await python('print(json.dumps({"result": "person", "person": {"groups": ["heads"]}}))');
    const first = { provider: "hook", id: "who", run: who, roles: { operator: ["heads"] } };
    const second = { provider: "hook", id: "look", run: look, also: ["who"] };
    const web = await openWebFixture({ signIn: [first, second] });
    expect(await enter(web, "carl")).toMatchObject({ status: 200, body: { role: "operator" } });
    const shut = await openWebFixture({ signIn: [{ ...first, denyGroups: ["heads"] }, second] });
    expect((await enter(shut, "carl")).status).toBe(401);
  });

  test("names whose people it looks at", async () => {
    const run = await shell(answer({ result: "unknown" }));
    const opening = openWebFixture({
      signIn: [{ provider: "local" }, { provider: "hook", run, also: ["ldpa"] }],
    });
    await expect(opening).rejects.toThrow(/"ldpa", which is no other provider/);
  });

  test("is told who it is, by which provider", async () => {
    const folder = await cleanup.makeFolder();
    const { provider } = await open({
      run: await shell(`cat > ${folder}/asked`, answer({ result: "unknown" })),
      also: true,
    });
    const person: ReviewedPerson = {
      ...{
        provider: "ldap",
        subject: "s",
        name: "anna",
        email: "a@example.org",
        groups: ["x"],
        byPasskey: false,
      },
    };
    expect(await provider.review!.begin(person, "pw", CONTEXT)).toEqual({ kind: "agreed", groups: [] });
    expect(JSON.parse(await readFile(`${folder}/asked`, "utf8"))).toEqual({
      ...{ version: 1, step: "review", name: "anna", password: "pw", answers: null, state: null },
      ...{ source: "192.0.2.7", provider: "ldap" },
      person: { subject: "s", email: "a@example.org", groups: ["x"] },
    });
  });
});
