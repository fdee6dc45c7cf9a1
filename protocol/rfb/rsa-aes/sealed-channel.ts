import type { Conversation } from "../../bytes/conversation.ts";
import type { Grammar } from "../../bytes/grammar.ts";
import { ProtocolError } from "../../errors.ts";
import { RecordStream } from "./record-stream.ts";
import { RecordOpener, RecordSealer } from "./rsa-aes-records.ts";
import type { RsaAesVariant } from "./variants.ts";

/** Maximum length of a handshake's record, which carries at most a user name and a password. */
const HANDSHAKE_RECORD_BYTES = 1_024;

/** The encrypted part of a handshake. The boundaries of its messages are independent of the records. */
export class SealedChannel {
  readonly #sealer: RecordSealer;
  readonly #opener: RecordOpener;
  /** Decrypted and not yet read. */
  #held: Buffer = Buffer.alloc(0);

  constructor(sendKey: Buffer, receiveKey: Buffer) {
    this.#sealer = new RecordSealer(sendKey);
    this.#opener = new RecordOpener(receiveKey);
  }

  async write(peer: Conversation, message: Buffer): Promise<void> {
    await peer.write(this.#sealer.seal(message));
  }

  /** @throws ProtocolError `RSA_AES_RECORD`, LimitError `LENGTH_LIMIT`, and the error of the grammar */
  async read<T>(peer: Conversation, grammar: Grammar<T>): Promise<T> {
    let step = grammar.next();
    while (!step.done) step = grammar.next(await this.#take(peer, step.value));
    return step.value;
  }

  /**
   * The conversation continues in records, or in clear, as the type says.
   * @throws ProtocolError `RSA_AES_RECORD` if it continues in clear and encrypted bytes remain after the
   *   handshake
   */
  async finish(peer: Conversation, { encryptsSession }: RsaAesVariant): Promise<void> {
    if (encryptsSession) {
      await peer.replaceStream((stream) =>
        Promise.resolve(new RecordStream(stream, this.#sealer, this.#opener, this.#held)),
      );
    } else if (this.#held.length > 0) {
      throw new ProtocolError("RSA_AES_RECORD", "an RSA-AES record is too long");
    }
  }

  async #take(peer: Conversation, length: number): Promise<Buffer> {
    while (this.#held.length < length) {
      const plaintext = await peer.read(this.#opener.record(HANDSHAKE_RECORD_BYTES));
      this.#held = Buffer.concat([this.#held, plaintext]);
    }
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }
}
