import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICIES as policies } from './policies.ts';
import { DEFAULT_SETTINGS as settings } from './settings.ts';

const document = { id: 'x', nonce: 'n', fingerprint: 'f', createdAt: 0 };

describe('policies', () => {
  it('take a batch for committed only when its segment and all of its documents are there', () => {
    expect(policies.isCommitted({ segment: true, present: 3, wanted: 3 })).toBe(true);
    expect(policies.isCommitted({ segment: false, present: 3, wanted: 3 })).toBe(false);
    expect(policies.isCommitted({ segment: true, present: 2, wanted: 3 })).toBe(false);
  });

  it('ask about other documents after so many attempts, unless only the segment is missing', () => {
    const { isolateAfter, setAsideAfter } = settings;
    expect(policies.isolates({ attempts: isolateAfter - 1, documents: 2, unstored: 2 }, settings)).toBe(false);
    expect(policies.isolates({ attempts: isolateAfter, documents: 2, unstored: 1 }, settings)).toBe(true);
    expect(policies.isolates({ attempts: 2 * isolateAfter, documents: 2, unstored: 1 }, settings)).toBe(true);
    expect(policies.isolates({ attempts: isolateAfter, documents: 2, unstored: 0 }, settings)).toBe(false);
    expect(policies.isolates({ attempts: setAsideAfter, documents: 1, unstored: 1 }, settings)).toBe(true);
    expect(policies.isolates({ attempts: setAsideAfter, documents: 1, unstored: 0 }, settings)).toBe(false);
  });

  it('judge a stored document by nonce first, then by fingerprint', () => {
    expect(policies.storeOutcome(document, { ...document, fingerprint: 'g' })).toBe('created');
    expect(policies.storeOutcome(document, { ...document, nonce: 'm' })).toBe('existing');
    expect(policies.storeOutcome(document, { ...document, nonce: 'm', fingerprint: 'g' })).toBe('different');
  });

  it('believe the clock that says more', () => {
    const { expiryMs } = settings;
    expect(policies.isExpired({ monotonicMs: expiryMs, wallMs: -1e9 }, settings)).toBe(false);
    expect(policies.isExpired({ monotonicMs: expiryMs + 1, wallMs: 0 }, settings)).toBe(true);
    expect(policies.isExpired({ monotonicMs: 0, wallMs: expiryMs + 1 }, settings)).toBe(true);
  });

  it('look again after each of the times given, and then no more', () => {
    const [first = 0, , last = 0] = settings.rescanAfterMs;
    expect(policies.mayRescan({ rescans: 0, sinceFirstScanMs: first - 1 }, settings)).toBe(false);
    expect(policies.mayRescan({ rescans: 0, sinceFirstScanMs: first }, settings)).toBe(true);
    expect(policies.mayRescan({ rescans: 1, sinceFirstScanMs: first }, settings)).toBe(false);
    expect(policies.mayRescan({ rescans: 3, sinceFirstScanMs: 10 * last }, settings)).toBe(false);
  });

  it('retire a writer only on all three conditions', () => {
    const good = { unchangedMs: settings.retireMs + 1, lastScanEmpty: true, lastScanAgeMs: 0 };
    expect(policies.mayRetire(good, settings)).toBe(true);
    expect(policies.mayRetire({ ...good, unchangedMs: settings.retireMs }, settings)).toBe(false);
    expect(policies.mayRetire({ ...good, lastScanEmpty: false }, settings)).toBe(false);
    expect(policies.mayRetire({ ...good, lastScanAgeMs: settings.retireScanMs }, settings)).toBe(false);
  });

  it('delete a segment only when nothing of it is open or may still appear', () => {
    expect(policies.mayDeleteSegment({ open: 0, absent: 0 })).toBe(true);
    expect(policies.mayDeleteSegment({ open: 1, absent: 0 })).toBe(false);
    expect(policies.mayDeleteSegment({ open: 0, absent: 1 })).toBe(false);
    expect(policies.mayDeleteRewritten('planned')).toBe(false);
  });

  it('enlist what is old, or of a clock that is far off', () => {
    const { orphanAgeMs } = settings;
    expect(policies.indexesOrphan({ open: true, ageMs: orphanAgeMs }, settings)).toBe(false);
    expect(policies.indexesOrphan({ open: true, ageMs: orphanAgeMs + 1 }, settings)).toBe(true);
    expect(policies.indexesOrphan({ open: true, ageMs: -orphanAgeMs - 1 }, settings)).toBe(true);
    expect(policies.indexesOrphan({ open: false, ageMs: 2 * orphanAgeMs }, settings)).toBe(false);
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
