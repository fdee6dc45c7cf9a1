import { useEffect, useRef, useState } from "preact/hooks";
import type { TokenRights } from "../api/api.ts";
import { explainError } from "../api/api-error.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { useApp, useText, useWall } from "../state/context.ts";
import { splitAddress, viewerCommand, viewerUrl } from "./address.ts";
import { EVERYTHING } from "./allowance.ts";
import { Allowances } from "./allowances.tsx";
import { changeToken, obtainToken, withdrawToken, type HeldToken } from "./held-tokens.ts";
import { LifeRing } from "./life-ring.tsx";
import { Profiles } from "./profiles.tsx";
import { Qr } from "./qr.tsx";
import { groupToken, spellToken } from "./spell-token.ts";

interface NativeSheetProps {
  readonly desktopId: string;
  readonly name: string;
  readonly onClose: () => void;
}

type Phase =
  | { readonly phase: "asking" }
  | { readonly phase: "ready"; readonly token: HeldToken }
  | { readonly phase: "withdrawn" }
  | { readonly phase: "failed"; readonly reason: string };

function TokenSheet({
  desktopId,
  token,
  changing,
  onChange,
  onFresh,
  onWithdraw,
}: {
  desktopId: string;
  token: HeldToken;
  changing: boolean;
  onChange: (allowance: TokenRights) => void;
  onFresh: () => void;
  onWithdraw: () => void;
}) {
  const { native } = useText();
  const address = token.address === null ? null : splitAddress(token.address);
  if (token.address === null || address === null) return <p>{native.noListener}</p>;
  const command = viewerCommand(address);
  return (
    <>
      <p class="lead">{native.lead}</p>
      <div class="native">
        <div class="native-facts">
          <div class="fact">
            <h3>{native.address}</h3>
            <div class="fact-row">
              <code class="address">{token.address}</code>
              <CopyButton value={token.address} label={native.copyAddress} />
            </div>
          </div>
          <div class="fact">
            <h3>{native.token}</h3>
            <div class="fact-row">
              <span class="token">
                <span class="unseen">{spellToken(token.token)}</span>
                {groupToken(token.token).map((group, index) => (
                  <span key={index} aria-hidden="true">
                    {group}
                  </span>
                ))}
              </span>
              <CopyButton value={token.token} label={native.copyToken} />
            </div>
            <LifeRing madeAt={token.madeAt} expiresAt={token.expiresAt} />
          </div>
          <Allowances allowance={token} busy={changing} onChange={onChange} />
          <div class="fact">
            <h3>{native.command}</h3>
            <div class="fact-row">
              <code>{command}</code>
              <CopyButton value={command} label={native.copyCommand} />
            </div>
          </div>
          <Profiles desktopId={desktopId} address={address} />
        </div>
        <figure class="native-qr">
          <Qr value={viewerUrl(address)} />
          <figcaption>{native.qrHint}</figcaption>
        </figure>
      </div>
      <p class="fine">{native.unencrypted}</p>
      <div class="dialog-actions">
        <button type="button" class="button quiet" onClick={onWithdraw}>
          {native.withdraw}
        </button>
        <button type="button" class="button" onClick={onFresh}>
          {native.fresh}
        </button>
      </div>
    </>
  );
}

/** Address, token and QR code for a VNC viewer outside the browser. */
export function NativeSheet({ desktopId, name, onClose }: NativeSheetProps) {
  const { api } = useApp();
  const text = useText();
  const listens = useWall((state) => state.service?.rfb !== null);
  const [phase, setPhase] = useState<Phase>({ phase: "asking" });
  const [changing, setChanging] = useState(false);
  /** A new token allows what the last one did. */
  const wanted = useRef<TokenRights>(EVERYTHING);

  const fail = (error: unknown) => setPhase({ phase: "failed", reason: explainError(error, text) });
  const ask = (fresh: boolean) => {
    obtainToken(api, desktopId, fresh, wanted.current).then((token) => {
      wanted.current = token;
      setPhase({ phase: "ready", token });
    }, fail);
  };
  const change = (token: HeldToken, allowance: TokenRights) => {
    wanted.current = allowance;
    setChanging(true);
    changeToken(api, desktopId, token, allowance)
      .then((changed) => setPhase({ phase: "ready", token: changed }), fail)
      .finally(() => setChanging(false));
  };
  useEffect(() => {
    if (listens) ask(false);
  }, [desktopId, listens]);

  return (
    <Dialog title={text.native.title(name)} size="wide" onClose={onClose}>
      {!listens && <p>{text.native.noListener}</p>}
      {listens && phase.phase === "asking" && <p role="status">{text.loading}</p>}
      {phase.phase === "failed" && (
        <p class="fault" role="alert">
          {phase.reason}
        </p>
      )}
      {(phase.phase === "withdrawn" || phase.phase === "failed") && (
        <>
          {phase.phase === "withdrawn" && <p role="status">{text.native.withdrawn}</p>}
          <div class="dialog-actions">
            <button type="button" class="button" onClick={() => ask(true)}>
              {text.native.fresh}
            </button>
          </div>
        </>
      )}
      {phase.phase === "ready" && (
        <TokenSheet
          desktopId={desktopId}
          token={phase.token}
          changing={changing}
          onChange={(allowance) => change(phase.token, allowance)}
          onFresh={() => ask(true)}
          onWithdraw={() => {
            withdrawToken(api, desktopId, phase.token.id).then(() => setPhase({ phase: "withdrawn" }), fail);
          }}
        />
      )}
    </Dialog>
  );
}
