import { describe, expect, it } from "vitest";
import { buildHostCommand, buildJoinCommand } from "../../../../../web/client/admin/host-commands.ts";

const service = {
  fingerprint: "ab12",
  web: { host: "postern.example", port: 8443 },
  rfb: null,
  viewerFingerprint: "00-11-22-33-44-55-66-77",
  joinCommand: null,
};

describe("hostCommand", () => {
  it("brings an agent in, with the secret in its environment", () => {
    const command = buildHostCommand("publish", service, "s3cret");
    expect(command.replaceAll(/\s*\\\n\s*/g, " ")).toBe(
      "POSTERN_JOIN=s3cret bin/postern agent --proxy postern.example:8443 --fingerprint ab12 " +
        "--data ~/.postern-agent --desktop office=tcp:127.0.0.1:5901",
    );
  });

  it("brings a host in, also over IPv6", () => {
    const command = buildHostCommand("machines", { ...service, web: { host: "::1", port: 443 } }, "s3cret");
    expect(command).toContain("postern host");
    expect(command).toContain("--proxy '[::1]:443'");
    expect(command).toContain("--data /var/lib/postern-host");
  });
});

it("a join secret is for one of the two, by the command that the server names", () => {
  const command = "postern join create --data /srv/postern --json";
  expect(buildJoinCommand("publish", command)).toBe(command);
  expect(buildJoinCommand("machines", command)).toBe(`${command} --host --admit`);
});
