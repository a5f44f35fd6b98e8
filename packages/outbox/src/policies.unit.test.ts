import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICIES as policies } from './policies.ts';
import { DEFAULT_SETTINGS as settings } from './settings.ts';

const document = { id: 'x', nonce: 'n', fingerprint: 'f', createdAt: 0 };

describe('policies', () => {
  it('take a batch for committed only when its segment and all of its documents are there', () => {
    expect(policies.committed({ segment: true, present: 3, wanted: 3 })).toBe(true);
    expect(policies.committed({ segment: false, present: 3, wanted: 3 })).toBe(false);
    expect(policies.committed({ segment: true, present: 2, wanted: 3 })).toBe(false);
  });

  it('ask about other documents after so many attempts, unless only the segment is missing', () => {
    const { commitAttempts: few, commitAttemptsAlone: fewer } = settings;
    expect(policies.separates({ attempts: few - 1, documents: 2, unstored: 2 }, settings)).toBe(false);
    expect(policies.separates({ attempts: few, documents: 2, unstored: 1 }, settings)).toBe(true);
    expect(policies.separates({ attempts: 2 * few, documents: 2, unstored: 1 }, settings)).toBe(true);
    expect(policies.separates({ attempts: few, documents: 2, unstored: 0 }, settings)).toBe(false);
    expect(policies.separates({ attempts: fewer, documents: 1, unstored: 1 }, settings)).toBe(true);
    expect(policies.separates({ attempts: fewer, documents: 1, unstored: 0 }, settings)).toBe(false);
  });

  it('judge a stored document by nonce first, then by fingerprint', () => {
    expect(policies.outcome(document, { ...document, fingerprint: 'g' })).toBe('created');
    expect(policies.outcome(document, { ...document, nonce: 'm' })).toBe('existing');
    expect(policies.outcome(document, { ...document, nonce: 'm', fingerprint: 'g' })).toBe('different');
  });

  it('believe the clock that says more', () => {
    const { guardMs } = settings;
    expect(policies.beatTooOld({ monotonicMs: guardMs, wallMs: -1e9 }, settings)).toBe(false);
    expect(policies.beatTooOld({ monotonicMs: guardMs + 1, wallMs: 0 }, settings)).toBe(true);
    expect(policies.beatTooOld({ monotonicMs: 0, wallMs: guardMs + 1 }, settings)).toBe(true);
  });

  it('look again after each of the times given, and then no more', () => {
    const [first = 0, , last = 0] = settings.lookAgainMs;
    expect(policies.looksAgain({ looks: 0, sinceFirstScanMs: first - 1 }, settings)).toBe(false);
    expect(policies.looksAgain({ looks: 0, sinceFirstScanMs: first }, settings)).toBe(true);
    expect(policies.looksAgain({ looks: 1, sinceFirstScanMs: first }, settings)).toBe(false);
    expect(policies.looksAgain({ looks: 3, sinceFirstScanMs: 10 * last }, settings)).toBe(false);
  });

  it('retire a writer only on all three conditions', () => {
    const good = { unchangedMs: settings.retireMs + 1, lastLookEmpty: true, lastLookAgeMs: 0 };
    expect(policies.mayRetire(good, settings)).toBe(true);
    expect(policies.mayRetire({ ...good, unchangedMs: settings.retireMs }, settings)).toBe(false);
    expect(policies.mayRetire({ ...good, lastLookEmpty: false }, settings)).toBe(false);
    expect(policies.mayRetire({ ...good, lastLookAgeMs: settings.retireLookMs }, settings)).toBe(false);
  });

  it('delete a segment only when nothing of it is open or may still appear', () => {
    expect(policies.mayDelete({ open: 0, absent: 0 })).toBe(true);
    expect(policies.mayDelete({ open: 1, absent: 0 })).toBe(false);
    expect(policies.mayDelete({ open: 0, absent: 1 })).toBe(false);
    expect(policies.mayDeleteMoved('planned')).toBe(false);
  });

  it('enlist what is old, or of a clock that is far off', () => {
    const { enlistAgeMs } = settings;
    expect(policies.enlists({ open: true, ageMs: enlistAgeMs }, settings)).toBe(false);
    expect(policies.enlists({ open: true, ageMs: enlistAgeMs + 1 }, settings)).toBe(true);
    expect(policies.enlists({ open: true, ageMs: -enlistAgeMs - 1 }, settings)).toBe(true);
    expect(policies.enlists({ open: false, ageMs: 2 * enlistAgeMs }, settings)).toBe(false);
  });

  it('keep the reorder window and the probe time within their bounds', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (steps) => {
        let reorderMs = settings.reorderMs;
        let probeMs = settings.probeMs;
        for (const spurious of steps) {
          reorderMs = spurious
            ? policies.reorderAfterSpurious(reorderMs, settings)
            : policies.reorderAfterClean(reorderMs, settings);
          probeMs = policies.nextProbe(probeMs, settings);
          expect(reorderMs).toBeGreaterThanOrEqual(settings.reorderMs);
          expect(reorderMs).toBeLessThanOrEqual(settings.reorderMaxMs);
          expect(probeMs).toBeLessThanOrEqual(settings.probeMaxMs);
        }
      }),
    );
    expect(policies.probeDelay(1_000, 0, settings)).toBe(800);
    expect(policies.probeDelay(1_000, 0.5, settings)).toBe(1_000);
  });
});
