import type { LocalizedText } from "../../../../api/schemas.ts";

const MAX_QUOTED = 200;

/** Why a hook gave no answer: in plain words, without anything that it printed. */
export class HookFault extends Error {
  readonly text: LocalizedText;

  constructor(text: LocalizedText, cause?: unknown) {
    super(text.en, { cause });
    this.text = text;
  }
}

export const HOOK_FAULTS = {
  missing: (file: string) => ({
    en: `${file} is not there, or this server's account may not see it.`,
    fr: `${file} n’existe pas, ou le compte de ce serveur ne peut pas le voir.`,
  }),
  notAFile: (file: string) => ({
    en: `${file} is no file.`,
    fr: `${file} n’est pas un fichier.`,
  }),
  notExecutable: (file: string) => ({
    en: `This server's account may not run ${file}. Make it executable: chmod +x ${file}`,
    fr: `Le compte de ce serveur ne peut pas exécuter ${file}. Rendez-le exécutable : chmod +x ${file}`,
  }),
  foreign: (path: string) => ({
    en: `${path} belongs to neither root nor this server's account: its owner could put another program there. Give it to root: chown root ${path}`,
    fr: `${path} n’appartient ni à root ni au compte de ce serveur : son propriétaire pourrait y mettre un autre programme. Donnez-le à root : chown root ${path}`,
  }),
  writable: (path: string) => ({
    en: `Other accounts may write into ${path}, and could put another program there. Close it: chmod go-w ${path}`,
    fr: `D’autres comptes peuvent écrire dans ${path} et y mettre un autre programme. Fermez-le : chmod go-w ${path}`,
  }),
  noStart: (code: string) => ({
    en: `It could not be started (${code}).`,
    fr: `Il n’a pas pu être lancé (${code}).`,
  }),
  noModule: {
    en: "It could not be loaded as a module.",
    fr: "Il n’a pas pu être chargé comme module.",
  },
  noFunction: {
    en: "It exports no function: neither as its default nor as signIn.",
    fr: "Il n’exporte pas de fonction : ni par défaut, ni sous le nom signIn.",
  },
  threw: {
    en: "Its function failed.",
    fr: "Sa fonction a échoué.",
  },
  stuck: {
    en: "Too many of its calls have not ended. Restart the server once it is mended.",
    fr: "Trop de ses appels ne se sont pas terminés. Redémarrez le serveur une fois qu’il est corrigé.",
  },
  timeout: {
    en: "It did not answer in time.",
    fr: "Il n’a pas répondu à temps.",
  },
  tooMuch: {
    en: "It answered more than an answer may have.",
    fr: "Sa réponse est plus longue que permis.",
  },
  failed: (how: string) => ({
    en: `It ended with ${how}.`,
    fr: `Il s’est terminé par ${how}.`,
  }),
  noJson: {
    en: "Its answer is no JSON.",
    fr: "Sa réponse n’est pas du JSON.",
  },
  strange: (what: string) => ({
    en: `Its answer is not as it has to be (${cut(what)}).`,
    fr: `Sa réponse n’est pas comme il faut (${cut(what)}).`,
  }),
  closing: {
    en: "The server is being stopped.",
    fr: "Le serveur est en cours d’arrêt.",
  },
} as const;

function cut(text: string): string {
  return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
}
