import type { Duplex } from "node:stream";
import { PeerClosed, TimeoutError, type Clock, type ServerInit } from "../../protocol/index.ts";
import type { DesktopGrant, SignedInPerson, StartedSignIn, Wording } from "../identify/people-sign-in.ts";
import { findNamedGrant } from "../identify/begin-sign-in.ts";
import type { HandOver } from "../identify/hand-over-codes.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { ViewerRefusal, type RefusalCode } from "../model/viewer-refusal.ts";
import type { PaintSlices } from "./paint-slices.ts";
import { PromptServer } from "./prompt-server.ts";
import { layOutScreen } from "./screen-layout.ts";
import {
  applyScreenInput,
  showForm,
  showList,
  type ListedDesktop,
  type ScreenAction,
  type ScreenInput,
  type ScreenPage,
  type ScreenState,
} from "./screen-state.ts";
import { describeRefusal, fillWording, SCREEN_WORDS } from "./screen-words.ts";

export interface SignInPromptOptions<Opened extends { readonly screen: ServerInit }> {
  readonly signIn: StartedSignIn;
  readonly stream: Duplex;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly slices: PaintSlices;
  /** They have signed in. @throws ViewerRefusal that is shown, and ends the sign-in */
  readonly onPerson: (person: SignedInPerson) => void;
  /** Opens a desktop. A ViewerRefusal is shown, and another one may be chosen. */
  readonly open: (grant: DesktopGrant, person: SignedInPerson, waiting: OpenWait) => Promise<Opened>;
  /** For a viewer that cannot take the desktop's size: makes a code for a second connection. The same refusals are shown. */
  readonly handOver: (grant: DesktopGrant, person: SignedInPerson) => Promise<HandOver>;
  /** They are told so on the screen. */
  readonly onRefused: (code: RefusalCode) => void;
}

export interface OpenWait {
  readonly signal: AbortSignal;
  /** Somebody at the desktop is asked, for so long at most. */
  readonly onAsked: (forMs: number) => void;
}

/** @see PromptServer.become */
export interface PromptResult<Opened> {
  readonly opened: Opened;
  /** What the viewer has said that the desktop's server has to know. */
  readonly replay: Buffer;
}

/**
 * The sign-in screen of one viewer, from ServerInit until its stream is the desktop's.
 * @throws what the viewer's leaving, its errors, the limits of time and `open` throw
 */
export async function runSignInPrompt<Opened extends { readonly screen: ServerInit }>(
  options: SignInPromptOptions<Opened>,
): Promise<PromptResult<Opened>> {
  const prompt = new SignInPrompt(options);
  return await prompt.run();
}

class SignInPrompt<Opened extends { readonly screen: ServerInit }> {
  readonly #options: SignInPromptOptions<Opened>;
  readonly #server: PromptServer;
  readonly #left = new AbortController();
  /** Whose it is now, and what they named. */
  #signIn: StartedSignIn;
  #state: ScreenState;
  #cancelTick: () => void = () => undefined;
  #act: (action: ScreenAction) => void = () => undefined;
  #leave: (error: Error) => void = () => undefined;

