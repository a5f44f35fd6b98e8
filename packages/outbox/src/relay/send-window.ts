import type { Policies } from '../policies.ts';
import type { Random } from '../ports.ts';
import type { Settings } from '../settings.ts';

/** What a window has to know of a command. */
export interface SentCommand {
  /** Monotonic time of the latest sending. */
  sentAt: number;
  /** Attempts sent so far. */
  sends: number;
  /** Why it was sent last. */
  cause: 'first' | 'lost' | 'probe';
}

/**
 * The commands of one channel and lane that hold a slot, after TCP's RACK-TLP (RFC 8985). Pure but for the random
 * variation of probe times: no timers, no input or output.
 * A slot is reserved, then sent, then closed; in between it may be recalled, to be looked at or sent again.
 */
export class SendWindow<F extends SentCommand> {
  /** Slots in use. */
  used = 0;
  /** The latest sending that was answered. */
  evidence = Number.NEGATIVE_INFINITY;
  reorderMs: number;
  /** In the order of sending. */
  readonly #sent = new Set<F>();
  readonly #policies: Policies;
  readonly #settings: Settings;
  readonly #random: Random;
  #probeMs: number;
  #probeAt = Number.POSITIVE_INFINITY;
  #clean = 0;
  #widenedAt = Number.NEGATIVE_INFINITY;

  constructor(policies: Policies, settings: Settings, random: Random) {
    this.#policies = policies;
    this.#settings = settings;
    this.#random = random;
    this.reorderMs = settings.reorderMs;
    this.#probeMs = settings.probeMs;
  }

  get hasRoom(): boolean {
    return this.#policies.hasRoom(this.used, this.#settings);
  }

  reserve(): void {
    this.used++;
  }

  sent(flight: F, now: number): void {
    if (this.used === 1 && flight.sends === 1) this.#probeMs = this.#settings.probeMs;
    if (this.#sent.size === 0) this.#probeLater(now);
    this.#sent.add(flight);
  }

  /** Keeps its slot, but does not count as sent any more. */
  unsend(flight: F): void {
    this.#sent.delete(flight);
  }

  /** Gives its slot back. `answered` is the attempt that was answered, if one was. */
  close(flight: F, answered: number | undefined, now: number): void {
    this.#sent.delete(flight);
    this.used--;
    if (answered === undefined) return;
    this.#progress(now);
    if (answered < flight.sends) this.#answeredAfterResend(flight, now);
    else this.#answeredCleanly();
  }

  /** An attempt sent at `sentAt` was answered. */
  addEvidence(sentAt: number, now: number): void {
    if (sentAt <= this.evidence || sentAt > now) return;
    this.evidence = sentAt;
    this.#progress(now);
  }

  /** Recalls the commands that are lost by the evidence. */
  takeLost(): F[] {
    const lost: F[] = [];
    for (const flight of this.#sent) {
      const { reorderMs, evidence } = this;
      if (!this.#policies.isLost({ sentAt: flight.sentAt, reorderMs, evidence })) break;
      lost.push(flight);
    }
    for (const flight of lost) this.#recallFor(flight, 'lost');
    return lost;
  }

  /** Recalls the oldest command when there has been no evidence for the probe time. */
  takeProbe(now: number): F[] {
    if (now < this.#probeAt || this.#sent.size === 0) return [];
    this.#probeMs = this.#policies.nextProbe(this.#probeMs, this.#settings);
    this.#probeLater(now);
    const probes: F[] = [];
    for (const flight of this.#sent) {
      if (probes.length === this.#policies.probeCount(this.#sent.size)) break;
      probes.push(flight);
    }
    for (const flight of probes) this.#recallFor(flight, 'probe');
    return probes;
  }

  #recallFor(flight: F, cause: 'lost' | 'probe'): void {
    flight.cause = cause;
    this.unsend(flight);
  }

  #progress(now: number): void {
    this.#probeMs = this.#settings.probeMs;
    this.#probeLater(now);
  }

  #probeLater(now: number): void {
    this.#probeAt = now + this.#policies.probeDelay(this.#probeMs, this.#random(), this.#settings);
  }

  /** It was not lost: too eager. Counted once per resending, since one delay makes many of these. */
  #answeredAfterResend(flight: F, now: number): void {
    this.#clean = 0;
    if (flight.cause !== 'lost' || flight.sentAt < this.#widenedAt) return;
    this.#widenedAt = now;
    this.reorderMs = this.#policies.reorderAfterSpurious(this.reorderMs, this.#settings);
  }

  #answeredCleanly(): void {
    if (++this.#clean < this.#settings.cleanAnswers) return;
    this.#clean = 0;
    this.reorderMs = this.#policies.reorderAfterClean(this.reorderMs, this.#settings);
  }
}
