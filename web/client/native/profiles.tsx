import type { HostPort } from "../../../protocol/host-port.ts";
import type { ProfileFormat } from "../../api/schemas.ts";
import { useApp, useText } from "../state/app-context.ts";
import { buildViewerUrl } from "./viewer-address.ts";

const FORMATS: readonly (readonly [ProfileFormat, string])[] = [
  ["tigervnc", "TigerVNC"],
  ["realvnc", "RealVNC"],
  ["vnc", "UltraVNC, TightVNC"],
];

/** Connection files with the address for a viewer, and a link for systems where a viewer handles `vnc:`. */
export function ConnectionFiles({
  desktopId,
  address,
}: {
  readonly desktopId: string;
  readonly address: HostPort;
}) {
  const { api } = useApp();
  const { native } = useText();
  return (
    <div class="fact">
      <h3>{native.profiles}</h3>
      <div class="profiles">
        {FORMATS.map(([format, viewer]) => (
          <a
            key={format}
            class="button copy"
            href={api.profilePath(desktopId, format)}
            download
            aria-label={native.saveFor(viewer)}
          >
            {viewer}
          </a>
        ))}
        <a class="button copy" href={buildViewerUrl(address)}>
          {native.openNow}
        </a>
      </div>
      <p class="fine">{native.profilesHint}</p>
    </div>
  );
}
