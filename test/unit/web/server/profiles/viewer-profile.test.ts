import { expect, test } from "vitest";
import { nameFile, writeProfile } from "../../../../../web/server/profiles/viewer-profile.ts";

const named = { host: "desk.test", port: 5999 };
const bare = { host: "2001:db8::7", port: 5900 };

test.each([
  ["tigervnc", named, "TigerVNC Configuration file Version 1.0\r\n\r\nServerName=desk.test::5999\r\n"],
  ["tigervnc", bare, "TigerVNC Configuration file Version 1.0\r\n\r\nServerName=[2001:db8::7]::5900\r\n"],
  ["realvnc", named, "ConnMethod=tcp\r\nHost=desk.test::5999\r\n"],
  ["realvnc", bare, "ConnMethod=tcp\r\nHost=[2001:db8::7]::5900\r\n"],
  ["vnc", named, "[connection]\r\nhost=desk.test\r\nport=5999\r\n"],
  ["vnc", bare, "[connection]\r\nhost=2001:db8::7\r\nport=5900\r\n"],
  ["uri", named, "vnc://desk.test:5999\n"],
  ["uri", bare, "vnc://[2001:db8::7]:5900\n"],
] as const)("%s for %j", (format, address, body) => {
  expect(writeProfile(format, address).body).toBe(body);
});

test.each([
  ["lab-1", "lab-1.vnc", "lab-1.vnc"],
  ["Büro 3", "B-ro-3.vnc", "B%C3%BCro%203.vnc"],
  ['a"; filename=evil', "a-filename-evil.vnc", "a%22%3B%20filename%3Devil.vnc"],
  ["..", "desktop.vnc", "...vnc"],
  ["(it's)*", "it-s-.vnc", "%28it%27s%29%2A.vnc"],
  ["\uD800", "desktop.vnc", "%EF%BF%BD.vnc"],
])("a desktop called %s", (desktop, ascii, encoded) => {
  const header = `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
  expect(nameFile(desktop, "vnc")).toBe(header);
});
