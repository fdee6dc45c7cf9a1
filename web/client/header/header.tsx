import type { Me } from "../../api/schemas.ts";
import { Icon, Logo } from "../components/icon.tsx";
import { followLink, type PageRoute } from "../page-route.ts";
import { useText, useWall } from "../state/app-context.ts";
import { AccountMenu } from "./account-menu.tsx";

interface HeaderProps {
  readonly me: Me;
  readonly page: PageRoute["page"];
  readonly onCreate: () => void;
  readonly onConnectHost: () => void;
  readonly onShortcuts: () => void;
}

export function Header({ me, page, onCreate, onConnectHost, onShortcuts: onKeys }: HeaderProps) {
  const text = useText();
  const connection = useWall((state) => state.connection);
  return (
    <>
      <a class="skip" href="#wall">
        {text.skipToWall}
      </a>
      <header class="header">
        <a class="home" href="/" aria-label={text.product} onClick={followLink}>
          <Logo />
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
          <AccountMenu me={me} onConnectHost={onConnectHost} onKeys={onKeys} />
        </div>
      </header>
      <div role="status" class={connection === "lost" ? "line-lost" : "unseen"}>
        {connection === "lost" && text.header.lineLost}
      </div>
    </>
  );
}
