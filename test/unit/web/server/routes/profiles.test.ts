import { expect, test } from "vitest";
import { openWebFixture } from "../../../../support/web-fixture.ts";

async function open() {
  const fixture = await openWebFixture();
  const { stores } = fixture.proxy;
  await stores.agents.add({ id: "a1", name: "lab-a1", kind: "agent", publicKey: "k" });
  const { id } = await stores.desktops.publish("a1", "lab-1", null);
  const token = await fixture.proxy.createToken(
    (await stores.desktops.find(id))!,
    "control",
    60,
    fixture.adminId,
  );
  const get = (as?: string, query = "format=tigervnc", desktop = id) =>
    fixture.ask("GET", `/api/v1/desktops/${desktop}/profile?${query}`, { as });
  return { ...fixture, token, get };
}

test("a profile is a file of the desktop's name, with the advertised address and no token", async () => {
  const { get, signIn, token } = await open();
  const answer = await get(await signIn("admin"));
  expect(answer).toMatchObject({
    status: 200,
    headers: {
      "content-type": "application/x-vnc",
      "content-disposition": `attachment; filename="lab-1.tigervnc"; filename*=UTF-8''lab-1.tigervnc`,
      "cache-control": "no-store",
    },
  });
  const text = answer.raw.toString();
  expect(text).toContain("ServerName=desk.test::5900");
  expect(text).not.toContain(token.token);
});

test("a link is one line of text", async () => {
  const { get, signIn } = await open();
  const { headers, raw } = await get(await signIn("admin"), "format=uri");
  expect(raw.toString()).toBe("vnc://desk.test:5900\n");
  expect(headers["content-disposition"]).toBeUndefined();
});

test("nobody gets one without a login, for a desktop that is not there or not theirs, or in a format that is none", async () => {
  const { get, signIn } = await open();
  const [admin, anna] = [await signIn("admin"), await signIn("anna")];
  expect(await get()).toMatchObject({ status: 401, body: { error: { code: "LOGIN_REQUIRED" } } });
  for (const answer of [await get(anna), await get(admin, "format=uri", "nowhere")])
    expect(answer).toMatchObject({ status: 404, body: { error: { code: "DESKTOP_UNKNOWN" } } });
  for (const query of ["", "format=rdp", "format=uri&format=vnc"])
    expect(await get(admin, query)).toMatchObject({
      status: 400,
      body: { error: { code: "INPUT_INVALID" } },
    });
});

test("a server without a port for viewers says so", async () => {
  const { get, signIn, proxy } = await open();
  Object.assign(proxy.advertised, { rfb: null });
  expect(await get(await signIn("admin"))).toMatchObject({
    status: 409,
    body: { error: { code: "VIEWERS_OFF" } },
  });
});
