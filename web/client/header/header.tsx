import { useEffect, useRef } from "preact/hooks";
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
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone the links are wider than their place.
    nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [page]);
  const links: (readonly [path: string, page: PageRoute["page"], label: string])[] = [
    ["/", "wall", text.header.wall],
  ];
  if (me.powers.includes("oversee")) links.push(["/sessions", "sessions", text.header.sessions]);
  if (me.powers.includes("audit"))
    links.push(
      ["/people", "people", text.header.people],
      ["/groups", "groups", text.header.groups],
      ["/access", "grants", text.header.grants],
    );
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
        {links.length > 1 && (
          <nav ref={nav} class="nav">
            {links.map(([path, target, label]) => (
              <a
                key={path}
                href={path}
                aria-current={page === target ? "page" : undefined}
                onClick={followLink}
              >
                {label}
              </a>
            ))}
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
