/** The texts for a refused viewer, by code. The English sentences equal the server's, word for word. */
const en = {
  TOKEN_WRONG: "This token is wrong or has expired. Ask for a new one.",
  TOKEN_AMBIGUOUS: "This token fits more than one desktop. Ask for a new one.",
  LOGIN_REFUSED: "The name, the password or the token is wrong, or the token has expired.",
  LOGIN_THROTTLED: "Too many attempts to sign in. Try again in {seconds} s.",
  LOGIN_UNAVAILABLE: "Names and passwords cannot be checked now. Try again in a moment.",
  SIGN_IN_PLAIN:
    "Your password would travel unencrypted here. Use a viewer or a tunnel that encrypts, or the browser.",
  FACTOR_MISSING:
    "Your account needs a second proof beside the password, and has none yet. Sign in on the page once to make one.",
  FACTOR_BROWSER:
    "Your account is confirmed by a passkey, which a browser alone can use. Sign in on the page.",
  TICKET_INVALID: "This ticket was used already or has expired. Open the desktop again.",
  SOURCE_THROTTLED: "Too many wrong tokens came from your address. Try again in {seconds} s.",
  SERVER_BUSY: "The server is busy. Try again in {seconds} s.",
  DESKTOP_GONE: "This desktop no longer exists.",
  TOKEN_EXPIRED: "This token has expired. Ask for a new one.",
  TOKEN_REVOKED: "This token was revoked. Ask for a new one.",
  TOKEN_CHANGED: "What this token allows was changed. Open the desktop again.",
  AGENT_REVOKED: "The host of this desktop is no longer admitted.",
  USER_REMOVED: "This account may no longer be used.",
  RIGHT_ENDED: "Your right to this desktop has ended. Ask its owner, or an administrator.",
  LOGIN_ENDED: "You signed out, or your login has expired. Sign in again.",
  SESSION_ENDED: "An administrator ended this session.",
  DESKTOP_OFFLINE: "This desktop is not available now. Try again when it runs.",
  HOST_OFFLINE: "The host of this desktop is not connected. Try again in a moment.",
  HOST_TIMEOUT: "The host of this desktop did not answer in time. Try again in a moment.",
  HOST_BUSY: "The host of this desktop is busy. Try again in a moment.",
  DESKTOP_DECLINED: "The person at this desktop was asked, and said no or did not answer in time.",
  DESKTOP_UNREACHABLE: "The host cannot open this desktop. Ask its owner whether it runs.",
  STATE_UNAVAILABLE: "The server cannot reach its database. Try again in a moment.",
  AUDIT_UNAVAILABLE: "The server cannot write its audit log, so it opens no session. Tell its administrator.",
  SERVER_STOPPING: "The server is stopping. Try again in a moment.",
  INTERNAL: "The server made a mistake. Tell its administrator.",
};

const fr: typeof en = {
  TOKEN_WRONG: "Ce jeton est faux ou a expiré. Demandez-en un nouveau.",
  TOKEN_AMBIGUOUS: "Ce jeton convient à plusieurs bureaux. Demandez-en un nouveau.",
  LOGIN_REFUSED: "Le nom, le mot de passe ou le jeton est faux, ou le jeton a expiré.",
  LOGIN_THROTTLED: "Trop de tentatives de connexion. Réessayez dans {seconds} s.",
  LOGIN_UNAVAILABLE: "Les noms et mots de passe ne peuvent pas être vérifiés. Réessayez dans un instant.",
  SIGN_IN_PLAIN:
    "Votre mot de passe circulerait en clair ici. Utilisez un logiciel ou un tunnel qui chiffre, ou le navigateur.",
  FACTOR_MISSING:
    "Votre compte demande une seconde preuve en plus du mot de passe, et n’en a pas encore. Connectez-vous une fois sur la page pour en créer une.",
  FACTOR_BROWSER:
    "Votre compte se confirme par une clé d’accès, que seul un navigateur peut utiliser. Connectez-vous sur la page.",
  TICKET_INVALID: "Ce ticket a déjà servi ou a expiré. Ouvrez le bureau de nouveau.",
  SOURCE_THROTTLED: "Trop de faux jetons sont venus de votre adresse. Réessayez dans {seconds} s.",
  SERVER_BUSY: "Le serveur est occupé. Réessayez dans {seconds} s.",
  DESKTOP_GONE: "Ce bureau n’existe plus.",
  TOKEN_EXPIRED: "Ce jeton a expiré. Demandez-en un nouveau.",
  TOKEN_REVOKED: "Ce jeton a été retiré. Demandez-en un nouveau.",
  TOKEN_CHANGED: "Ce que ce jeton permet a changé. Ouvrez le bureau de nouveau.",
  AGENT_REVOKED: "L’hôte de ce bureau n’est plus admis.",
  USER_REMOVED: "Ce compte ne peut plus être utilisé.",
  RIGHT_ENDED: "Votre droit sur ce bureau a pris fin. Demandez à son propriétaire ou à un administrateur.",
  LOGIN_ENDED: "Vous vous êtes déconnecté, ou votre connexion a expiré. Connectez-vous de nouveau.",
  SESSION_ENDED: "Un administrateur a mis fin à cette session.",
  DESKTOP_OFFLINE: "Ce bureau n’est pas disponible. Réessayez quand il sera en marche.",
  HOST_OFFLINE: "L’hôte de ce bureau n’est pas connecté. Réessayez dans un instant.",
  HOST_TIMEOUT: "L’hôte de ce bureau n’a pas répondu à temps. Réessayez dans un instant.",
  HOST_BUSY: "L’hôte de ce bureau est occupé. Réessayez dans un instant.",
  DESKTOP_DECLINED:
    "La personne devant ce bureau a été consultée : elle a refusé, ou n’a pas répondu à temps.",
  DESKTOP_UNREACHABLE: "L’hôte ne peut pas ouvrir ce bureau. Demandez à son propriétaire s’il est en marche.",
  STATE_UNAVAILABLE: "Le serveur n’atteint pas sa base de données. Réessayez dans un instant.",
  AUDIT_UNAVAILABLE:
    "Le serveur ne peut pas écrire son journal d’audit et n’ouvre donc aucune session. Prévenez son administrateur.",
  SERVER_STOPPING: "Le serveur s’arrête. Réessayez dans un instant.",
  INTERNAL: "Le serveur a commis une erreur. Prévenez son administrateur.",
};

export const refusalsText = { en, fr };
