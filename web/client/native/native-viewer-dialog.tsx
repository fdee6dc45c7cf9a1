import { useEffect, useRef, useState } from "preact/hooks";
import type { TokenRights } from "../api/api-client.ts";
import { explainError } from "../text/explain-error.ts";
import { CopyButton } from "../components/copy-button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { useApp, useText, useWall } from "../state/app-context.ts";
import { parseViewerAddress, buildViewerCommand, buildViewerUrl } from "./viewer-address.ts";
import { ALL_RIGHTS, WATCH_RIGHTS } from "./token-rights.ts";
import { TokenRightsFields } from "./token-rights-fields.tsx";
import { changeToken, obtainToken, revokeToken, type CachedToken } from "./token-cache.ts";
import { TokenLifetime } from "./token-lifetime.tsx";
import { ConnectionFiles } from "./profiles.tsx";
import { QrCode } from "./qr-code.tsx";
import { groupToken, spellToken } from "./format-token.ts";

interface NativeViewerDialogProps {
  readonly desktopId: string;
  readonly name: string;
  /** The caller may not do more, nor may the token. */
  readonly watchOnly: boolean;
  readonly onClose: () => void;
}

type TokenRequestState =
  | { readonly phase: "asking" }
  | { readonly phase: "ready"; readonly token: CachedToken }
  | { readonly phase: "withdrawn" }
  | { readonly phase: "failed"; readonly reason: string };

function TokenDetails({
  desktopId,
  token,
  changing,
  watchOnly,
  onChange,
  onFresh,
  onWithdraw,
}: {
  desktopId: string;
  token: CachedToken;
  changing: boolean;
  watchOnly: boolean;
  onChange: (rights: TokenRights) => void;
  onFresh: () => void;
  onWithdraw: () => void;
}) {
  const { native } = useText();
  const fingerprint = useWall((state) => state.service?.viewerFingerprint);
  const address = token.address === null ? null : parseViewerAddress(token.address);
  if (token.address === null || address === null) return <p>{native.noListener}</p>;
  const command = buildViewerCommand(address);
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
            <p class="fine">{native.tokenHint}</p>
            <TokenLifetime createdAt={token.createdAt} expiresAt={token.expiresAt} />
          </div>
          {fingerprint !== undefined && (
            <div class="fact">
              <h3>{native.shows}</h3>
              <code class="viewer-digits">{fingerprint}</code>
              <p class="fine">
                {native.showsHint} {native.unencrypted}
              </p>
            </div>
          )}
          <TokenRightsFields rights={token} watchOnly={watchOnly} busy={changing} onChange={onChange} />
          <div class="fact">
            <h3>{native.command}</h3>
            <div class="fact-row">
              <code>{command}</code>
              <CopyButton value={command} label={native.copyCommand} />
            </div>
          </div>
          <ConnectionFiles desktopId={desktopId} address={address} />
        </div>
        <figure class="native-qr">
          <QrCode value={buildViewerUrl(address)} label={native.qr} />
          <figcaption>{native.qrHint}</figcaption>
        </figure>
      </div>
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
export function NativeViewerDialog({ desktopId, name, watchOnly, onClose }: NativeViewerDialogProps) {
  const { api } = useApp();
  const text = useText();
  const listens = useWall((state) => state.service?.rfb !== null);
  const [phase, setPhase] = useState<TokenRequestState>({ phase: "asking" });
  const [changing, setChanging] = useState(false);
  /** A new token gets the permissions of the last one. */
  const wanted = useRef<TokenRights>(watchOnly ? WATCH_RIGHTS : ALL_RIGHTS);

  const fail = (error: unknown) => setPhase({ phase: "failed", reason: explainError(error, text) });
  const ask = (fresh: boolean) => {
    obtainToken(api, desktopId, fresh, wanted.current).then((token) => {
      wanted.current = token;
      setPhase({ phase: "ready", token });
    }, fail);
  };
  const change = (token: CachedToken, rights: TokenRights) => {
    wanted.current = rights;
    setChanging(true);
    changeToken(api, desktopId, token, rights)
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
        <TokenDetails
          desktopId={desktopId}
          token={phase.token}
          changing={changing}
          watchOnly={watchOnly}
          onChange={(rights) => change(phase.token, rights)}
          onFresh={() => ask(true)}
          onWithdraw={() => {
            revokeToken(api, desktopId, phase.token.id).then(() => setPhase({ phase: "withdrawn" }), fail);
          }}
        />
      )}
    </Dialog>
  );
}
