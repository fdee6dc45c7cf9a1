import type { Desktop, Machine, Session } from "../../../../web/api/schemas.ts";

export const makeMachine = (change: Partial<Machine> = {}): Machine => ({
  id: "m1",
  name: "memtest",
  image: "memtest86plus",
  imageTitle: "Memtest86+",
  owner: "ada",
  state: "running",
  reason: null,
  accel: "kvm",
  cpus: 1,
  memoryMb: 256,
  createdAt: 1_000,
  since: 1_000,
  desktop: "memtest",
  desktopId: "d-m1",
  host: "rack-2",
  viewers: 0,
  ...change,
});

export const makeDesktop = (change: Partial<Desktop> = {}): Desktop => ({
  id: "d1",
  name: "office",
  agent: { id: "a1", name: "lab" },
  machineId: null,
  state: "online",
  viewers: 0,
  ...change,
});

export const makeSession = (change: Partial<Session> = {}): Session => ({
  id: "s1",
  name: "office",
  desktopId: "d1",
  state: "open",
  method: "ticket",
  transport: "websocket",
  role: "control",
  denied: [],
  source: "192.0.2.1",
  startedAt: 1_000,
  endedAt: null,
  cause: null,
  bytesToViewer: 10,
  bytesToServer: 1,
  ...change,
});
