import { expect, test } from "vitest";
import { childEnvironment } from "../../../../launcher/system/child-process.ts";

test("children learn where things are, and no secret of ours", () => {
  const places = { PATH: "/usr/bin", HOME: "/root", LANG: "C", LC_ALL: "C.UTF-8", TMPDIR: "/var/tmp" };
  const secrets = {
    POSTERN_JOIN: "join",
    POSTERN_DATABASE: "postgres://user:password@host/db",
    POSTERN_HTTP_PROXY: "http://user:password@host:3128",
    HTTPS_PROXY: "http://user:password@host:3128",
    PGPASSWORD: "password",
    ANYTHING_ELSE: "?",
  };
  expect(childEnvironment({ ...places, ...secrets })).toEqual(places);
});
