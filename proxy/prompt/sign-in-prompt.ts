import type { Duplex } from "node:stream";
import { PeerClosed, type Clock, type ServerInit } from "../../protocol/index.ts";
import type {
  DesktopGrant,
  SignedInPerson,
  SignInQuestion,
  StartedSignIn,
  Wording,
} from "../identify/people-sign-in.ts";
import { findNamedGrant } from "../identify/begin-sign-in.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
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
  /** They have signed in. */
  readonly onPerson: (person: SignedInPerson) => void;
  /** Opens a desktop. A ViewerRefusal is shown, and another one may be chosen. */
  readonly open: (grant: DesktopGrant, person: SignedInPerson, signal: AbortSignal) => Promise<Opened>;
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
  #state: ScreenState;
  #act: (action: ScreenAction) => void = () => undefined;
  #leave: (error: Error) => void = () => undefined;

  constructor(options: SignInPromptOptions<Opened>) {
    this.#options = options;
    const { stream, clock, slices } = options;
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
      this.#left.abort(new PeerClosed("PEER_CLOSED", "the sign-in screen is over"));
      this.#server.close();
    }
  }

  async #converse(): Promise<PromptResult<Opened>> {
    const { signIn, onPerson } = this.#options;
    const person =
      signIn.reply.kind === "person" ? signIn.reply.person : await this.#ask(signIn.reply.question);
    onPerson(person);
    const opened = await this.#openOne(person);
    const { screen } = opened;
    if (!this.#server.canBecome(screen)) {
      const values = { name: screen.name, size: `${screen.width} x ${screen.height}` };
      return await this.#say(fillWording(SCREEN_WORDS.fixedSize, values));
    }
    return { opened, replay: await this.#server.become(screen) };
  }

  /** Until everything that was asked is answered. */
  async #ask(first: SignInQuestion): Promise<SignedInPerson> {
    let question = first;
    let message: Wording | null = null;
    for (;;) {
      this.#show(showForm(this.#options.signIn.name, question.fields, message));
      const action = await this.#nextAction();
      if (action.type !== "answer") continue;
      this.#show({ ...WAIT, text: SCREEN_WORDS.checking });
      const reply = await question.answer(action.answers);
      switch (reply.kind) {
        case "person":
          return reply.person;
        case "question":
          [question, message] = [reply.question, null];
          break;
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
    const { desktopIds } = this.#options.signIn;
    let grant = await findNamedGrant(person, desktopIds);
    let message: Wording | null = grant === null && desktopIds !== null ? SCREEN_WORDS.gone : null;
    for (;;) {
      grant ??= await person.findDesktop(await this.#choose(person, message));
      if (grant === null) {
        message = SCREEN_WORDS.gone;
        continue;
      }
      const text = fillWording(SCREEN_WORDS.opening, { name: grant.desktop.name });
      this.#show({ ...WAIT, text });
      try {
        return await this.#options.open(grant, person, this.#left.signal);
      } catch (error) {
        if (!(error instanceof ViewerRefusal)) throw error;
        const isOurs = error.refusalCode === "SERVER_STOPPING" || error.refusalCode === "AUDIT_UNAVAILABLE";
        if (isOurs || this.#options.signal.aborted) throw error;
        message = describeRefusal(error);
        grant = null;
      }
    }
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
