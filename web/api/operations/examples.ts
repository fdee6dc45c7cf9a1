/** Things that the examples of several routes show. Ids and times are of one small world. */
export const ID = {
  machine: "0d9a1f52-7a70-4b7a-9d55-0f6c3a1c2b10",
  desktop: "5b1c7a0e-2f4d-4c4e-8e0e-6f9f4a7d1e21",
  token: "8f3d2b6a-9c1e-4d0b-a3f7-2e5c6b7a8d32",
  user: "c2b7e4d1-3a5f-4e6c-9b8a-1d2e3f4a5b43",
  login: "71b0c9d8-e7f6-4a5b-8c3d-2e1f0a9b8c54",
  factor: "6b5a4938-2716-4f05-8e4d-3c2b1a099887",
  apiToken: "3e4f5a6b-7c8d-4e9f-8a1b-2c3d4e5f6a65",
  invitation: "2d6c5b4a-3928-4170-8f6e-5d4c3b2a1f76",
  signUp: "1c5b4a39-2817-4060-9e5d-4c3b2a190e87",
  group: "4d3c2b1a-0f9e-4d8c-b7a6-95847362514f",
  agent: "agent-7f3a",
  session: "9a8b7c6d-5e4f-4a3b-9c2d-1e0f9a8b7c76",
} as const;

const CREATED = 1_790_000_000_000;
const LATER = CREATED + 3_600_000;

export const MACHINE_EXAMPLE = {
  oneShot: false,
  id: ID.machine,
  name: "lab-1",
  image: "debian-desktop",
  imageTitle: "Debian desktop",
  owner: "anna",
  access: "manage",
  state: "running",
  reachable: true,
  reason: null,
  cause: null,
  accel: "kvm",
  cpus: 2,
  memoryMb: 2048,
  diskGb: 20,
  dataDisk: null,
  gpu: "none",
  network: "internet",
  display: "virtio",
  keymap: null,
  master: false,
  lifetimeSeconds: 28_800,
  expiresAt: CREATED + 28_800_000,
  expiresSoon: false,
  ending: false,
  saved: false,
  powerOffAt: null,
  progress: null,
  tried: [],
  credential: true,
  createdAt: CREATED,
  since: CREATED + 20_000,
  desktop: "lab-1",
  desktopId: ID.desktop,
  screens: [],
  host: null,
  viewers: 0,
};
export const QUEUED_MACHINE_EXAMPLE = { ...MACHINE_EXAMPLE, state: "queued", accel: null, desktopId: null };

export const DESKTOP_EXAMPLE = {
  id: ID.desktop,
  name: "lab-1",
  agent: { id: ID.agent, name: "" },
  machineId: ID.machine,
  state: "online",
  access: "manage",
  viewers: 0,
};

export const TOKEN_ROW_EXAMPLE = {
  id: ID.token,
  name: "lab-1",
  desktop: "lab-1",
  role: "view",
  denied: ["clipboard-out"],
  expiresAt: LATER,
  state: "open",
};

export const USER_EXAMPLE = {
  id: ID.user,
  name: "ben",
  role: "user",
  state: "enabled",
  provider: "local",
  email: "ben@example.org",
  createdAt: CREATED,
  lastLoginAt: null,
};

export const LOGIN_ROW_EXAMPLE = {
  id: ID.login,
  address: "192.0.2.7",
  browser: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  createdAt: CREATED,
  lastSeenAt: CREATED,
  expiresAt: CREATED + 43_200_000,
  current: true,
};

export const API_TOKEN_ROW_EXAMPLE = {
  id: ID.apiToken,
  name: "nightly tests",
  scopes: ["read", "machines"],
  sources: ["192.0.2.0/24"],
  createdAt: CREATED,
  expiresAt: CREATED + 2_592_000_000,
  lastUsedAt: null,
};
const API_TOKEN_VALUE_EXAMPLE = `pst_${"x".repeat(43)}`;
export const CREATED_API_TOKEN_EXAMPLE = { ...API_TOKEN_ROW_EXAMPLE, token: API_TOKEN_VALUE_EXAMPLE };
export const API_TOKEN_REQUEST_EXAMPLE = {
  name: "nightly tests",
  scopes: ["read", "machines"],
  ttlSeconds: 2_592_000,
  sources: ["192.0.2.0/24"],
};

export const HOST_EXAMPLE = {
  id: ID.agent,
  name: "rack-2",
  state: "online",
  lastSeenAt: CREATED,
  admitted: true,
  drained: false,
  machines: 3,
  facts: {
    cpus: 16,
    memoryMb: { total: 65_536, free: 40_000 },
    diskMb: { total: 900_000, free: 500_000 },
    load: 0.3,
    instances: { running: 3, max: 20 },
    accel: "kvm",
    gpus: [],
    dataDisks: ["anna/home"],
  },
};

export const AGENT_EXAMPLE = {
  id: ID.agent,
  name: "rack-2",
  kind: "host",
  state: "online",
  admitted: true,
  lastSeenAt: CREATED,
  clones: 0,
};

export const SESSION_EXAMPLE = {
  id: ID.session,
  name: "lab-1",
  desktopId: ID.desktop,
  state: "open",
  method: "ticket",
  transport: "websocket",
  person: "anna",
  role: "control",
  denied: [],
  source: "192.0.2.7",
  startedAt: CREATED,
  endedAt: null,
  cause: null,
  bytesToViewer: 1_048_576,
  bytesToServer: 4_096,
};

export const IMAGE_EXAMPLE = {
  id: "debian-desktop",
  title: "Debian desktop",
  description: "A desktop with a browser.",
  memoryMb: { default: 2048, min: 1024 },
  cpus: { default: 2, min: 1 },
  diskGb: { default: 20, min: 10 },
  available: true,
};

export const SNAPSHOT_EXAMPLE = {
  name: "before the update",
  createdAt: CREATED,
  withMemory: true,
  bytes: 734_003_200,
};

export const TIMES_EXAMPLE = { created: CREATED, later: LATER } as const;
const SIGN_IN_FIELD_EXAMPLE = {
  name: "code",
  kind: "text",
  label: { en: "Code", fr: "Code" },
  missing: { en: "Enter the code.", fr: "Saisissez le code." },
  autocomplete: "one-time-code",
  maxLength: 16,
};
export const SIGN_IN_STEP_EXAMPLE = {
  step: {
    id: "s".repeat(43),
    form: {
      fields: [SIGN_IN_FIELD_EXAMPLE],
      buttons: [{ label: { en: "Sign in", fr: "Se connecter" }, href: null }],
    },
  },
};
