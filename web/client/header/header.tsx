import type { Me } from "../../api/schemas.ts";
import { Icon, Mark } from "../parts/icon.tsx";
import { followLink, type Route } from "../route.ts";
import { useText, useWall } from "../state/context.ts";
import { Account } from "./account.tsx";

interface HeaderProps {
  readonly me: Me;
  readonly page: Route["page"];
  readonly onCreate: () => void;
  readonly onConnectHost: () => void;
  readonly onKeys: () => void;
}

export function Header({ me, page, onCreate, onConnectHost, onKeys }: HeaderProps) {
  const text = useText();
  const line = useWall((state) => state.line);
  return (
    <>
      <a class="skip" href="#wall">
        {text.skipToWall}
      </a>
      <header class="header">
        <a class="home" href="/" aria-label={text.product} onClick={followLink}>
          <Mark />
          <span class="wordmark">{text.product}</span>
        </a>
        {me.role === "admin" && (
          <nav class="nav">
            <a href="/" aria-current={page === "wall" ? "page" : undefined} onClick={followLink}>
              {text.header.wall}
            </a>
            <a href="/sessions" aria-current={page === "sessions" ? "page" : undefined} onClick={followLink}>
              {text.header.sessions}
            </a>
          </nav>
        )}
        <div class="header-end">
          <button type="button" class="button primary" aria-label={text.header.newMachine} onClick={onCreate}>
            <Icon name="plus" />
            <span class="wide-only">{text.header.newMachine}</span>
          </button>
          <Account me={me} onConnectHost={onConnectHost} onKeys={onKeys} />
        </div>
      </header>
      <div role="status" class={line === "lost" ? "line-lost" : "unseen"}>
        {line === "lost" && text.header.lineLost}
      </div>
    </>
  );
}
