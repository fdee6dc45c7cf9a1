// Who may import whom. eslint.config.js, .dependency-cruiser.js and docs/architecture.md are checked against this.

/** Top-level packages, and those that each may know. Nobody reaches past another's index.ts. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  proxy: ["protocol"],
  agent: ["protocol"],
  launcher: ["protocol"],
  orchestrator: ["protocol", "proxy"],
  web: ["protocol", "proxy", "orchestrator"],
  bin: ["protocol", "proxy", "agent", "launcher", "orchestrator", "web"],
};

/**
 * The order of the folders in each package, lowest first: what stands in one list knows the lists before it, and
 * nothing of its own list. `.` is what lies in the package's folder itself; an index.ts may know everything below it.
 */
export const LAYERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  protocol: [["."], ["bytes"], ["rfb"], ["tokens"], ["mip1", "mip2"]],
  "protocol/rfb": [
    ["."],
    ["vnc-auth", "rsa-aes", "server-stream", "picture"],
    ["viewer-login", "vnc-server-login", "client-stream"],
  ],
  proxy: [
    ["model"],
    ["state"],
    ["rights"],
    ["audit", "trust", "limits"],
    ["identify"],
    ["listen"],
    ["agents", "mip1"],
    ["pair"],
    ["authenticate"],
    ["prompt"],
    ["relay"],
    ["."],
  ],
  agent: [
    ["agent.ts", "agent-limits.ts", "parse-message.ts"],
    ["reconnect-delay.ts"],
    ["control-state.ts"],
    ["dial"],
    ["enrol"],
    ["serve"],
    ["control-loop.ts"],
    ["start-agent.ts"],
  ],
  launcher: [
    ["model"],
    ["system"],
    ["images"],
    ["disks", "scripts", "gpu", "network"],
    ["argv"],
    ["accel", "qmp", "process", "guest-agent"],
    ["display"],
    ["machine"],
    ["host", "doctor", "demo"],
  ],
  orchestrator: [
    ["orchestrator-events.ts", "orchestrator-errors.ts"],
    ["hosts", "quota"],
    ["disks", "images"],
    ["machines"],
    ["requests", "schedule", "expiry"],
    ["operations"],
    ["open-orchestrator.ts"],
  ],
  web: [["api"], ["server", "client"]],
  "web/server": [
    ["http-errors.ts", "limit-requests.ts"],
    ["sign-in", "listen"],
    ["guard"],
    ["view"],
    ["live"],
    ["profiles", "api-docs", "serve-pages.ts", "viewer-sign-in.ts"],
    ["routes"],
    ["build-app.ts"],
    ["open-web.ts"],
  ],
  "web/client": [
    ["api", "page-route.ts"],
    ["text"],
    ["state"],
    ["live"],
    ["components"],
    ["native", "machine", "rights"],
    ["sign-in"],
    ["wall", "create", "admin", "people", "groups", "account", "header"],
    ["viewer"],
    ["app.tsx"],
    ["main.tsx", "vite.config.ts"],
  ],
  bin: [
    ["setup", "require-node.ts", "terminal"],
    ["programs", "darts", "remote"],
    ["admin-api.ts"],
    ["commands"],
    ["program.ts", "report-failure.ts"],
    ["main.ts"],
  ],
};
