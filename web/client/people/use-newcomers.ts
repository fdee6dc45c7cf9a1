import { useEffect, useState } from "preact/hooks";
import type { InvitationRow, SignUpRow } from "../../api/schemas.ts";
import { useApp } from "../state/app-context.ts";

const REFRESH_MS = 30_000;

interface Newcomers {
  readonly invitations: readonly InvitationRow[];
  readonly requests: readonly SignUpRow[];
  readonly refresh: () => void;
}

/** Open invitations, and people who ask for an account. */
export function useNewcomers(): Newcomers {
  const { api } = useApp();
  const [invitations, setInvitations] = useState<readonly InvitationRow[]>([]);
  const [requests, setRequests] = useState<readonly SignUpRow[]>([]);
  const [round, setRound] = useState(0);
  const refresh = () => setRound((count) => count + 1);
  useEffect(() => {
    // What cannot be loaded now is asked for again.
    api.invitations().then(setInvitations, () => undefined);
    api.signUpRequests().then(setRequests, () => undefined);
    const timer = window.setTimeout(refresh, REFRESH_MS);
    return () => window.clearTimeout(timer);
  }, [api, round]);
  return { invitations, requests, refresh };
}
