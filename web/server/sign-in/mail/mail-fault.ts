import { errorCode } from "../../../../protocol/index.ts";
import type { LocalizedText } from "../../../api/schemas.ts";

/** A mail server that cannot be used now. `text` has no word that the server said: it may have been told a password. */
export class MailFault extends Error {
  readonly text: LocalizedText;

  constructor(text: LocalizedText, cause?: unknown) {
    super(text.en, cause === undefined ? undefined : { cause });
    this.name = "MailFault";
    this.text = text;
  }
}

/** What a server may do wrong. */
export const MAIL_FAULTS = {
  timeout: {
    en: "It did not answer in time.",
    fr: "Il n’a pas répondu à temps.",
  },
  closed: {
    en: "It closed the connection.",
    fr: "Il a fermé la connexion.",
  },
  endless: {
    en: "It says more than such a server has to say. Is this the right port?",
    fr: "Il en dit plus qu’un tel serveur n’a à dire. Est-ce le bon port ?",
  },
  strange: {
    en: "It does not speak the protocol. Is this the right port?",
    fr: "Il ne parle pas le protocole. Est-ce le bon port ?",
  },
  noStartTls: {
    en: "It offers no STARTTLS, and without it passwords would be read on the way. If it has a port of its own for TLS, use “tls”: “implicit”.",
    fr: "Il n’offre pas STARTTLS, et sans cela les mots de passe seraient lus en chemin. S’il a un port réservé à TLS, utilisez « tls » : « implicit ».",
  },
  injected: {
    en: "It sent something between STARTTLS and TLS. Somebody on the way may be tampering with the connection.",
    fr: "Il a envoyé quelque chose entre STARTTLS et TLS. Quelqu’un en chemin altère peut-être la connexion.",
  },
  preAuthenticated: {
    en: "It says that everybody is signed in already, whatever the password.",
    fr: "Il dit que tout le monde est déjà connecté, quel que soit le mot de passe.",
  },
  busy: {
    en: "It takes nobody now.",
    fr: "Il n’accepte personne en ce moment.",
  },
  noPasswords: {
    en: "It takes no passwords here. Look for a service of it that does, or for what it wants first.",
    fr: "Il n’accepte pas de mots de passe ici. Cherchez un de ses services qui en accepte, ou ce qu’il exige d’abord.",
  },
  wrongPassword: {
    en: "It refuses this server’s own user name and password. Check “user” and “password”.",
    fr: "Il refuse le nom et le mot de passe de ce serveur-ci. Vérifiez « user » et « password ».",
  },
} as const satisfies Record<string, LocalizedText>;

/** What went wrong on the way to a server, by the codes of Node.js and OpenSSL. */
const NETWORK_FAULTS: Readonly<Record<string, LocalizedText>> = {
  ECONNREFUSED: {
    en: "Nothing listens there. Check host and port.",
    fr: "Rien n’écoute à cet endroit. Vérifiez l’hôte et le port.",
  },
  ENOTFOUND: {
    en: "There is no host of this name. Check it, and this server’s DNS.",
    fr: "Aucun hôte ne porte ce nom. Vérifiez-le, ainsi que le DNS de ce serveur.",
  },
  EAI_AGAIN: {
    en: "The host’s name cannot be looked up now. Check this server’s DNS.",
    fr: "Le nom de l’hôte ne peut pas être résolu en ce moment. Vérifiez le DNS de ce serveur.",
  },
  EHOSTUNREACH: {
    en: "There is no way to this host. Check network and firewall.",
    fr: "Aucun chemin ne mène à cet hôte. Vérifiez le réseau et le pare-feu.",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    en: "Its certificate is for another name. Use that name as host, or as “serverName”.",
    fr: "Son certificat est établi pour un autre nom. Utilisez ce nom comme hôte, ou comme « serverName ».",
  },
  CERT_HAS_EXPIRED: {
    en: "Its certificate has expired.",
    fr: "Son certificat a expiré.",
  },
  CERT_NOT_YET_VALID: {
    en: "Its certificate is not valid yet. Check the clocks.",
    fr: "Son certificat n’est pas encore valable. Vérifiez les horloges.",
  },
};
const UNTRUSTED: LocalizedText = {
  en: "Its certificate is not from an authority that this server trusts. Give the authority’s certificate as “ca”.",
  fr: "Son certificat ne vient pas d’une autorité à laquelle ce serveur se fie. Indiquez le certificat de l’autorité par « ca ».",
};
const UNTRUSTED_CODE = /SELF_SIGNED|UNABLE_TO_|INVALID_CA|CERT_UNTRUSTED|CERT_SIGNATURE/;
const NO_TLS: LocalizedText = {
  en: "It does not speak TLS there. Check the port, and “tls”.",
  fr: "Il ne parle pas TLS à cet endroit. Vérifiez le port, et « tls ».",
};

/** What failed, in words that an administrator can act on. */
export function explainMailFault(error: unknown): LocalizedText {
  if (error instanceof MailFault) return error.text;
  const code = systemCode(error);
  const known = NETWORK_FAULTS[code];
  if (known !== undefined) return known;
  if (UNTRUSTED_CODE.test(code)) return UNTRUSTED;
  if (/^(?:ERR_SSL|EPROTO)/.test(code)) return NO_TLS;
  if (code === "ETIMEDOUT") return MAIL_FAULTS.timeout;
  if (code === "ECONNRESET" || code === "EPIPE" || code === "ECONNECTION") return MAIL_FAULTS.closed;
  if (code === "EAUTH") return MAIL_FAULTS.wrongPassword;
  return { en: `The connection failed (${code}).`, fr: `La connexion a échoué (${code}).` };
}

/** Nodemailer has codes of its own, and keeps the system's beside them. */
function systemCode(error: unknown): string {
  const original = error instanceof Error && "originalCode" in error ? error.originalCode : null;
  return typeof original === "string" ? original : errorCode(error);
}
