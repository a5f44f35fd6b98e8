import { IncomingMessage } from 'node:http';

/** Size of a block of a body. A part of at least this size stays as it is. */
const BLOCK_BYTES = 4 * 1024;

/**
 * A request whose body reaches its readers in few parts. Node makes a part of every chunk of a client and of every read of a socket,
 * and a part takes about 200 bytes beside its content: a body of 16 KiB in chunks of one byte takes 4 MB. This class copies small
 * parts into blocks. No reader needs a body before its end, so small parts wait for each other (ADR 0077).
 */
export class CompactIncomingMessage extends IncomingMessage {
  /** The only small part since the last block: a usual body has one, and is not copied. */
  #first: Buffer | undefined;
  #block: Buffer | undefined;
  #used = 0;

  override push(part: Buffer | null): boolean {
    if (part === null || part.length >= BLOCK_BYTES) {
      this.#flush();
      return super.push(part);
    }
    if (this.#first === undefined && this.#block === undefined) {
      this.#first = part;
      return true;
    }
    return this.#append(part);
  }

  /** Returns false when the client must wait, as `push` does. */
  #append(part: Buffer): boolean {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) this.#append(first);
    let hasRoom = true;
    if (this.#used + part.length > BLOCK_BYTES) hasRoom = this.#flush();
    this.#block ??= Buffer.allocUnsafe(BLOCK_BYTES);
    this.#used += part.copy(this.#block, this.#used);
    return hasRoom;
  }

  #flush(): boolean {
    const waiting = this.#first ?? this.#block?.subarray(0, this.#used);
    this.#first = undefined;
    this.#block = undefined;
    this.#used = 0;
    return waiting === undefined || super.push(waiting);
  }
}
