import { expect, it } from "vitest";
import { imageDescriptionsText } from "../../../../../../web/client/text/translations/image-descriptions.ts";
import { readSource } from "../../../../docs/source-codes.ts";

it("every image that comes with Postern is described in French", async () => {
  const sources = await Promise.all(
    ["built-in-images", "public-images"].map((name) => readSource(`launcher/images/${name}.ts`)),
  );
  const ids = [...sources.join("").matchAll(/^ +id: "([^"]+)"/gm)].map(([, id]) => id!);
  expect(ids.length).toBeGreaterThan(5);
  expect(Object.keys(imageDescriptionsText.fr).sort()).toEqual(ids.sort());
});
