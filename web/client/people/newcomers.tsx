import { useState } from "preact/hooks";
import { useText } from "../state/app-context.ts";
import { InvitationsDialog } from "./invitations-dialog.tsx";
import { RequestsDialog } from "./requests-dialog.tsx";
import type { useNewcomers } from "./use-newcomers.ts";

interface NewcomersProps extends ReturnType<typeof useNewcomers> {
  readonly administers: boolean;
  /** There is a new account. */
  readonly onAdmitted: () => void;
}

/** How many people ask for an account, and how many are invited; each opens its list. */
export function Newcomers({ invitations, requests, refresh, administers, onAdmitted }: NewcomersProps) {
  const { newcomers: text } = useText();
  const [open, setOpen] = useState<"invitations" | "requests" | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      {requests.length + invitations.length > 0 && (
        <div class="newcomers">
          {requests.length > 0 && (
            <button type="button" class="button" onClick={() => setOpen("requests")}>
              <span class="dot" aria-hidden="true" />
              {text.waiting(requests.length)}
            </button>
          )}
          {invitations.length > 0 && (
            <button type="button" class="button quiet" onClick={() => setOpen("invitations")}>
              {text.openInvitations(invitations.length)}
            </button>
          )}
        </div>
      )}
      {open === "invitations" && (
        <InvitationsDialog
          invitations={invitations}
          canRevoke={administers}
          onChanged={refresh}
          onClose={close}
        />
      )}
      {open === "requests" && (
        <RequestsDialog
          requests={requests}
          canAnswer={administers}
          onChanged={() => {
            refresh();
            onAdmitted();
          }}
          onClose={close}
        />
      )}
    </>
  );
}
