import { describe, expect, it } from "vitest";
import { parseRoute, buildViewPath } from "../../../../web/client/page-route.ts";

describe("parseRoute", () => {
  it("finds the pages", () => {
    expect(parseRoute("/")).toEqual({ page: "wall" });
    for (const page of ["sessions", "people", "groups", "account", "device", "invitation"])
      expect(parseRoute(`/${page}`)).toEqual({ page });
    expect(parseRoute("/access")).toEqual({ page: "grants" });
    expect(parseRoute("/sign-in-settings")).toEqual({ page: "settings" });
    expect(parseRoute("/view/d-1")).toEqual({ page: "view", desktopId: "d-1" });
  });

  it("comes back to any desktop id that it wrote", () => {
    for (const desktopId of ["a b", "ä/ö", "100%", "?#"])
      expect(parseRoute(buildViewPath(desktopId))).toEqual({ page: "view", desktopId });
  });

  it("finds nothing at any other path", () => {
    for (const path of ["/view", "/view/", "/view/%E0%A4%A", "/elsewhere", "/invitation/x"])
      expect(parseRoute(path)).toEqual({ page: "unknown" });
  });
});
