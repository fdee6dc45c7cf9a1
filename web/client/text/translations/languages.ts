import { accountText } from "./own-account.ts";
import { apiTokensText } from "./api-token-texts.ts";
import { cardsText } from "./cards.ts";
import { confirmText } from "./confirm.ts";
import { createMachineText } from "./create-machine.ts";
import { createOptionsText } from "./create-options.ts";
import { deviceText } from "./device.ts";
import { errorsText } from "./error-texts.ts";
import { factorsText } from "./factors.ts";
import { generalText } from "./general.ts";
import { grantsText } from "./grants.ts";
import { groupsText } from "./groups.ts";
import { headerText } from "./header.ts";
import { hostsText } from "./hosts.ts";
import { imageDescriptionsText } from "./image-descriptions.ts";
import { machinesText } from "./machines.ts";
import { nativeViewerText } from "./native-viewer.ts";
import { newcomersText } from "./newcomers.ts";
import { peopleText } from "./people.ts";
import { reasonsText } from "./reasons.ts";
import { refusalsText } from "./refusals.ts";
import { rolesText } from "./roles.ts";
import { sessionsText } from "./sessions.ts";
import { shortcutsText } from "./shortcuts.ts";
import { settingsText } from "./sign-in-settings.ts";
import { signInText } from "./sign-in.ts";
import { statesText } from "./states.ts";
import { viewerText } from "./viewer.ts";
import { wallText } from "./wall.ts";

export type Language = "en" | "fr";

/** All texts of the pages in one language. A topic without that language does not compile. */
function collectTexts(language: Language) {
  return {
    ...generalText[language],
    signIn: signInText[language],
    device: deviceText[language],
    header: headerText[language],
    wall: wallText[language],
    state: statesText[language],
    monitor: cardsText[language],
    create: createMachineText[language],
    imageDescriptions: imageDescriptionsText[language],
    order: createOptionsText[language],
    machines: machinesText[language],
    native: nativeViewerText[language],
    viewer: viewerText[language],
    keys: shortcutsText[language],
    host: hostsText[language],
    sessions: sessionsText[language],
    roles: rolesText[language],
    account: accountText[language],
    confirm: confirmText[language],
    factors: factorsText[language],
    apiTokens: apiTokensText[language],
    people: peopleText[language],
    groups: groupsText[language],
    grants: grantsText[language],
    settings: settingsText[language],
    newcomers: newcomersText[language],
    errors: errorsText[language],
    reasons: reasonsText[language],
    refusals: refusalsText[language],
  };
}

export type Text = ReturnType<typeof collectTexts>;

export const catalogues: Readonly<Record<Language, Text>> = {
  en: collectTexts("en"),
  fr: collectTexts("fr"),
};

/** Each language's name in that language. */
export const languageNames: Readonly<Record<Language, string>> = { en: "English", fr: "Français" };

/** The first of the browser's languages that the pages support, else English. */
export function chooseLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const base = tag.toLowerCase().split("-")[0];
    if (base === "en" || base === "fr") return base;
  }
  return "en";
}

/** The text for a code from outside; undefined: the group has none for it. */
export function lookUpText(group: Readonly<Record<string, string>>, code: string): string | undefined {
  return Object.hasOwn(group, code) ? group[code] : undefined;
}
