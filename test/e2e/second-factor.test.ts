// An administrator who has to have a second factor: made at the first sign-in, lost, and reset on the server.
import { once } from "node:events";
import https from "node:https";
import { json } from "node:stream/consumers";
import { afterAll, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { runPostern, startServerProgram } from "../support/postern.ts";
import { readTotpCode } from "../support/totp-app.ts";
import { readFirstLogin } from "./browser-steps.ts";

const cleanup = new CleanupStack();
afterAll(() => cleanup.close());

interface Answer {
  readonly name?: string;
  readonly error?: { readonly code: string };
  readonly step?: {
    readonly id: string;
    readonly form: { readonly totp?: { readonly uri: string }; readonly recoveryCodes?: readonly string[] };
  };
}

test("a required factor is made at the sign-in, asked for at the next, and reset on the command line", async () => {
  const server = await startServerProgram(cleanup, { args: ["--require-factor-for", "admin,operator"] });
  const post = async (to: string, body: object): Promise<Answer> => {
    const request = https.request(`${server.origin}/api/v1${to}`, {
      ...{ method: "POST", rejectUnauthorized: false, agent: false },
      headers: { "content-type": "application/json", "sec-fetch-site": "same-origin" },
    });
    request.end(JSON.stringify(body));
    const [response] = (await once(request, "response")) as [NodeJS.ReadableStream];
    return (await json(response)) as Answer;
  };
  const first = readFirstLogin(server);
  const begin = () => post("/login", first);
  const proceed = (answer: Answer, answers: object) => post("/login/step", { id: answer.step?.id, answers });

  const asked = await begin();
  const shown = await proceed(asked, { code: readTotpCode(asked.step!.form.totp!.uri, Date.now()) });
  const [recovery] = shown.step!.form.recoveryCodes!;
  expect(await proceed(shown, {})).toMatchObject({ name: first.name });

  const again = await begin();
  expect(again.step?.form.totp).toBeUndefined();
  expect(await proceed(again, { code: "000000" })).toMatchObject({ error: { code: "FACTOR_WRONG" } });
  expect(await proceed(again, { recovery })).toMatchObject({ name: first.name });

  expect(await server.ask("user", "reset-factors", first.name)).toMatchObject({ name: first.name });
  expect((await begin()).step?.form.totp?.uri).toContain("otpauth://totp/");
});

test("a role that does not exist is told at once", async () => {
  const { code, stderr } = await runPostern([
    ...["server", "--require-factor-for", "admin,chief", "--data", await cleanup.makeFolder()],
  ]);
  expect(code).toBe(2);
  expect(stderr).toContain('There is no role "chief". Choose from: user, operator, admin, auditor.');
});
