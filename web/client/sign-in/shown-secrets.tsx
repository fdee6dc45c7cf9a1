import type { SignInForm } from "../../api/schemas.ts";
import { CopyButton } from "../components/copy-button.tsx";
import { SaveButton } from "../components/save-button.tsx";
import { QrCode } from "../native/qr-code.tsx";
import { useText } from "../state/app-context.ts";

const GROUP = /.{1,4}/g;
const CODES_FILE = "postern-recovery-codes.txt";

/** What a step gives the person to keep: the key of an authenticator app, recovery codes. */
export function ShownSecrets({ totp, recoveryCodes }: Pick<SignInForm, "totp" | "recoveryCodes">) {
  const { signIn } = useText();
  return (
    <>
      {totp !== undefined && (
        <div class="enrolment">
          <QrCode value={totp.uri} label={signIn.qr} />
          <p>
            <small>{signIn.typeKey}</small>
            <code>{totp.secret.match(GROUP)?.join(" ")}</code>
          </p>
          <CopyButton value={totp.secret} label={signIn.copyKey} />
        </div>
      )}
      {recoveryCodes !== undefined && (
        <div class="recovery">
          <ul>
            {recoveryCodes.map((code) => (
              <li key={code}>
                <code>{code}</code>
              </li>
            ))}
          </ul>
          <div class="recovery-actions">
            <CopyButton value={recoveryCodes.join("\n")} label={signIn.copyCodes} />
            <SaveButton
              value={`${location.host}\n\n${recoveryCodes.join("\n")}\n`}
              fileName={CODES_FILE}
              label={signIn.saveCodes}
            />
          </div>
        </div>
      )}
    </>
  );
}
