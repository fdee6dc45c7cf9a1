/**
 * Why a sign-in by another site came to nothing: the code that the server sent the browser back with. It leaves the address, so that it
 * is said once.
 */
export function takeRefusal(): string | null {
  const code = new URLSearchParams(location.search).get("refused");
  if (code !== null) history.replaceState(null, "", location.pathname);
  return code;
}
