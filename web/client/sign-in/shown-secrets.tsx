import type { SignInForm } from "../../api/schemas.ts";
import { CopyButton } from "../components/copy-button.tsx";
import { QrCode } from "../native/qr-code.tsx";
import { useText } from "../state/app-context.ts";

const GROUP = /.{1,4}/g;

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
          <CopyButton value={recoveryCodes.join("\n")} label={signIn.copyCodes} />
        </div>
      )}
    </>
  );
}
