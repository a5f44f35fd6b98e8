import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICIES } from '../policies.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { PROBE_MAX_MS, PROBE_MS, probeDelay, SendWindow, type SentCommand } from './send-window.ts';

const settings = { ...DEFAULT_SETTINGS, window: 4 };
const half = (): number => 0.5;
const open = (): SendWindow<SentCommand> => new SendWindow(DEFAULT_POLICIES, settings, half);

const send = (
  window: SendWindow<SentCommand>,
  now: number,
  command: SentCommand = { sentAt: 0, sends: 0, cause: 'first' },
): SentCommand => {
  if (command.sends === 0) window.reserve();
  command.sends++;
  command.sentAt = now;
  window.sent(command, now);
  return command;
};

/** The order of the relay: first the evidence of the document, then the command that it closes. */
const acknowledge = (
  window: SendWindow<SentCommand>,
  command: SentCommand,
  now: number,
  attempt = command.sends,
): void => {
  window.addEvidence(command.sentAt, now);
  window.close(command, attempt, now);
};

describe('send window', () => {
  it('has room for as many commands as the settings allow, sent or not', () => {
    const window = open();
    const commands = [0, 1, 2, 3].map((now) => send(window, now));
    expect(window.hasRoom).toBe(false);
    window.unsend(commands[0] as SentCommand);
    expect(window.hasRoom).toBe(false);
    acknowledge(window, commands[1] as SentCommand, 5);
    expect(window.hasRoom).toBe(true);
  });

  it('reports a command as lost only when one sent a reorder window later is acknowledged', () => {
    const window = open();
    const lost = send(window, 0);
    const near = send(window, settings.reorderMs);
    acknowledge(window, near, settings.reorderMs + 10);
    expect(window.takeLost()).toEqual([]);
    const far = send(window, settings.reorderMs + 1);
    acknowledge(window, far, settings.reorderMs + 20);
    expect(window.takeLost()).toEqual([lost]);
    expect(window.takeLost()).toEqual([]);
  });

  it('ignores evidence from the future', () => {
    const window = open();
    send(window, 0);
    window.addEvidence(1e9, 100);
    expect(window.takeLost()).toEqual([]);
  });

  it('probes with the oldest command at doubling intervals, and starts over after any evidence', () => {
    const window = open();
    const first = send(window, 0);
    const second = send(window, 1);
    expect(window.takeProbe(PROBE_MS - 1)).toEqual([]);
    expect(window.takeProbe(PROBE_MS)).toEqual([first]);
    send(window, PROBE_MS, first);
    expect(window.takeProbe(3 * PROBE_MS - 1)).toEqual([]);
    expect(window.takeProbe(3 * PROBE_MS)).toEqual([second]);
    send(window, 3 * PROBE_MS, second);
    const now = 3 * PROBE_MS + 1;
    acknowledge(window, second, now);
    expect(window.takeProbe(now + PROBE_MS - 1)).toEqual([]);
    expect(window.takeProbe(now + PROBE_MS)).toEqual([first]);
  });

  it('probes soon after another lane was answered, if it was probed without an answer', () => {
    const window = open();
    const flight = send(window, 0);
    window.probeSoon(PROBE_MS / 2);
    expect([window.isSilent, window.probeAt]).toEqual([false, PROBE_MS]);
    let now = 0;
    for (let i = 0; i < 5; i++) {
      now = window.probeAt;
      expect(window.takeProbe(now)).toEqual([flight]);
      send(window, now, flight);
    }
    expect([window.isSilent, window.probedAt]).toEqual([true, now]);
    window.probeSoon(now + 1);
    expect([window.isSilent, window.probeAt]).toEqual([false, now + 1 + PROBE_MS]);
  });

  it('sends at most one probe per probe time without evidence, at bounded intervals', () => {
    const window = open();
    for (let i = 0; i < settings.window; i++) send(window, 0);
    let last = 0;
    let longest = 0;
    for (let now = 0; now < 10_000_000; now += 1_000) {
      const probes = window.takeProbe(now);
      expect(probes.length).toBeLessThanOrEqual(1);
      for (const probe of probes) {
        expect(now - last).toBeGreaterThanOrEqual(PROBE_MS);
        longest = Math.max(longest, now - last);
        last = now;
        send(window, now, probe);
      }
    }
    expect(longest).toBe(PROBE_MAX_MS);
  });

  it('doubles the reorder window once per delay when a command was not lost, and shrinks it after clean replies', () => {
    const window = open();
    const [a, b] = [send(window, 0), send(window, 0)];
    acknowledge(window, send(window, 6_000), 6_010);
    expect(window.takeLost()).toEqual([a, b]);
    send(window, 6_020, a);
    send(window, 6_020, b);
    acknowledge(window, a, 6_030, 1);
    expect(window.reorderMs).toBe(2 * settings.reorderMs);
    acknowledge(window, b, 6_030, 1);
    expect(window.reorderMs).toBe(2 * settings.reorderMs);
    for (let i = 0; i < settings.cleanReplies; i++) acknowledge(window, send(window, 7_000 + i), 7_000 + i);
    expect(window.reorderMs).toBe(1.8 * settings.reorderMs);
  });

  it('counts its slots correctly and probes every command in the end, for any sequence of steps', () => {
    const step = fc.record({
      ms: fc.nat(20_000),
      what: fc.constantFrom('send', 'acknowledge', 'detect'),
      which: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const window = open();
        const out = new Set<SentCommand>();
        let now = 0;
        for (const { ms, what, which } of steps) {
          now += ms;
          const chosen = [...out][which];
          if (what === 'send' && window.hasRoom) out.add(send(window, now));
          if (what === 'acknowledge' && chosen !== undefined) {
            acknowledge(window, chosen, now);
            out.delete(chosen);
          }
          if (what === 'detect')
            for (const command of [...window.takeLost(), ...window.takeProbe(now)]) {
              expect(out.has(command)).toBe(true);
              send(window, now, command);
            }
          expect(window.used).toBe(out.size);
          expect(window.used).toBeLessThanOrEqual(settings.window);
        }
        // Without further acknowledgements every command is probed in the end.
        const probed = new Set<SentCommand>();
        for (let i = 0; i < out.size + 1; i++) {
          now += 2 * PROBE_MAX_MS;
          for (const command of [...window.takeLost(), ...window.takeProbe(now)]) {
            probed.add(command);
            send(window, now, command);
          }
        }
        expect(probed).toEqual(out);
      }),
    );
  });

  it('varies a probe time by a fifth in both directions', () => {
    expect(probeDelay(1_000, 0)).toBe(800);
    expect(probeDelay(1_000, 0.5)).toBe(1_000);
  });
});
