import type { Machine } from "../../api/schemas.ts";
import { followLink, buildViewPath } from "../page-route.ts";
import { useText } from "../state/app-context.ts";

/** Links to a machine's displays besides the first: each can be opened in its own window. */
export function OtherDisplays({ machine }: { readonly machine: Pick<Machine, "name" | "screens"> }) {
  const { monitor } = useText();
  return (
    <>
      {machine.screens.map(({ number, desktopId }) => (
        <a
          key={number}
          class="button"
          href={buildViewPath(desktopId)}
          aria-label={monitor.screenNumberOf(number, machine.name)}
          onClick={followLink}
        >
          {monitor.screenNumber(number)}
        </a>
      ))}
    </>
  );
}
