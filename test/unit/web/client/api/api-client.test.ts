import { afterEach, expect, test, vi } from "vitest";
import { createApi } from "../../../../../web/client/api/api-client.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A server that answers with these codes, one after the other; null: 204. */
function stubServer(codes: readonly (string | null)[]) {
  const asked: string[] = [];
  const left = [...codes];
  vi.stubGlobal("fetch", (path: string, { method, body }: RequestInit) => {
    asked.push([method, path, body].filter((part) => part !== undefined).join(" "));
    const code = left.shift() ?? null;
    const refused = () => Response.json({ error: { code, message: "no" } }, { status: 403 });
    return Promise.resolve(code === null ? new Response(null, { status: 204 }) : refused());
  });
  return asked;
}

function openApi(isConfirmed: boolean) {
  const confirmIdentity = vi.fn(() => Promise.resolve(isConfirmed));
  const onSignedOut = vi.fn();
  return { api: createApi({ confirmIdentity, onSignedOut }), confirmIdentity, onSignedOut };
}

const PATCH = `PATCH /api/v1/users/u-1 {"role":"admin"}`;

test("what needs a confirmation is asked for again once the person has given it", async () => {
  const asked = stubServer(["CONFIRM_REQUIRED", null]);
  const { api, confirmIdentity } = openApi(true);
  await api.changePerson("u-1", { role: "admin" });
  expect(asked).toEqual([PATCH, PATCH]);
  expect(confirmIdentity).toHaveBeenCalledTimes(1);
});

test("who does not confirm it gets the refusal, and nothing is sent again", async () => {
  const asked = stubServer(["CONFIRM_REQUIRED", null]);
  const { api } = openApi(false);
  await expect(api.changePerson("u-1", { role: "admin" })).rejects.toMatchObject({
    code: "CONFIRM_REQUIRED",
  });
  expect(asked).toEqual([PATCH]);
});

test("a server that is not content after it is not asked for ever", async () => {
  const asked = stubServer(["CONFIRM_REQUIRED", "CONFIRM_REQUIRED", null]);
  const { api, confirmIdentity } = openApi(true);
  await expect(api.removeOwnFactor("f/1")).rejects.toMatchObject({ code: "CONFIRM_REQUIRED" });
  expect(asked).toHaveLength(2);
  expect(confirmIdentity).toHaveBeenCalledTimes(1);
});

test("another refusal asks nobody anything", async () => {
  stubServer(["LAST_ADMIN"]);
  const { api, confirmIdentity, onSignedOut } = openApi(true);
  await expect(api.removePerson("u-1")).rejects.toMatchObject({ code: "LAST_ADMIN", status: 403 });
  expect(confirmIdentity).not.toHaveBeenCalled();
  expect(onSignedOut).not.toHaveBeenCalled();
});
