/** Everything that the audit log may tell of. */
export const AUDIT_ACTIONS = [
  "audit.checkpoint",
  "audit.read",
  "audit.repair",
  "server.start",
  "server.stop",
  "session.start",
  "session.end",
  "session.refuse",
  "session.terminate",
  "agent.enrol",
  "agent.connect",
  "agent.disconnect",
  "agent.refuse",
  "agent.revoke",
  "agent.rotate",
  "agent.clone",
  "token.create",
  "token.change",
  "token.revoke",
  "ticket.create",
  "join.create",
  "repeater.create",
  "login.success",
  "login.failure",
  "logout",
  "user.create",
  "user.password",
  "machine.create",
  "machine.start",
  "machine.stop",
  "machine.remove",
  "machine.look",
  "disk.remove",
  "disk.move",
  "desktop.remove",
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export function isAuditAction(text: string): text is AuditAction {
  return (AUDIT_ACTIONS as readonly string[]).includes(text);
}
