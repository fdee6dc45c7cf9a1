import { useEffect, useState } from "preact/hooks";

/** The current page: the path decides, so that every page can be reloaded and bookmarked. */
export type PageRoute =
  | { readonly page: "wall" }
  /** There is nothing at this path. */
  | { readonly page: "unknown" }
  | { readonly page: "sessions" }
  | { readonly page: "people" }
  | { readonly page: "groups" }
  /** All grants. */
  | { readonly page: "grants" }
  /** How people sign in. */
  | { readonly page: "settings" }
  | { readonly page: "account" }
  | { readonly page: "device" }
  /** What is behind # is the secret. */
  | { readonly page: "invitation" }
  | { readonly page: "view"; readonly desktopId: string };

export function parseRoute(path: string): PageRoute {
  const [, first, second] = path.split("/");
  if (first === "sessions" || first === "people" || first === "groups" || first === "account")
    return { page: first };
  if (first === "access") return { page: "grants" };
  if (first === "sign-in-settings") return { page: "settings" };
  if ((first === "device" || first === "invitation") && second === undefined) return { page: first };
  if (first === "view" && second !== undefined && second !== "") {
    try {
      return { page: "view", desktopId: decodeURIComponent(second) };
    } catch {
      return { page: "unknown" };
    }
  }
  return first === "" ? { page: "wall" } : { page: "unknown" };
}

export const buildViewPath = (desktopId: string) => `/view/${encodeURIComponent(desktopId)}`;

const NAVIGATED_EVENT = "postern:moved";

export function navigate(path: string): void {
  history.pushState(null, "", path);
  window.dispatchEvent(new Event(NAVIGATED_EVENT));
}

export function useRoute(): PageRoute {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const read = () => setPath(location.pathname);
    window.addEventListener("popstate", read);
    window.addEventListener(NAVIGATED_EVENT, read);
    return () => {
      window.removeEventListener("popstate", read);
      window.removeEventListener(NAVIGATED_EVENT, read);
    };
  }, []);
  return parseRoute(path);
}

/** A plain click stays in this page. With a modifier or another button the browser opens a tab. */
export function followLink(event: MouseEvent): void {
  const link = event.currentTarget;
  if (!(link instanceof HTMLAnchorElement)) return;
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  navigate(link.pathname);
}
