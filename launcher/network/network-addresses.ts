/**
 * The small network between a machine's namespace and slirp4netns, which carries its connections out. It is not the
 * guest's own, which is QEMU's usual 10.0.2.0/24; its range is set aside for measurements (RFC 2544) and thus rare.
 */
export const SLIRP_NETWORK = {
  network: "198.19.255.0/24",
  /** The host's loopback, where the administrator allows it. */
  host: "198.19.255.2",
  /** Answers names by asking the host's resolver. */
  dns: "198.19.255.3",
  /** The namespace's own address. */
  self: "198.19.255.100",
  /** slirp4netns has this network and no other for IPv6. */
  network6: "fd00::/64",
  host6: "fd00::2",
} as const;

/** Networks of QEMU for guests; the second where the administrator allows guests into the real first one. */
export const GUEST_NETWORKS = ["10.0.2.0/24", "198.18.254.0/24"] as const;
