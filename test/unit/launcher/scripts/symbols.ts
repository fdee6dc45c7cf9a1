import type { Symbols } from "../../../../launcher/scripts/symbols.ts";

export const symbols: Symbols = {
  user: "ada",
  sessionName: "m-42",
  vm: "debian-desktop",
  credential: "s3cretS3cretS3cret22",
};