  constructor(options: SignInPromptOptions<Opened>) {
    this.#options = options;
    const { stream, clock, slices } = options;
    this.#signIn = options.signIn;
    this.#state = {
      language: "en",
      page: WAIT,
      clipboard: "",
      hasControl: false,
      hasShift: false,
    };
    this.#server = new PromptServer({
      stream,
      clock,
      slices,
      signal: options.signal,
      onInput: (input) => {
        this.#onInput(input);
      },
    });
  }

  async run(): Promise<PromptResult<Opened>> {
    this.#server.show(layOutScreen(this.#state));
    const left = new Promise<never>((_resolve, reject) => {
      this.#leave = reject;
    });
    try {
      return await Promise.race([this.#server.serve(), left, this.#converse()]);
    } finally {
      this.#cancelTick();
      this.#left.abort(new PeerClosed("PEER_CLOSED", "the sign-in screen is over"));
      this.#server.close();
    }
  }

  async #converse(): Promise<PromptResult<Opened>> {
    const { signIn, clock } = this.#options;
    const cancel =
      signIn.name === null
        ? clock.after(PROXY_LIMITS.promptNameMs, () => {
            this.#leave(new TimeoutError("HANDSHAKE_TIMEOUT", "nobody signed in on the sign-in screen"));
          })
        : () => undefined;
    const person = await this.#ask(signIn, cancel).finally(cancel);
    await this.#greet(person);
    const cancelChoice = clock.after(PROXY_LIMITS.promptChooseMs, () => {
      this.#leave(new TimeoutError("HANDSHAKE_TIMEOUT", "nobody chose a desktop on the sign-in screen"));
    });
    const opened = await this.#openOne(person).finally(cancelChoice);
    return { opened, replay: await this.#server.become(opened.screen) };
  }

  async #greet(person: SignedInPerson): Promise<void> {
    try {
      this.#options.onPerson(person);
    } catch (error) {
      if (!(error instanceof ViewerRefusal)) throw error;
      this.#options.onRefused(error.refusalCode);
      await this.#say(describeRefusal(error));
    }
  }

  /** Until everything that was asked is answered. @param onNamed name and password were right */
  async #ask(begun: StartedSignIn, onNamed: () => void): Promise<SignedInPerson> {
    let signIn = begun;
    let message: Wording | null = null;
    for (;;) {
      this.#signIn = signIn;
      if (signIn.reply.kind === "person") return signIn.reply.person;
      const { question } = signIn.reply;
      this.#show(showForm(signIn.name, question, message));
      const action = await this.#nextAction();
      if (action.type !== "answer") continue;
      this.#show({ ...WAIT, text: SCREEN_WORDS.checking });
      const reply = await question.answer(action.answers);
      switch (reply.kind) {
        case "named":
          onNamed();
          [signIn, message] = [reply.signIn, null];
          break;
        case "person":
        case "question":
          [signIn, message] = [{ ...signIn, reply }, null];
          break;
        case "elsewhere":
          this.#options.onRefused(reply.reason);
          return await this.#say(describeRefusal(new ViewerRefusal(reply.reason)));
        case "refused":
          if (reply.triesLeft === 0) return await this.#say(SCREEN_WORDS.over);
          message = describeTries(reply.triesLeft);
          break;
        case "throttled":
          message = fillWording(SCREEN_WORDS.throttled, { seconds: Math.ceil(reply.waitMs / 1000) });
          break;
        case "unavailable":
          message = SCREEN_WORDS.unavailable;
          break;
        case "unaudited":
          throw new ViewerRefusal("AUDIT_UNAVAILABLE");
      }
    }
  }

  /** Until a desktop is open: the one that was named, or one that is chosen. */
  async #openOne(person: SignedInPerson): Promise<Opened> {
    const { desktopIds } = this.#signIn;
    let grant = await findNamedGrant(person, desktopIds);
    let message: Wording | null = grant === null && desktopIds !== null ? SCREEN_WORDS.gone : null;
    for (;;) {
      grant ??= await person.findDesktop(await this.#choose(person, message));
      if (grant === null) {
        message = SCREEN_WORDS.gone;
        continue;
      }
      const { name } = grant.desktop;
      this.#show({ ...WAIT, text: fillWording(SCREEN_WORDS.opening, { name }) });
      try {
        if (!this.#server.canResize) return await this.#handOver(grant, person);
        const onAsked = (forMs: number): void => {
          this.#countDown(name, this.#options.clock.monotonic() + forMs);
        };
        return await this.#options.open(grant, person, { signal: this.#left.signal, onAsked });
      } catch (error) {
        if (!(error instanceof ViewerRefusal)) throw error;
        const isOurs = error.refusalCode === "SERVER_STOPPING" || error.refusalCode === "AUDIT_UNAVAILABLE";
        if (isOurs || this.#options.signal.aborted) throw error;
        this.#options.onRefused(error.refusalCode);
        message = describeRefusal(error);
        grant = null;
      } finally {
        this.#cancelTick();
      }
    }
  }

  /** How long somebody else has left to agree. */
  #countDown(name: string, until: number): void {
    const { clock } = this.#options;
    const seconds = Math.max(0, Math.ceil((until - clock.monotonic()) / 1000));
    this.#show({ ...WAIT, text: fillWording(SCREEN_WORDS.waiting, { name, seconds }) });
    this.#cancelTick();
    if (seconds === 0) return;
    this.#cancelTick = clock.after(1000, () => {
      this.#countDown(name, until);
    });
  }

  /** Shows the code for a second connection until it was used, or is over. */
  async #handOver(grant: DesktopGrant, person: SignedInPerson): Promise<never> {
    const { name, state } = grant.desktop;
    if (state !== "online") throw new ViewerRefusal("DESKTOP_OFFLINE");
    const { code, over } = await this.#options.handOver(grant, person);
    const seconds = PROXY_LIMITS.handOverMs / 1000;
    const text = fillWording(SCREEN_WORDS.connectAgain, { name, seconds });
    this.#show({ kind: "notice", title: SCREEN_WORDS.again, text, code, isBusy: false });
    await over;
    throw new PeerClosed("PEER_CLOSED", "the sign-in went on in a second connection, or was over");
  }

  async #choose(person: SignedInPerson, message: Wording | null): Promise<string> {
    const desktops = (await person.listDesktops()).map(describeDesktop);
    this.#show(showList(desktops, message));
    for (;;) {
      const action = await this.#nextAction();
      if (action.type === "open") return action.desktopId;
    }
  }

  /** The last words, until the viewer closes them or goes. */
  async #say(text: Wording): Promise<never> {
    this.#show({ kind: "notice", title: SCREEN_WORDS.ended, text, isBusy: false });
    for (;;) await this.#nextAction();
  }

  #show(page: ScreenPage): void {
    this.#state = { ...this.#state, page };
    this.#server.show(layOutScreen(this.#state));
  }

  #nextAction(): Promise<ScreenAction> {
    return new Promise((resolve) => {
      this.#act = (action) => {
        this.#act = () => undefined;
        resolve(action);
      };
    });
  }

  #onInput(input: ScreenInput): void {
    const { state, action } = applyScreenInput(this.#state, input);
    if (state !== this.#state) {
      this.#state = state;
      this.#server.show(layOutScreen(state));
    }
    if (action?.type === "leave") this.#leave(new PeerClosed("PEER_CLOSED", "the sign-in screen was left"));
    else if (action !== null) this.#act(action);
  }
}

const WAIT = {
  kind: "notice",
  title: SCREEN_WORDS.oneMoment,
  text: SCREEN_WORDS.checking,
  isBusy: true,
} as const;

function describeTries(tries: number): Wording {
  return tries === 1 ? SCREEN_WORDS.wrongOnce : fillWording(SCREEN_WORDS.wrong, { tries });
}

/** What the list shows of it, and nothing that would keep the rest in memory. */
function describeDesktop({ desktop: { id, name, agentName, state } }: DesktopGrant): ListedDesktop {
  return { id, name, host: agentName, online: state === "online" };
}
