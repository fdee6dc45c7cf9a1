const SECRET = /^#([\w-]{43})$/;

/** The secret of an invitation's link; the address is without it from then on, and so is the browser's history. */
export function takeInvitation(): string | null {
  const [, secret] = SECRET.exec(location.hash) ?? [];
  if (secret === undefined) return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  return secret;
}
