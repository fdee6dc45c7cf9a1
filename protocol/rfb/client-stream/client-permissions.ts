/**
 * Permissions that a session can be denied, besides control as a whole. `in`: towards the desktop, `out`:
 * towards the viewer.
 */
export const PERMISSIONS = ["clipboard-in", "clipboard-out", "power", "resize", "audio", "files"] as const;
export type Permission = (typeof PERMISSIONS)[number];

/**
 * What a viewer may do. `control` and `holdsInput` are read again for each message; `denied` is fixed at the session's
 * start.
 */
export interface ClientPolicy {
  /** False: view only. Keyboard, pointer, clipboard, power and size are blocked. */
  readonly control: boolean;
  readonly denied: ReadonlySet<Permission>;
  /** True: what acts on the desktop is dropped for now, except releases of keys and buttons. */
  readonly holdsInput?: boolean;
}

/** These change the desktop, so a view-only session never has them, whatever else is allowed. */
const PERMISSIONS_WITH_CONTROL: ReadonlySet<Permission> = new Set<Permission>([
  "clipboard-in",
  "power",
  "resize",
]);

/** Files are denied to everybody: the messages that carry them cannot be followed. */
export function isPermissionDenied(policy: ClientPolicy, permission: Permission): boolean {
  if (permission === "files" || policy.denied.has(permission)) return true;
  return !policy.control && PERMISSIONS_WITH_CONTROL.has(permission);
}

/** Whether this policy needs the server's stream parsed: the server sends its clipboard unasked. */
export function mustParseServerStream(policy: ClientPolicy): boolean {
  return isPermissionDenied(policy, "clipboard-out");
}

export function isPermission(text: string): text is Permission {
  return (PERMISSIONS as readonly string[]).includes(text);
}
