/** What a session may be denied, beside control as a whole. `in` is towards the desktop, `out` towards the viewer. */
export const PERMISSIONS = ["clipboard-in", "clipboard-out", "power", "resize", "audio", "files"] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** What a viewer may do; `control` is read again for each message, `denied` counts from the session's start. */
export interface ClientPolicy {
  /** False: look only. Keyboard, pointer, clipboard, power and size stay with others. */
  readonly control: boolean;
  readonly denied: ReadonlySet<Permission>;
}

/** These change the desktop, so that those who only look do not have them whatever else is allowed. */
const PERMISSIONS_WITH_CONTROL: ReadonlySet<Permission> = new Set<Permission>([
  "clipboard-in",
  "power",
  "resize",
]);

/** Files are denied to everybody: no message that carries them can be followed. */
export function isPermissionDenied(policy: ClientPolicy, permission: Permission): boolean {
  if (permission === "files" || policy.denied.has(permission)) return true;
  return !policy.control && PERMISSIONS_WITH_CONTROL.has(permission);
}

/** Whether the server's stream has to be read for this policy: its clipboard comes unasked. */
export function mustParseServerStream(policy: ClientPolicy): boolean {
  return isPermissionDenied(policy, "clipboard-out");
}

export function isPermission(text: string): text is Permission {
  return (PERMISSIONS as readonly string[]).includes(text);
}
