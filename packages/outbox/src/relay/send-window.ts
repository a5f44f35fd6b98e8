import type { Policies } from '../policies.ts';
import type { Random } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { MINUTE, SECOND } from '../util/time.ts';

/** Without evidence for this long, the oldest command is sent again. The time doubles up to the maximum. */
export const PROBE_MS = 10 * SECOND;
/** Maximum time without evidence before the oldest command is sent again. */
export const PROBE_MAX_MS = 5 * MINUTE;
/** Share by which a probe time is varied in both directions, so that the probes of many lanes spread out. */
const PROBE_JITTER = 0.2;

/** The fields of a command that a window uses. */
export interface SentCommand {
  /** Monotonic time of the latest send. */
  sentAt: number;
  /** Number of attempts sent so far. */
  sends: number;
  /** Reason of the latest send. */
  cause: 'first' | 'lost' | 'probe';
}

/** The delay of a probe: `probeMs` varied by the jitter. `random` is uniform in [0, 1). */
export const probeDelay = (probeMs: number, random: number): number => probeMs * (1 + PROBE_JITTER * (2 * random - 1));

/**
 * The commands of one channel and lane that hold a slot. Loss detection follows TCP's RACK-TLP (RFC 8985): a command is
 * lost when one that was sent a reorder window later is acknowledged; without any acknowledgement the oldest is probed.
 *
 * Pure except for the jitter of probes: no timers, no input, no output. A slot is reserved, then its command is sent, then
 * closed. In between, the command may be unsent, to be verified or sent again.
 */
export class SendWindow<F extends SentCommand> {
  /** Number of slots in use. */
  used = 0;
  /** The latest send time that was acknowledged. */
  evidence = Number.NEGATIVE_INFINITY;
  /** The current reorder window, in milliseconds. */
  reorderMs: number;
  /** When a command was last probed. */
  probedAt = Number.NEGATIVE_INFINITY;
  /** In the order of sending. */
  readonly #sent = new Set<F>();
  readonly #policies: Policies;
  readonly #settings: Settings;
  readonly #random: Random;
  #probeMs = PROBE_MS;
  #probeAt = Number.POSITIVE_INFINITY;
  #clean = 0;
  #widenedAt = Number.NEGATIVE_INFINITY;

  constructor(policies: Policies, settings: Settings, random: Random) {
    this.#policies = policies;
    this.#settings = settings;
    this.#random = random;
    this.reorderMs = settings.reorderMs;
  }

  /** Whether a slot is free. */
  get hasRoom(): boolean {
    return this.#policies.hasRoom(this.used, this.#settings);
  }

  /** Whether a probe was sent since the last evidence. */
  get isSilent(): boolean {
    return this.#probeMs > PROBE_MS;
  }

  /** When the oldest command is probed. Infinity if none was sent. */
  get probeAt(): number {
    return this.#sent.size > 0 ? this.#probeAt : Number.POSITIVE_INFINITY;
  }

  /** Takes a slot. */
  reserve(): void {
    this.used++;
  }

  /** A command with a slot was sent. */
  sent(command: F, now: number): void {
    if (this.used === 1 && command.sends === 1) this.#probeMs = PROBE_MS;
    if (this.#sent.size === 0) this.#scheduleProbe(now);
    this.#sent.add(command);
  }

  /** The command keeps its slot, but does not count as sent any more. */
  unsend(command: F): void {
    this.#sent.delete(command);
  }

  /** Returns the slot. `attempt` is the acknowledged attempt, if there is one. */
  close(command: F, attempt: number | undefined, now: number): void {
    this.#sent.delete(command);
    this.used--;
    if (attempt === undefined) return;
    this.#resetProbe(now);
    if (attempt < command.sends) this.#onSpuriousRetransmission(command, now);
    else this.#onCleanReply();
  }

  /** An attempt that was sent at `sentAt` is acknowledged. */
  addEvidence(sentAt: number, now: number): void {
    if (sentAt <= this.evidence || sentAt > now) return;
    this.evidence = sentAt;
    this.#resetProbe(now);
  }

  /** Unsends and returns the commands that are lost by the evidence. */
  takeLost(): F[] {
    const lost: F[] = [];
    for (const command of this.#sent) {
      const { reorderMs, evidence } = this;
      if (!this.#policies.isLost({ sentAt: command.sentAt, reorderMs, evidence })) break;
      lost.push(command);
    }
    for (const command of lost) this.#unsendFor(command, 'lost');
    return lost;
  }

  /** The receiver answers in another lane: a lane that is silent is probed as if its last evidence was new. */
  probeSoon(now: number): void {
    if (!this.isSilent) return;
    this.#probeMs = PROBE_MS;
    this.#probeAt = Math.min(this.#probeAt, now + probeDelay(PROBE_MS, this.#random()));
  }

  /** Unsends and returns the oldest command when there was no evidence for the probe time. */
  takeProbe(now: number): F[] {
    return now < this.#probeAt ? [] : this.takeProbeNow(now);
  }

  /** As `takeProbe`, before the probe time. */
  takeProbeNow(now: number): F[] {
    if (this.#sent.size === 0) return [];
    this.probedAt = now;
    this.#probeMs = Math.min(2 * this.#probeMs, PROBE_MAX_MS);
    this.#scheduleProbe(now);
    const probes: F[] = [];
    for (const command of this.#sent) {
      if (probes.length === this.#policies.probeCount(this.#sent.size)) break;
      probes.push(command);
    }
    for (const command of probes) this.#unsendFor(command, 'probe');
    return probes;
  }

  #unsendFor(command: F, cause: 'lost' | 'probe'): void {
    command.cause = cause;
    this.unsend(command);
  }

  #resetProbe(now: number): void {
    this.#probeMs = PROBE_MS;
    this.#scheduleProbe(now);
  }

  #scheduleProbe(now: number): void {
    this.#probeAt = now + probeDelay(this.#probeMs, this.#random());
  }

  /** The earlier attempt was not lost, so the window was too short. Counted once per delay, which affects many commands. */
  #onSpuriousRetransmission(command: F, now: number): void {
    this.#clean = 0;
    if (command.cause !== 'lost' || command.sentAt < this.#widenedAt) return;
    this.#widenedAt = now;
    this.reorderMs = this.#policies.nextReorderMs(this.reorderMs, 'spurious', this.#settings);
  }

  #onCleanReply(): void {
    if (++this.#clean < this.#settings.cleanReplies) return;
    this.#clean = 0;
    this.reorderMs = this.#policies.nextReorderMs(this.reorderMs, 'clean', this.#settings);
  }
}
