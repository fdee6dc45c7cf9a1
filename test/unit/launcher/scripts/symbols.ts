import type { ScriptSymbols } from "../../../../launcher/scripts/script-symbols.ts";

export const symbols: ScriptSymbols = {
  user: "ada",
  sessionName: "m-42",
  vm: "debian-desktop",
  credential: "s3cretS3cretS3cret22",
};
