import type { Agent, Desktop, Image, Machine, Session } from "../../web/api/schemas.ts";

/** The stub's world at its start: one machine in each state, desktops, images, hosts and sessions. */
const MINUTE = 60_000;

export function firstImages(): Image[] {
  return [
    {
      id: "memtest86plus",
      title: "Memtest86+ 6.10",
      description: "Tests the memory. Starts in a second, needs no disk.",
      memoryMb: { default: 256, min: 64 },
      cpus: { default: 1, min: 1 },
      available: true,
    },
    {
      id: "debian-installer",
      title: "Debian 12 installer",
      description: "The graphical installer: a Debian of your own in twenty minutes.",
      memoryMb: { default: 2048, min: 1024 },
      cpus: { default: 2, min: 1 },
      diskGb: { default: 20, min: 10 },
      displays: ["std", "virtio", "qxl"],
      networks: ["none", "isolated", "internet"],
      script: "cloud-init",
      available: true,
    },
    {
      id: "fedora-workstation",
      title: "Fedora Workstation",
      description: "A complete GNOME desktop.",
      memoryMb: { default: 4096, min: 4096 },
      cpus: { default: 2, min: 2 },
      available: false,
      reason: "Its disk image is missing on rack-2.",
    },
  ];
}

export function machine(
  id: string,
  name: string,
  state: Machine["state"],
  extra: Partial<Machine> = {},
): Machine {
  const now = Date.now();
  const on = ["booting", "running", "paused", "stopping"].includes(state);
  return {
    ...{
      id,
      name,
      image: "debian-installer",
      imageTitle: "Debian 12 installer",
      owner: "ada",
      access: "manage",
      state,
    },
    ...{
      reachable: true,
      reason: null,
      cause: null,
      accel: "kvm",
      cpus: 2,
      memoryMb: 2048,
      createdAt: now - 90 * MINUTE,
      since: now - 12 * MINUTE,
    },
    ...{
      diskGb: null,
      dataDisk: null,
      gpu: "none",
      network: null,
      display: null,
      keymap: null,
      master: false,
    },
    ...{ oneShot: false, lifetimeSeconds: null, expiresAt: null, expiresSoon: false, ending: false },
    ...{ saved: false, powerOffAt: null, progress: null, tried: [], credential: true },
    ...{ desktop: name, desktopId: on ? `d-${id}` : null, screens: [], host: "rack-2", viewers: 0 },
    ...extra,
  };
}

export function firstMachines(): Machine[] {
  const now = Date.now();
  const memtest: Partial<Machine> = {
    image: "memtest86plus",
    imageTitle: "Memtest86+ 6.10",
    cpus: 1,
    memoryMb: 256,
    accel: "tcg",
  };
  return [
    machine("m1", "spectra-analysis", "running", { viewers: 2, createdAt: now - 1 * MINUTE }),
    machine("m2", "memory-check", "running", { ...memtest, createdAt: now - 2 * MINUTE }),
    machine("m3", "lab-course-07", "booting", { createdAt: now - 3 * MINUTE, since: now - 4000 }),
    machine("m8", "protein-folding", "paused", {
      createdAt: now - 2.5 * MINUTE,
      lifetimeSeconds: 28_800,
      expiresAt: now + 154 * MINUTE,
    }),
    machine("m9", "exam-desk", "running", {
      ...{ createdAt: now - 2.6 * MINUTE, oneShot: true, lifetimeSeconds: 7200, expiresSoon: true },
      expiresAt: now + 11.5 * MINUTE,
    }),
    machine("m10", "long-simulation", "saving", { createdAt: now - 2.7 * MINUTE, progress: 0.42 }),
    machine("m11", "field-notes", "stopped", { createdAt: now - 2.8 * MINUTE, saved: true }),
    machine("m4", "thesis-figures", "stopped", { createdAt: now - 4 * MINUTE, since: now - 1500 * MINUTE }),
    machine("m5", "gpu-trial", "failed", {
      createdAt: now - 5 * MINUTE,
      reason: "The host has no room for another 64 GB of memory. Choose a smaller size, or try again later.",
    }),
    machine("m6", "render-queue", "queued", {
      createdAt: now - 6 * MINUTE,
      since: now - 2000,
      reason: "No host has room for it now. It starts as soon as one has.",
      tried: [
        { host: "rack-2", why: "memory 1.2 of 4 GB free" },
        { host: "rack-3", why: "down since 10:02 UTC" },
      ],
    }),
    machine("m7", "old-kernel", "stopping", {
      ...{ ...memtest, createdAt: now - 7 * MINUTE, since: now - 3000 },
      powerOffAt: now + 27_000,
    }),
  ];
}

export function firstDesktops(): Desktop[] {
  const bench = { id: "a1", name: "plant-gateway" };
  return [
    {
      id: "d1",
      name: "Test bench 3",
      agent: bench,
      machineId: null,
      state: "online",
      access: "manage",
      viewers: 1,
    },
    {
      id: "d2",
      name: "Microscope",
      agent: { id: "a2", name: "lab-pc" },
      machineId: null,
      access: "manage",
      state: "offline",
      viewers: 0,
    },
  ];
}

export function firstAgents(): Agent[] {
  const now = Date.now();
  return [
    {
      id: "a1",
      name: "plant-gateway",
      kind: "agent",
      state: "online",
      admitted: false,
      lastSeenAt: now,
      clones: 0,
    },
    { id: "h1", name: "rack-2", kind: "host", state: "online", admitted: true, lastSeenAt: now, clones: 0 },
    { id: "h2", name: "rack-3", kind: "host", state: "online", admitted: false, lastSeenAt: now, clones: 0 },
    {
      id: "a2",
      name: "lab-pc",
      kind: "agent",
      state: "offline",
      admitted: false,
      lastSeenAt: now - 190 * MINUTE,
      clones: 0,
    },
  ];
}

export function firstSessions(): Session[] {
  const now = Date.now();
  const row = (index: number, extra: Partial<Session>): Session => ({
    ...{
      id: `s${index}`,
      name: "spectra-analysis",
      desktopId: "d-m1",
      state: "open",
      method: "ticket",
      denied: [],
    },
    ...{
      transport: "websocket",
      person: "ada",
      role: "control",
      source: `192.0.2.${10 + index}`,
      cause: null,
      endedAt: null,
    },
    ...{ startedAt: now - index * 7 * MINUTE, bytesToViewer: 48_200_000 * index, bytesToServer: 91_000 },
    ...extra,
  });
  return [
    row(1, {}),
    row(2, { role: "view", name: "Test bench 3" }),
    row(3, {
      state: "closed",
      endedAt: now - 10 * MINUTE,
      cause: "VIEWER_LEFT",
      method: "token",
      transport: "rfb",
    }),
    row(4, { state: "closed", endedAt: now - 20 * MINUTE, cause: "DESKTOP_ENDED", name: "memory-check" }),
  ];
}
